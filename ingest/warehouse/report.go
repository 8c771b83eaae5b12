package warehouse

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Report holds the numbers of a campaign, as the view campaign_report defines
// them. Rates are fractions; nil is unknown: an empty denominator, no opens.
type Report struct {
	Campaign                string
	CampaignID              uint64
	Sends                   uint64
	Delivered               uint64
	OpensTotal              uint64
	UniqueOpens             uint64
	BotFilteredUniqueOpens  uint64
	ReliableUniqueOpens     uint64
	MPPOnly                 uint64
	MPPAdjustedOpenRate     *float64
	OpenRateLow             *float64
	OpenRateHigh            *float64
	CILow                   *float64
	CIHigh                  *float64
	FirstOpenAt             *time.Time
	LastOpenAt              *time.Time
	UnregisteredOpensTotal  uint64
	UnregisteredUniqueOpens uint64
	Tests                   uint64 // messages; in no other number
	Measured                uint64 // the base of every rate
	MeasuredShare           *float64
	UnknownOnly             uint64
	ConfirmedUniqueOpens    uint64
	Bounced                 uint64
	Clicked                 uint64
	ClickRate               *float64
	Complained              uint64
	Unsubscribed            uint64
	Replied                 uint64
	FirstReliableOpenAt     *time.Time
	LastReliableOpenAt      *time.Time
	Unplaced                uint64 // messages with an open of Apple Mail on an unknown network
	SendsWithTime           uint64 // messages whose time of sending is known
	ComputedAt              time.Time

	Estimates  []Estimate
	Weaknesses []string // codes of the view campaign_estimates, sorted
	BadTokens  uint64   // requests of the last 7 days that name the campaign
	Classes    []ClassCount
}

// Estimate is the open rate as one estimator of the view campaign_estimates sees
// it. A nil rate, low or high cannot be said.
type Estimate struct {
	Name            string
	Rate, Low, High *float64
	N               uint64 // messages: the estimate's denominator
	Assumption      string
}

// Estimate returns the estimate of that name, or one without a rate.
func (r *Report) Estimate(name string) Estimate {
	for _, e := range r.Estimates {
		if e.Name == name {
			return e
		}
	}
	return Estimate{Name: name}
}

// ClassCount is the share of one class in a campaign's opens.
type ClassCount struct {
	Class       string
	OpensTotal  uint64
	UniqueOpens uint64
}

// ReportOf returns the report of the campaign of that name or, failing that,
// of that id; ErrNoCampaign if there is neither. A run of judge or reclassify
// shows in all of it or in nothing: if one was applied between its queries, they
// are made again.
func (w *Warehouse) ReportOf(ctx context.Context, campaign string) (*Report, error) {
	run, err := w.ActiveRun(ctx)
	if err != nil {
		return nil, err
	}
	for {
		r, err := w.reportOf(ctx, campaign)
		if err != nil {
			return nil, err
		}
		last, err := w.ActiveRun(ctx)
		if err != nil || last == run {
			return r, err
		}
		run = last
	}
}

func (w *Warehouse) reportOf(ctx context.Context, campaign string) (*Report, error) {
	id, err := w.campaignID(ctx, campaign)
	if err != nil {
		return nil, err
	}
	var r Report
	err = w.ask(ctx, "report", []any{clickhouse.Named("campaign_id", id)},
		&r.Campaign, &r.CampaignID, &r.Sends, &r.Delivered, &r.OpensTotal, &r.UniqueOpens, &r.BotFilteredUniqueOpens,
		&r.ReliableUniqueOpens, &r.MPPOnly, &r.MPPAdjustedOpenRate, &r.OpenRateLow, &r.OpenRateHigh, &r.CILow, &r.CIHigh,
		&r.FirstOpenAt, &r.LastOpenAt, &r.UnregisteredOpensTotal, &r.UnregisteredUniqueOpens, &r.Tests,
		&r.Measured, &r.MeasuredShare, &r.UnknownOnly, &r.ConfirmedUniqueOpens, &r.Bounced, &r.Clicked, &r.ClickRate,
		&r.Complained, &r.Unsubscribed, &r.Replied, &r.FirstReliableOpenAt, &r.LastReliableOpenAt, &r.Unplaced, &r.SendsWithTime,
		&r.ComputedAt)
	if err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	if r.Estimates, r.Weaknesses, err = w.estimates(ctx, id); err != nil {
		return nil, err
	}
	if err := w.ask(ctx, "report_bad_tokens", []any{clickhouse.Named("campaign_id", id)}, &r.BadTokens); err != nil {
		return nil, fmt.Errorf("count bad tokens: %w", err)
	}
	r.Classes, err = w.classes(ctx, id)
	return &r, err
}

// estimates returns the estimates of a campaign and the codes of what weakens them.
func (w *Warehouse) estimates(ctx context.Context, id uint64) ([]Estimate, []string, error) {
	var count uint64
	var names, assumptions, weaknesses []string
	var rates, lows, highs []*float64
	var ns []uint64
	err := w.ask(ctx, "report_estimates", []any{clickhouse.Named("campaign_id", id)},
		&count, &names, &rates, &lows, &highs, &ns, &assumptions, &weaknesses)
	if err != nil {
		return nil, nil, fmt.Errorf("read estimates: %w", err)
	}
	var estimates []Estimate
	for i, name := range names {
		estimates = append(estimates, Estimate{name, rates[i], lows[i], highs[i], ns[i], assumptions[i]})
	}
	return estimates, weaknesses, nil
}

// campaignID looks for the name as CampaignNamed does, then for the id.
func (w *Warehouse) campaignID(ctx context.Context, campaign string) (uint64, error) {
	lookUp := func(query string, argument any) (found, id uint64, err error) {
		var name string
		var createdAt time.Time
		if err = w.ask(ctx, query, []any{argument}, &found, &id, &name, &createdAt); err != nil {
			err = fmt.Errorf("find campaign: %w", err)
		}
		return found, id, err
	}
	for _, form := range nameForms(campaign) {
		if found, id, err := lookUp("campaign_by_name", clickhouse.Named("campaign", form)); err != nil || found > 0 {
			return id, err
		}
	}
	number, err := strconv.ParseUint(campaign, 10, 64)
	if err != nil {
		return 0, ErrNoCampaign
	}
	found, id, err := lookUp("campaign_by_id", clickhouse.Named("campaign_id", number))
	if err == nil && found == 0 {
		err = ErrNoCampaign
	}
	return id, err
}

func (w *Warehouse) classes(ctx context.Context, id uint64) ([]ClassCount, error) {
	var n uint64
	var names []string
	var opens, messages []uint64
	err := w.ask(ctx, "report_classes", []any{clickhouse.Named("campaign_id", id)}, &n, &names, &opens, &messages)
	if err != nil {
		return nil, fmt.Errorf("read opens by class: %w", err)
	}
	var classes []ClassCount
	for i := range names {
		classes = append(classes, ClassCount{Class: names[i], OpensTotal: opens[i], UniqueOpens: messages[i]})
	}
	return classes, nil
}
