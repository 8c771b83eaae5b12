// Package export is `glint export`: it writes a view, or a campaign's messages, to a file.
package export

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/cli/internal/rows"
	"glint/ingest/host/atomicfile"
	"glint/ingest/warehouse"
	"glint/schema"
)

type options struct {
	app      *app.App
	what     string
	campaign string
	format   string
	file     string
	dsn      string
	user     string
}

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	o := &options{app: a}
	cmd := &cobra.Command{
		Use:   "export VIEW|CAMPAIGN",
		Short: "Write a view or a campaign's messages to a file",
		Long: `Writes all rows of a view to a file; with --campaign, the rows of one campaign. The name of a campaign alone means its rows
of the view messages: each message with its state, without its recipient. The file appears only when it is complete, and
replaces a file of the same name. "glint sql -c 'SHOW TABLES'" lists the views.

Views of totals are read as the read-only user; messages, events and recipients as the warehouse's own user, or as --user.
In CSV, a cell that a spreadsheet would run as a formula gets a leading apostrophe.`,
		Example: "  glint export campaign_report --output campaigns.csv\n" +
			"  glint export spring --format parquet --output spring.parquet\n" +
			"  glint export message_events --campaign spring --format jsonl --output events.jsonl",
		Args:              app.OneArg("view's or campaign's name"),
		ValidArgsFunction: a.CompleteCampaigns,
	}
	format := app.ChoiceFlag(cmd, "format", "format of the file", "csv", "jsonl", "parquet")
	cmd.Flags().StringVar(&o.file, "output", "", "file to write; - is stdout")
	cmd.Flags().StringVar(&o.campaign, "campaign", "", "write only the rows of the campaign with this name or id")
	app.UserFlag(cmd, &o.user)
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if o.file == "" {
			return app.UsageOf(cmd, errors.New("want --output FILE"))
		}
		o.what, o.format = args[0], format.String()
		return run(cmd.Context(), o)
	}
	return cmd
}

func run(ctx context.Context, o *options) error {
	view, campaign := o.what, o.campaign
	if !slices.Contains(schema.OwnerViews(), view) {
		if campaign != "" {
			return app.UsageTry(fmt.Errorf("there is no view %s", strconv.Quote(output.Safe(view))), "glint sql -c 'SHOW TABLES'")
		}
		view, campaign = "messages", o.what
	}
	access := app.OwnDatabase
	if slices.Contains(schema.PublicViews(), view) {
		access = app.ReadViews
	}
	w, err := o.app.OpenWarehouseAs(ctx, o.dsn, o.user, access)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	statement, parameters := "SELECT * FROM "+view, map[string]string{}
	if campaign != "" {
		id, err := w.CampaignID(ctx, campaign)
		if errors.Is(err, warehouse.ErrNoCampaign) {
			return o.app.NoCampaign(ctx, w, campaign)
		}
		if err != nil {
			return err
		}
		statement += " WHERE campaign_id = {campaign_id:UInt64}"
		parameters["campaign_id"] = strconv.FormatUint(id, 10)
	}
	if o.file == "-" {
		return rows.Print(ctx, w, statement, o.format, parameters, o.app.Out)
	}
	file, err := atomicfile.Create(o.file)
	if err != nil {
		return fmt.Errorf("create %s: %w", filepath.Base(o.file), err)
	}
	defer func() { _ = file.Close() }()
	counted := &counter{}
	if err := rows.Print(ctx, w, statement, o.format, parameters, both{file, counted}); err != nil {
		return err
	}
	if err := file.Commit(); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(o.file), err)
	}
	fmt.Fprintf(o.app.Err, "wrote %s, %s of %s\n", output.Safe(o.file), size(counted.bytes), view)
	return nil
}

// counter counts the bytes that are written.
type counter struct{ bytes uint64 }

// both writes to a file and counts the bytes.
type both struct {
	file *atomicfile.File
	*counter
}

func (b both) Write(p []byte) (int, error) {
	n, err := b.file.Write(p)
	b.bytes += uint64(n)
	return n, err
}

// size formats a number of bytes.
func size(bytes uint64) string {
	return strings.TrimSpace(output.Count(bytes)) + " bytes"
}
