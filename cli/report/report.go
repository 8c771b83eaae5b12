// Package report is `glint report`: the numbers of one campaign.
package report

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/report"
	"glint/ingest/warehouse"
)

// Options are what the command was asked.
type Options struct {
	App      *app.App
	Campaign string
	Other    string        // a campaign to compare with
	Since    time.Duration // of a trend
	Recency  bool
	Explain  bool
	Format   string
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
		Use:   "report CAMPAIGN [OTHER]",
		Short: "Print a campaign's opens and open rates, or compare it with another",
		Long: "Prints the numbers of the campaign with that name or id, computed from its opens as they are now. It changes\n" +
			"nothing. The README defines each number, cli/JSON.md each field.\n\n" +
			"Of two campaigns it prints the difference of their open rates among the recipients who got both and whose opens show,\n" +
			"for which it signs in as the warehouse's own user. --explain prints each definition with the campaign's numbers in it\n" +
			"and the SQL that gives it. --since prints the campaigns of a period, --recency how long ago recipients last opened.",
		Example: "  glint report spring\n  glint report spring --format json\n  glint report spring --explain\n  glint report spring summer\n" +
			"  glint report --since 90d\n  glint report --recency",
		Args: arguments,
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	app.WarehouseFlag(cmd, &o.DSN)
	cmd.Flags().Var((*period)(&o.Since), "since", "print the campaigns that began in the last days or weeks, as 90d or 12w")
	cmd.Flags().BoolVar(&o.Recency, "recency", false, "print how long ago the recipients of all campaigns last opened a message")
	cmd.Flags().BoolVar(&o.Explain, "explain", false, "print each definition with the campaign's numbers in it, and its SQL")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			o.Campaign = args[0]
		}
		if len(args) > 1 {
			o.Other = args[1]
		}
		o.Format = format.String()
		return run(cmd.Context(), o)
	}
	return cmd
}

// Run prints the report.
func Run(ctx context.Context, o *Options) error {
	switch {
	case o.Other != "":
		return compare(ctx, o)
	case o.Since > 0:
		return trend(ctx, o)
	case o.Recency:
		return recency(ctx, o)
	}
	w, err := o.App.OpenWarehouse(ctx, o.DSN, app.ReadViews)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	r, err := w.ReportOf(ctx, o.Campaign)
	if errors.Is(err, warehouse.ErrNoCampaign) {
		return o.App.NoCampaign(ctx, w, o.Campaign)
	}
	if err != nil {
		return err
	}
	if o.Explain {
		return writeDefinitions(o.App.Out, r)
	}
	if o.Format == "json" {
		return report.WriteJSON(o.App.Out, r)
	}
	return report.WriteTable(o.App.Out, r)
}
