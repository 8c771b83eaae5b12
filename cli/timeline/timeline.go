// Package timeline is `glint timeline`: it prints the opens of a campaign over time.
package timeline

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/listing"
	"glint/ingest/warehouse"
)

var steps = map[string]warehouse.Step{"15m": warehouse.QuarterHour, "1h": warehouse.Hour, "1d": warehouse.Day}

// NewCmd returns the command, which calls run with the parsed options; a nil run
// stands for the real one.
func NewCmd(a *app.App, run func(context.Context, *listing.Numbers) error) *cobra.Command {
	if run == nil {
		run = Run
	}
	o := &listing.Numbers{App: a}
	cmd := &cobra.Command{
		Use:   "timeline CAMPAIGN",
		Short: "Print a campaign's opens over time",
		Long: "Prints the time buckets in which the campaign was opened: the number of opens, of messages first opened in the bucket,\n" +
			"machines included, and of measured messages that a person first opened in it. So each column adds up to the report's\n" +
			"total. hours_since_send counts from the bucket of the first known time of sending; it is empty if no such time is known.\n" +
			"Opens with an impossible time are in a bucket without a start. It changes nothing.",
		Example: "  glint timeline spring\n  glint timeline spring --bucket 1d --tz Europe/Berlin --format csv",
		Args:    app.OneArg("campaign's name or id"),
	}
	bucket := app.ChoiceFlag(cmd, "bucket", "width of a bucket", "1h", "15m", "1d")
	zone := listing.ZoneFlag(cmd)
	format := app.ChoiceFlag(cmd, "format", "output format", listing.Formats...)
	listing.FreshFlag(cmd, &o.Fresh)
	app.WarehouseFlag(cmd, &o.DSN)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if o.Zone, err = zone(); err != nil {
			return err
		}
		o.Campaign, o.Of, o.Format = args[0], bucket.String(), format.String()
		return run(cmd.Context(), o)
	}
	return cmd
}

var columns = []listing.Column{
	{Name: "bucket_start", Kind: listing.Time},
	{Name: "hours_since_send", Kind: listing.Number},
	{Name: "opens", Kind: listing.Number},
	{Name: "unique_opens", Kind: listing.Number},
	{Name: "reliable_unique_opens", Kind: listing.Number},
}

// Run prints the timeline.
func Run(ctx context.Context, o *listing.Numbers) error {
	w, id, err := o.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	t, err := w.Timeline(ctx, id, o.Fresh)
	if err != nil {
		return err
	}
	return Write(listing.New(o.App.Out, o.Format, columns), t, steps[o.Of], o.Zone)
}

// Write writes the buckets of a timeline.
func Write(out listing.Writer, t *warehouse.Timeline, step warehouse.Step, zone *time.Location) error {
	for _, b := range t.In(step, zone) {
		start, since := "", ""
		if !b.Start.IsZero() {
			start = b.Start.In(zone).Format(time.RFC3339)
		}
		if hours := t.SinceSend(b.Start, step, zone); hours != nil {
			since = strconv.FormatFloat(*hours, 'f', -1, 64)
		}
		if err := out.Row([]string{start, since, number(b.Opens), number(b.UniqueOpens), number(b.ReliableUniqueOpens)}); err != nil {
			return err
		}
	}
	return out.End()
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }
