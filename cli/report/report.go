// Package report is `glint report`: the numbers of one campaign.
package report

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/report"
	"glint/ingest/warehouse"
)

// Options are what the command was asked.
type Options struct {
	App      *app.App
	Campaign string
	Format   string
	Fresh    bool // computed now, whatever was computed before
	DSN      string
}

// NewCmd returns the command. run is called with what was parsed; nil is the
// real one.
func NewCmd(a *app.App, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = Run
	}
	o := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "report CAMPAIGN",
		Short: "Print a campaign's opens and open rates",
		Long: "Prints the numbers of the campaign with that name or id, from its opens as they are now; those of a large campaign may\n" +
			"be seconds old (computed_at). It changes nothing. The README defines each number, cli/JSON.md each field.",
		Example: "  glint report spring\n  glint report spring --format json",
		Args:    app.OneArg("campaign's name or id"),
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	cmd.Flags().BoolVar(&o.Fresh, "fresh", false, "compute the numbers now, also those of a large campaign that were computed seconds ago")
	app.WarehouseFlag(cmd, &o.DSN)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.Campaign, o.Format = args[0], format.String()
		return run(cmd.Context(), o)
	}
	return cmd
}

// Run prints the report.
func Run(ctx context.Context, o *Options) error {
	w, err := o.App.OpenWarehouse(ctx, o.DSN, app.ReadViews)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	read := w.ReportOf
	if o.Fresh {
		read = w.FreshReportOf
	}
	r, err := read(ctx, o.Campaign)
	if errors.Is(err, warehouse.ErrNoCampaign) {
		return o.App.NoCampaign(ctx, w, o.Campaign)
	}
	if err != nil {
		return err
	}
	if o.Format == "json" {
		return report.WriteJSON(o.App.Out, r)
	}
	return report.WriteTable(o.App.Out, r)
}
