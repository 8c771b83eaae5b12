package warehouse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"golang.org/x/sync/errgroup"
)

// Report holds the numbers of a campaign, as the view campaign_report defines
// them. Rates are fractions. Nil means unknown: an empty denominator, or no
// opens.
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
	Tests                   uint64 // number of test messages, which no other number includes
	Measured                uint64 // denominator of every rate
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
	LastSentAt              *time.Time
	RecoveredOpens          uint64 // opens whose token was found in a changed URL
	BounceRate              *float64
	ClickToOpenRate         *float64
	ComplaintRate           *float64
	UnsubscribeRate         *float64
	ReplyRate               *float64
	ComputedAt              time.Time

	Estimates  []Estimate
	Weaknesses []string // codes from the view campaign_estimates, sorted
	BadTokens  uint64   // requests of the last 7 days that name the campaign
	Classes    []ClassCount

	// Late are the shards whose latest opens may be missing. A shard that is away is listed
	// only if the numbers were computed before: without its answer there are none.
	Late []Late
	// CompleteTo is the time up to which all opens that were stored by then are in the
	// numbers: ComputedAt, or earlier if a shard is behind.
	CompleteTo time.Time

	Ahead    bool // computed before it was asked for
	NoPolicy bool // the home has no consent policy; set by the caller that opens the home
}

// Estimate is one estimate of the open rate, as in the view campaign_estimates.
// A nil rate, low or high is unknown.
type Estimate struct {
	Name            string
	Rate, Low, High *float64
	N               uint64 // number of messages: the estimate's denominator
	Assumption      string
}

// SentUnknown reports whether the number of sent messages is unknown: the
// campaign is known from logs only, and has counts but no rates.
func (r *Report) SentUnknown() bool { return slices.Contains(r.Weaknesses, "sent_unknown") }

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

// ReportOf returns the report of the campaign with that name or, without
// one, with that id; otherwise ErrNoCampaign. It reads the campaign's snapshot
// if that is recent enough (see snapshot.recent), otherwise it computes the
// report from the current events. A run of judge or reclassify affects all of
// it or nothing: if one was applied between its queries, they are repeated.
func (w *Warehouse) ReportOf(ctx context.Context, campaign string) (*Report, error) {
	return w.reportOf(ctx, campaign, w.snapshotOf)
}

// FreshReportOf is ReportOf without the snapshot.
func (w *Warehouse) FreshReportOf(ctx context.Context, campaign string) (*Report, error) {
	return w.reportOf(ctx, campaign, w.liveReport)
}

func (w *Warehouse) reportOf(ctx context.Context, campaign string, read func(context.Context, uint64) (*Report, error)) (*Report, error) {
	before := w.Late(ctx)
	// The id is looked up each time, since a campaign can be renamed or deleted. The report of the
	// id found last is read beside it: it is nearly always the same.
	guess, guessed := w.lastIDs.Load(campaign)
	var r *Report
	var failed error
	var reading sync.WaitGroup
	if guessed {
		reading.Go(func() { r, failed = w.readReport(ctx, guess.(uint64), before, read) })
	}
	id, err := w.CampaignID(ctx, campaign)
	reading.Wait()
	if err != nil {
		w.lastIDs.Delete(campaign)
		return nil, w.ShardAway(ctx, err)
	}
	if guess == any(id) {
		return r, failed
	}
	w.lastIDs.Store(campaign, id)
	return w.readReport(ctx, id, before, read)
}

// ReportOfID returns the report of the campaign with that id, which must exist.
// If fresh is set, it is computed now, as by FreshReportOf.
func (w *Warehouse) ReportOfID(ctx context.Context, id uint64, fresh bool) (*Report, error) {
	read := w.snapshotOf
	if fresh {
		read = w.liveReport
	}
	return w.readReport(ctx, id, w.Late(ctx), read)
}

