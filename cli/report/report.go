// Package report is `glint report`: the numbers of one campaign.
package report

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// Options are what the command was asked.
type Options struct {
	App      *app.App
	Campaign string
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
		Use:   "report CAMPAIGN",
		Short: "Print a campaign's opens and open rates",
		Long: "Prints the numbers of the campaign with that name or id, computed from its opens as they are now. It changes\n" +
			"nothing. The README defines each number, cli/JSON.md each field.",
		Example: "  glint report spring\n  glint report spring --format json",
		Args:    app.OneArg("campaign's name or id"),
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
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
	r, err := w.ReportOf(ctx, o.Campaign)
	if errors.Is(err, warehouse.ErrNoCampaign) {
		return o.App.NoCampaign(ctx, w, o.Campaign)
	}
	if err != nil {
		return err
	}
	settings, err := o.App.Home.ConsentSettings()
	if err != nil {
		return err
	}
	if settings.Policy == sends.PolicyUnset {
		r.Weaknesses = append(r.Weaknesses, noPolicy)
	}
	if o.Format == "json" {
		return WriteJSON(o.App.Out, r)
	}
	return WriteTable(o.App.Out, r)
}

// document is the JSON form: a contract, described in cli/JSON.md.
type document struct {
	Campaign                string       `json:"campaign"`
	CampaignID              uint64       `json:"campaign_id,string"`
	Sends                   uint64       `json:"sends"`
	Delivered               uint64       `json:"delivered"`
	OpensTotal              uint64       `json:"opens_total"`
	UniqueOpens             uint64       `json:"unique_opens"`
	BotFilteredUniqueOpens  uint64       `json:"bot_filtered_unique_opens"`
	ReliableUniqueOpens     uint64       `json:"reliable_unique_opens"`
	MPPOnly                 uint64       `json:"mpp_only"`
	MPPAdjustedOpenRate     *float64     `json:"mpp_adjusted_open_rate"`
	OpenRateLow             *float64     `json:"open_rate_low"`
	OpenRateHigh            *float64     `json:"open_rate_high"`
	CILow                   *float64     `json:"ci_low"`
	CIHigh                  *float64     `json:"ci_high"`
	FirstOpenAt             *time.Time   `json:"first_open_at"`
	LastOpenAt              *time.Time   `json:"last_open_at"`
	UnregisteredOpensTotal  uint64       `json:"unregistered_opens_total"`
	UnregisteredUniqueOpens uint64       `json:"unregistered_unique_opens"`
	Tests                   uint64       `json:"tests"`
	Measured                uint64       `json:"measured"`
	MeasuredShare           *float64     `json:"measured_share"`
	UnknownOnly             uint64       `json:"unknown_only"`
	ConfirmedUniqueOpens    uint64       `json:"confirmed_unique_opens"`
	Bounced                 uint64       `json:"bounced"`
	Clicked                 uint64       `json:"clicked"`
	ClickRate               *float64     `json:"click_rate"`
	Complained              uint64       `json:"complained"`
	Unsubscribed            uint64       `json:"unsubscribed"`
	Replied                 uint64       `json:"replied"`
	FirstReliableOpenAt     *time.Time   `json:"first_reliable_open_at"`
	LastReliableOpenAt      *time.Time   `json:"last_reliable_open_at"`
	ComputedAt              time.Time    `json:"computed_at"`
	Estimates               []estimate   `json:"estimates"`
	Warnings                []warning    `json:"warnings"`
	Classes                 []classCount `json:"classes"`
}

type estimate struct {
	Name       string   `json:"name"`
	Rate       *float64 `json:"rate"`
	Low        *float64 `json:"low"`
	High       *float64 `json:"high"`
	N          uint64   `json:"n"`
	Assumption string   `json:"assumption"`
}

type warning struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

type classCount struct {
	Class       string `json:"class"`
	OpensTotal  uint64 `json:"opens_total"`
	UniqueOpens uint64 `json:"unique_opens"`
}

// WriteJSON prints the report as one object.
func WriteJSON(w io.Writer, r *warehouse.Report) error {
	d := document{
		r.Campaign, r.CampaignID, r.Sends, r.Delivered, r.OpensTotal, r.UniqueOpens, r.BotFilteredUniqueOpens,
		r.ReliableUniqueOpens, r.MPPOnly, r.MPPAdjustedOpenRate, r.OpenRateLow, r.OpenRateHigh, r.CILow, r.CIHigh,
		r.FirstOpenAt, r.LastOpenAt, r.UnregisteredOpensTotal, r.UnregisteredUniqueOpens,
		r.Tests, r.Measured, r.MeasuredShare, r.UnknownOnly, r.ConfirmedUniqueOpens, r.Bounced, r.Clicked, r.ClickRate,
		r.Complained, r.Unsubscribed, r.Replied, r.FirstReliableOpenAt, r.LastReliableOpenAt, r.ComputedAt.UTC(),
		[]estimate{},
		warningsOf(r),
		[]classCount{},
	}
	for _, e := range r.Estimates {
		d.Estimates = append(d.Estimates, estimate(e))
	}
	for _, c := range r.Classes {
		d.Classes = append(d.Classes, classCount(c))
	}
	e := output.NewJSON(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
