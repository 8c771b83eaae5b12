// Package report writes the numbers of a campaign as text, Markdown, CSV, JSON and
// HTML.
package report

import (
	"io"
	"time"

	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

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
	BounceRate              *float64     `json:"bounce_rate"`
	ClickToOpenRate         *float64     `json:"click_to_open_rate"`
	ComplaintRate           *float64     `json:"complaint_rate"`
	UnsubscribeRate         *float64     `json:"unsubscribe_rate"`
	ReplyRate               *float64     `json:"reply_rate"`
	RecoveredOpens          uint64       `json:"recovered_opens"`
	ComputedAt              time.Time    `json:"computed_at"`
	CompleteTo              *time.Time   `json:"complete_to"`
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
		r.Complained, r.Unsubscribed, r.Replied, r.FirstReliableOpenAt, r.LastReliableOpenAt,
		r.BounceRate, r.ClickToOpenRate, r.ComplaintRate, r.UnsubscribeRate, r.ReplyRate, r.RecoveredOpens, r.ComputedAt.UTC(), nil,
		[]estimate{},
		warningsOf(r),
		[]classCount{},
	}
	if len(r.Late) > 0 {
		d.CompleteTo = new(r.CompleteTo.UTC())
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