// readReport reads the report, and its bad tokens beside it. before are the states of the
// shards when the first query was asked.
func (w *Warehouse) readReport(ctx context.Context, id uint64, before []Late, read func(context.Context, uint64) (*Report, error)) (*Report, error) {
	var r *Report
	var bad uint64
	g, within := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		r, err = read(within, id)
		return err
	})
	g.Go(func() error {
		if err := w.ask(within, "report_bad_tokens", []any{clickhouse.Named("campaign_id", id)}, &bad); err != nil {
			return fmt.Errorf("count bad tokens: %w", err)
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return nil, w.ShardAway(ctx, err)
	}
	r.BadTokens = bad
	r.setLate(append(before, w.Late(ctx)...))
	return r, nil
}

// withinOneRun calls read until no run of judge or reclassify became visible meanwhile.
func (w *Warehouse) withinOneRun(ctx context.Context, read func() error) error {
	run, err := w.ActiveRun(ctx)
	for err == nil {
		if err = read(); err != nil {
			return err
		}
		before := run
		if run, err = w.ActiveRun(ctx); run == before {
			break
		}
	}
	return err
}

// setLate sets Late and CompleteTo from the states of shards before and after the numbers
// were read: the longest delay of each counts.
func (r *Report) setLate(states []Late) {
	r.Late = nil
	slices.SortFunc(states, func(a, b Late) int {
		return cmp.Or(cmp.Compare(a.Shard, b.Shard), cmp.Compare(b.Behind, a.Behind))
	})
	for _, late := range states {
		named := len(r.Late) > 0 && r.Late[len(r.Late)-1].Shard == late.Shard
		if !named && (late.Behind > MostBehind || late.Away && r.Ahead) {
			r.Late = append(r.Late, late)
		}
	}
	r.CompleteTo = r.ComputedAt.Add(-Furthest(r.Late))
}

// liveReport computes the report from the current events, without its bad
// tokens.
func (w *Warehouse) liveReport(ctx context.Context, id uint64) (*Report, error) {
	var r Report
	return &r, w.withinOneRun(ctx, func() error {
		g, within := errgroup.WithContext(ctx)
		g.Go(func() error { return w.readNumbers(within, id, &r) })
		g.Go(func() (err error) {
			r.Estimates, r.Weaknesses, err = w.estimates(within, id)
			return err
		})
		return g.Wait()
	})
}

// liveNumbers is liveReport without the estimates.
func (w *Warehouse) liveNumbers(ctx context.Context, id uint64) (*Report, error) {
	var r Report
	return &r, w.withinOneRun(ctx, func() error { return w.readNumbers(ctx, id, &r) })
}

func (w *Warehouse) readNumbers(ctx context.Context, id uint64, r *Report) error {
	var classes []storedClass
	err := w.ask(ctx, "report", []any{clickhouse.Named("campaign_id", id)}, append(r.numbers(), &classes)...)
	if err != nil {
		return fmt.Errorf("read report: %w", err)
	}
	r.Classes = nil
	for _, c := range classes {
		r.Classes = append(r.Classes, ClassCount{c.Class, uint64(c.OpensTotal), uint64(c.UniqueOpens)})
	}
	return nil
}

// storedClass is an element of the column classes of the view campaign_counts.
type storedClass struct {
	Class       string `ch:"class"`
	OpensTotal  int64  `ch:"opens_total"`
	UniqueOpens int64  `ch:"unique_opens"`
}

// numbers returns the destinations of the columns of the query report but the last, in
// order.
func (r *Report) numbers() []any {
	return []any{
		&r.Campaign, &r.CampaignID, &r.Sends, &r.Delivered, &r.OpensTotal, &r.UniqueOpens, &r.BotFilteredUniqueOpens,
		&r.ReliableUniqueOpens, &r.MPPOnly, &r.MPPAdjustedOpenRate, &r.OpenRateLow, &r.OpenRateHigh, &r.CILow, &r.CIHigh,
		&r.FirstOpenAt, &r.LastOpenAt, &r.UnregisteredOpensTotal, &r.UnregisteredUniqueOpens, &r.Tests,
		&r.Measured, &r.MeasuredShare, &r.UnknownOnly, &r.ConfirmedUniqueOpens, &r.Bounced, &r.Clicked, &r.ClickRate,
		&r.Complained, &r.Unsubscribed, &r.Replied, &r.FirstReliableOpenAt, &r.LastReliableOpenAt, &r.Unplaced, &r.SendsWithTime,
		&r.LastSentAt, &r.RecoveredOpens, &r.BounceRate, &r.ClickToOpenRate, &r.ComplaintRate, &r.UnsubscribeRate, &r.ReplyRate, &r.ComputedAt,
	}
}

// estimates returns the estimates of a campaign and the codes of their
// weaknesses.
func (w *Warehouse) estimates(ctx context.Context, id uint64) ([]Estimate, []string, error) {
	var count uint64
	var l estimateLists
	err := w.ask(ctx, "report_estimates", []any{clickhouse.Named("campaign_id", id)}, append([]any{&count}, l.lists()...)...)
	if err != nil {
		return nil, nil, fmt.Errorf("read estimates: %w", err)
	}
	return l.estimates(), l.weaknesses, nil
}

// estimateLists are the estimates as queries return them, one list per column.
type estimateLists struct {
	names, assumptions, weaknesses []string
	rates, lows, highs             []*float64
	ns                             []uint64
}

func (l *estimateLists) lists() []any {
	return []any{&l.names, &l.rates, &l.lows, &l.highs, &l.ns, &l.assumptions, &l.weaknesses}
}

func (l *estimateLists) estimates() (all []Estimate) {
	for i, name := range l.names {
		all = append(all, Estimate{name, l.rates[i], l.lows[i], l.highs[i], l.ns[i], l.assumptions[i]})
	}
	return all
}

// CampaignID returns the id of the campaign with that name or, without
// one, with that id; otherwise ErrNoCampaign.
func (w *Warehouse) CampaignID(ctx context.Context, campaign string) (uint64, error) {
	for _, form := range nameForms(campaign) {
		var found, id uint64
		if err := w.ask(ctx, "campaign_by_name", []any{clickhouse.Named("campaign", form)}, &found, &id); err != nil {
			return 0, fmt.Errorf("find campaign: %w", err)
		}
		if found > 0 {
			return id, nil
		}
	}
	id, err := strconv.ParseUint(campaign, 10, 64)
	if err != nil {
		return 0, ErrNoCampaign
	}
	name, err := w.CampaignNameOf(ctx, id)
	if err == nil && name == "" {
		err = ErrNoCampaign
	}
	return id, err
}
