// Package breakdown is `glint breakdown`: a campaign's opened messages by client,
// country or another dimension.
package breakdown

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/listing"
	"glint/ingest/warehouse"
)

// NewCmd returns the command, which calls run with the parsed options; a nil run
// stands for the real one.
func NewCmd(a *app.App, run func(context.Context, *listing.Numbers) error) *cobra.Command {
	if run == nil {
		run = Run
	}
	o := &listing.Numbers{App: a}
	cmd := &cobra.Command{
		Use:   "breakdown CAMPAIGN",
		Short: "Print a campaign's opened messages by client, country or another dimension",
		Long: "Prints the number of opened messages for each value of a dimension. A message counts once: in unique_opens by its\n" +
			"first open, machines included; in reliable_unique_opens, if it is measured, by its first open by a person. So both\n" +
			"columns add up to the report's totals. provider is the mailbox provider of the recipient's domain. A country that a\n" +
			"proxy or a machine hides is \"cannot be told\". Hours and weekdays are in the zone of --tz. It changes nothing.",
		Example: "  glint breakdown spring --by client\n  glint breakdown spring --by hour_of_day --tz Europe/Berlin --format csv",
		Args:    app.OneArg("campaign's name or id"),
	}
	by := app.ChoiceFlag(cmd, "by", "dimension", warehouse.Dimensions...)
	zone := listing.ZoneFlag(cmd)
	format := app.ChoiceFlag(cmd, "format", "output format", listing.Formats...)
	listing.FreshFlag(cmd, &o.Fresh)
	app.WarehouseFlag(cmd, &o.DSN)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if o.Zone, err = zone(); err != nil {
			return err
		}
		o.Campaign, o.Of, o.Format = args[0], by.String(), format.String()
		return run(cmd.Context(), o)
	}
	return cmd
}

var columns = []listing.Column{
	{Name: "value"}, {Name: "unique_opens", Kind: listing.Number}, {Name: "reliable_unique_opens", Kind: listing.Number},
}

// Run prints the breakdown.
func Run(ctx context.Context, o *listing.Numbers) error {
	w, id, err := o.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	counts, err := w.Breakdown(ctx, id, o.Of, o.Zone, o.Fresh)
	if err != nil {
		return err
	}
	return Write(listing.New(o.App.Out, o.Format, columns), counts)
}

// Write writes the rows of a breakdown.
func Write(out listing.Writer, counts []warehouse.ValueCount) error {
	for _, c := range counts {
		err := out.Row([]string{c.Value, strconv.FormatUint(c.UniqueOpens, 10), strconv.FormatUint(c.ReliableUniqueOpens, 10)})
		if err != nil {
			return err
		}
	}
	return out.End()
}
