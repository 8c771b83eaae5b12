package campaign

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

func id(n uint64) string { return strconv.FormatUint(n, 10) }

func newDeleteCmd(a *app.App) *cobra.Command {
	var dsn string
	var yes, dryRun bool
	cmd := &cobra.Command{
		Use:   "delete CAMPAIGN",
		Short: "Delete a campaign with its messages, opens and report",
		Long: "Deletes the campaign with all of its data: messages, opens, other events, registrations and computed reports. It first\n" +
			"prints what it will delete, and asks for the campaign's name unless --yes is given. Its pixels stay in mailboxes; later\n" +
			"fetches of them are only counted, for glint audit. Events of web pages stay, without the message. Recipients' choices\n" +
			"stay. Archives and backups keep their copies. The name can then be used for another campaign. To only remove a campaign\n" +
			"from lists, use glint campaign archive.",
		Example: "  glint campaign delete spring --dry-run\n  glint campaign delete spring --yes",
		Args:    app.OneArg("campaign's name"),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "delete without asking")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be deleted, and delete nothing")
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return Delete(cmd.Context(), a, Deletion{DSN: dsn, Name: args[0], Yes: yes, DryRun: dryRun, Command: cmd.CommandPath() + " " + output.Quote(args[0])})
	}
	return cmd
}

// Deletion is the argument of Delete.
type Deletion struct {
	DSN, Name   string
	Yes, DryRun bool
	Command     string // for advice
}

// Delete deletes a campaign after a confirmation.
func Delete(ctx context.Context, a *app.App, d Deletion) error {
	w, c, err := open(ctx, a, d.DSN, d.Name)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	rows, err := w.CampaignRows(ctx, c.ID)
	if err != nil {
		return err
	}
	text := content(rows)
	if d.DryRun {
		fmt.Fprintf(a.Err, "campaign %s has %s; nothing was changed (--dry-run)\n", output.Quote(c.Name), text)
		return nil
	}
	if !d.Yes {
		if err := confirm(ctx, a, &c, text, d.Command); err != nil {
			return err
		}
	}
	if err := w.DeleteCampaign(ctx, c.ID); err != nil {
		return app.Try(fmt.Errorf("%w: it counts nowhere any more, and a running glint deletes the rest within the hour", err), "glint campaign list")
	}
	fmt.Fprintf(a.Err, "deleted campaign %s with %s\n", output.Quote(c.Name), text)
	return nil
}

func content(r warehouse.CampaignRows) string {
	return fmt.Sprintf("%s, %s and %s", output.Plural(int(r.Messages), "message", "messages"),
		output.Plural(int(r.Opens+r.AggregateOpens), "open", "opens"), output.Plural(int(r.Deliveries), "other event", "other events"))
}

// confirm asks for the campaign's name on a terminal. It returns a usage error without a terminal.
func confirm(ctx context.Context, a *app.App, c *warehouse.Campaign, text, command string) error {
	try := command + " --yes"
	if !a.OnTerminal() {
		return app.UsageTry(fmt.Errorf("campaign %s has %s, which would be gone for good", output.Quote(c.Name), text), try)
	}
	fmt.Fprintf(a.Err, "Campaign %s has %s, which will be gone for good.\nIts name, to delete it: ", output.Quote(c.Name), text)
	answer, err := a.ReadLine(ctx)
	if err != nil {
		return err
	}
	if answer != c.Name {
		return app.Try(errors.New("that is not the campaign's name: nothing was deleted"), try)
	}
	return nil
}
