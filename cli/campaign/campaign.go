// Package campaign is `glint campaign`: it lists and changes campaigns.
package campaign

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/cli/internal/report"
	"glint/ingest/warehouse"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "campaign",
		Short: "List, show, rename, archive and delete campaigns",
		Long: "A campaign has a permanent id and a name that can be changed. An archived campaign keeps its messages, opens and\n" +
			"report, but appears in no list. Deleting a campaign removes all of its data.",
		Example: "  glint campaign list\n  glint campaign archive spring",
	}, newListCmd(a), newShowCmd(a), newRenameCmd(a), newArchiveCmd(a), newDeleteCmd(a))
}

// most is the maximum number of campaigns that are read.
const most = 10_000

func newListCmd(a *app.App) *cobra.Command {
	var dsn string
	var all bool
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the campaigns with their open rates, the latest first",
		Long: "Lists the campaigns with the estimate to quote and its range. Without --all it omits archived campaigns, the demo and\n" +
			"the doctor's campaign. It changes nothing.",
		Example: "  glint campaign list\n  glint campaign list --all --format csv",
		Args:    app.NoArgs,
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json", "csv")
	cmd.Flags().BoolVar(&all, "all", false, "include archived campaigns, the demo and the doctor's")
	cmd.Flags().IntVar(&limit, "limit", 0, "maximum number of campaigns; 0: all")
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if limit < 0 {
			return app.UsageOf(cmd, errors.New("--limit is below 0"))
		}
		w, err := a.OpenWarehouse(cmd.Context(), dsn, app.ReadViews)
		if err != nil {
			return err
		}
		defer func() { _ = w.Close() }()
		campaigns, err := w.Campaigns(cmd.Context(), most)
		if err != nil {
			return err
		}
		if !all {
			campaigns = report.Listed(campaigns)
		}
		if limit > 0 {
			campaigns = campaigns[:min(limit, len(campaigns))]
		}
		lines, err := report.Overview(cmd.Context(), w, campaigns)
		if err != nil {
			return err
		}
		return output.WriteRows(a.Out, format.String(), lines, report.NotInTables...)
	}
	return cmd
}

func newRenameCmd(a *app.App) *cobra.Command {
	var dsn string
	cmd := &cobra.Command{
		Use:     "rename CAMPAIGN NAME",
		Short:   "Rename a campaign",
		Long:    "Changes the campaign's name. Its id, messages, pixel URLs and opens stay the same. The old name can be used again.",
		Example: "  glint campaign rename spring 'spring 2026'",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return app.UsageOf(cmd, errors.New("want two arguments, the campaign's name and its new one"))
			}
			return nil
		},
	}
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name, err := warehouse.CampaignName(args[1])
		if err != nil {
			return app.UsageOf(cmd, fmt.Errorf("the new name %w", err))
		}
		return change(cmd.Context(), a, dsn, args[0], func(ctx context.Context, w *warehouse.Warehouse, c warehouse.Campaign) (warehouse.Campaign, string, error) {
			if _, err := w.CampaignNamed(ctx, name); !errors.Is(err, warehouse.ErrNoCampaign) {
				if err == nil && name != c.Name {
					err = fmt.Errorf("a campaign %s exists already", strconv.Quote(name))
				}
				return c, "", err
			}
			c.Name = name
			return c, "renamed to " + strconv.Quote(name), nil
		})
	}
	return cmd
}

func newArchiveCmd(a *app.App) *cobra.Command {
	var dsn string
	var undo bool
	cmd := &cobra.Command{
		Use:     "archive CAMPAIGN",
		Short:   "Remove a campaign from lists, or put it back",
		Long:    "Removes the campaign from lists; its messages, opens and report stay. --undo puts it back.",
		Example: "  glint campaign archive spring\n  glint campaign archive spring --undo",
		Args:    app.OneArg("campaign's name"),
	}
	cmd.Flags().BoolVar(&undo, "undo", false, "put the campaign back into lists")
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return change(cmd.Context(), a, dsn, args[0], func(_ context.Context, _ *warehouse.Warehouse, c warehouse.Campaign) (warehouse.Campaign, string, error) {
			c.Archived = !undo
			return c, map[bool]string{true: "archived", false: "in lists again"}[c.Archived], nil
		})
	}
	return cmd
}

// change applies how to the named campaign, stores the result, and reports it on stderr.
func change(ctx context.Context, a *app.App, dsn, name string, how func(context.Context, *warehouse.Warehouse, warehouse.Campaign) (warehouse.Campaign, string, error)) error {
	w, c, err := open(ctx, a, dsn, name)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	changed, said, err := how(ctx, w, c)
	if err != nil {
		return err
	}
	if changed == c {
		fmt.Fprintf(a.Err, "campaign %s is so already; nothing was changed\n", output.Quote(c.Name))
		return nil
	}
	if _, err := w.ChangeCampaign(ctx, c, changed); err != nil {
		return err
	}
	fmt.Fprintf(a.Err, "campaign %s: %s\n", output.Quote(c.Name), output.Safe(said))
	return nil
}
