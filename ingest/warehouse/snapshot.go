package warehouse

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"golang.org/x/sync/errgroup"

	"glint/schema"
)

// The tables campaign_totals and campaign_estimate_totals store each report:
// its snapshot. The table campaign_changes gets a mark for a campaign with
// every insert that affects the report, whatever program inserts. A snapshot contains
// the mark from before its computation: if the marks are equal, nothing has
// changed since.

// SmallCampaign is the number of messages and opens from which on a snapshot that is
// out of date may be used, since computing the report takes long.
const SmallCampaign = 200_000

// LargestCampaign is the number of messages and opens from which on computing the report
// takes several seconds, and longer in proportion.
const LargestCampaign = 2_000_000

// latestAge limits the reading of snapshots that are out of date, up to LargestCampaign. A
// Refresher replaces them much earlier: those of a campaign of 1 M messages every few seconds,
// unless inserts and judging take all of the machine. Then computing a report for its reader
// would only take more of it.
const latestAge = time.Minute

// SmallAccount is the number of messages and opens of an account up to which a
// report's estimates are always as new as its numbers, and a small campaign's numbers always
// current. In a larger account they may be RecentAge old: ClickHouse takes as long to plan
// the report of a small campaign as to read ten snapshots.
const (
	SmallAccount = 3_000_000
	RecentAge    = 5 * time.Second
)

// snapshot is a report as last computed.
type snapshot struct {
	report              Report
	isCurrent           bool // the campaign has not changed since
	estimatesAreCurrent bool // as new as the numbers, and the earlier mail that they depend on has not changed
	age                 time.Duration
	accountRows         uint64 // messages and opens of all campaigns
}

// recent reports whether the snapshot may be used as the report: it has the
// current numbers, or the campaign is large and the snapshot is at most
// latestAge old; above LargestCampaign the age may grow with the campaign's size. In a
// large account the estimates may be older, up to the interval of a Refresher, and the
// numbers of any campaign RecentAge old.
func (s *snapshot) recent() bool {
	large := s.accountRows >= SmallAccount
	shown := mayBeShown(s.isCurrent, s.report.Sends+s.report.OpensTotal+s.report.UnregisteredOpensTotal, s.age)
	return (shown || large && s.age <= RecentAge) && (s.estimatesAreCurrent || large)
}

// mayBeShown reports whether numbers may be shown that were computed that long ago, of a
// campaign with that many messages and opens. They are current if nothing has changed since.
func mayBeShown(current bool, rows uint64, age time.Duration) bool {
	limit := time.Duration(max(1, float64(rows)/LargestCampaign) * float64(latestAge))
	return current || rows >= SmallCampaign && age <= limit
}

// snapshotOf returns the campaign's snapshot if it is recent, otherwise its
// live report, in a large account with the estimates of the snapshot. While a shard is
// away it returns the snapshot however old it is.
func (w *Warehouse) snapshotOf(ctx context.Context, id uint64) (*Report, error) {
	s, err := w.storedSnapshot(ctx, id)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read report: %w", err)
	case s == nil:
		return w.liveReport(ctx, id)
	case s.recent():
		s.report.Ahead = true
		return &s.report, nil
	}
	live, err := w.liveAfter(ctx, id, s)
	if errors.Is(w.ShardAway(ctx, err), ErrShardAway) {
		s.report.Ahead = true
		return &s.report, nil
	}
	return live, err
}

// storedEstimate is an element of a list in the view snapshot_estimates.
type storedEstimate struct {
	Name       string   `ch:"name"`
	Rate       *float64 `ch:"rate"`
	Low        *float64 `ch:"low"`
	High       *float64 `ch:"high"`
	N          int64    `ch:"n"`
	Assumption string   `ch:"assumption"`
	Weaknesses []string `ch:"weaknesses"`
}

// storedSnapshot returns the campaign's snapshot, nil without one. Its parts are read side
// by side, since the engine takes longer to plan these queries than to answer them.
func (w *Warehouse) storedSnapshot(ctx context.Context, id uint64) (*snapshot, error) {
	var s snapshot
	var hasNumbers, hasEstimates bool
	var mark, currentMark uint64
	g, within := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		hasNumbers, mark, err = w.storedNumbers(within, id, &s)
		return err
	})
	g.Go(func() (err error) {
		var estimates []storedEstimate
		hasEstimates, err = w.askForOne(within, "snapshot_estimates", []any{clickhouse.Named("campaign_id", id)}, &estimates)
		s.report.setEstimates(estimates)
		return err
	})
	g.Go(func() (err error) {
		currentMark, err = w.mark(within, id)
		return err
	})
	if err := g.Wait(); err != nil || !hasNumbers || !hasEstimates {
		return nil, err
	}
	s.isCurrent = mark == currentMark
	if s.accountRows >= SmallAccount {
		return &s, nil // the estimates may be older in any case
	}
	var again []storedEstimate
	var current uint8
	var computedAt time.Time
	found, err := w.askForOne(ctx, "snapshot_history", []any{clickhouse.Named("campaign_id", id)}, &again, &current, &computedAt)
	if err != nil || !found {
		return nil, err
	}
	s.report.setEstimates(again)
	s.estimatesAreCurrent = current == 1 && computedAt.Equal(s.report.ComputedAt)
	return &s, nil
}

// storedNumbers reads the numbers of the snapshot into s, if there is one. It returns their
// mark.
func (w *Warehouse) storedNumbers(ctx context.Context, id uint64, s *snapshot) (found bool, mark uint64, err error) {
	var text string
	var now time.Time
	found, err = w.askForOne(ctx, "snapshot_numbers", []any{clickhouse.Named("campaign_id", id)}, &text, &now)
	if err != nil || !found {
		return false, 0, err
	}
	mark, err = s.setNumbers(text, now)
	if err != nil {
		return false, 0, fmt.Errorf("%w: snapshot_numbers: %w", ErrAnswer, err)
	}
	s.report.CampaignID = id
	return true, mark, nil
}

// mark returns the campaign's mark, 0 if it never changed.
func (w *Warehouse) mark(ctx context.Context, id uint64) (mark uint64, err error) {
	_, err = w.askForOne(ctx, "snapshot_mark", []any{clickhouse.Named("campaign_id", id)}, &mark)
	return mark, err
}

func (r *Report) setEstimates(estimates []storedEstimate) {
	r.Estimates, r.Weaknesses = nil, []string{} // as the query report_estimates returns them
	for _, e := range estimates {
		r.Estimates = append(r.Estimates, Estimate{e.Name, e.Rate, e.Low, e.High, uint64(e.N), e.Assumption})
		r.Weaknesses = append(r.Weaknesses, e.Weaknesses...)
	}
	slices.Sort(r.Weaknesses)
	r.Weaknesses = slices.Compact(r.Weaknesses)
}

// liveAfter returns the live report, in a large account with the estimates of the snapshot.
func (w *Warehouse) liveAfter(ctx context.Context, id uint64, s *snapshot) (*Report, error) {
	if s.accountRows < SmallAccount {
		return w.liveReport(ctx, id)
	}
	live, err := w.liveNumbers(ctx, id)
	if err == nil {
		live.Estimates, live.Weaknesses = s.report.Estimates, s.report.Weaknesses
	}
	return live, err
}

// SnapshotState is the state of a campaign and its snapshot. Marks can only be
// compared for equality. Without a snapshot its times are zero.
type SnapshotState struct {
	CampaignID      uint64
	Mark            uint64 // current mark of the campaign
	ChangedAt       time.Time
	SnapshotMark    uint64
	EstimatesMark   uint64    // mark at which its estimates were computed
	BreakdownsMark  uint64    // mark at which its breakdowns were computed
	SnapshotHistory uint64    // sum of the marks of the earlier mail
	ReadAt          time.Time // time at which the computation of its numbers began
	BreakdownsAt    time.Time // the same of its breakdowns
	HistoryStart    time.Time // the campaign's start that was used for its history
	StartsAt        time.Time // the campaign's start
	EndsAt          time.Time // the last time at which it was sent
	Size            uint64    // messages and opens, according to the snapshot
}

// SnapshotStates returns the state of each campaign, and the server's time.
func (w *Warehouse) SnapshotStates(ctx context.Context) ([]SnapshotState, time.Time, error) {
	var n uint64
	var now time.Time
	var ids, marks, snapshotMarks, estimatesMarks, breakdownsMarks, histories, sizes []uint64
	var changed, read, breakdownsRead, historyStarts, starts, ends []int64
	err := w.ask(ctx, "snapshot_states", nil, &n, &now, &ids, &marks, &changed, &snapshotMarks, &estimatesMarks, &breakdownsMarks, &histories,
		&read, &breakdownsRead, &historyStarts, &starts, &ends, &sizes)
	if err != nil {
		return nil, now, fmt.Errorf("look for changed campaigns: %w", err)
	}
	at := func(milli int64) time.Time {
		if milli == 0 {
			return time.Time{}
		}
		return time.UnixMilli(milli).UTC()
	}
	states := make([]SnapshotState, len(ids))
	for i := range states {
		states[i] = SnapshotState{
			CampaignID: ids[i], Mark: marks[i], ChangedAt: at(changed[i]), SnapshotMark: snapshotMarks[i],
			EstimatesMark: estimatesMarks[i], BreakdownsMark: breakdownsMarks[i], SnapshotHistory: histories[i],
			ReadAt: at(read[i]), BreakdownsAt: at(breakdownsRead[i]), HistoryStart: at(historyStarts[i]), StartsAt: at(starts[i]), EndsAt: at(ends[i]), Size: sizes[i],
		}
	}
	return states, now, nil
}

// ChangeMark returns a number that changes with every change of any campaign.
func (w *Warehouse) ChangeMark(ctx context.Context) (mark uint64, err error) {
	var campaigns uint64
	if err := w.ask(ctx, "change_marks", nil, &mark, &campaigns); err != nil {
		return 0, fmt.Errorf("look for changes: %w", err)
	}
	return mark, nil
}

// RefreshNumbers computes and stores the numbers of a campaign's report. A
// campaign without a name has none.
func (w *Warehouse) RefreshNumbers(ctx context.Context, campaign uint64) error {
	return w.refresh(ctx, "refresh_campaign", campaign)
}

// RefreshEstimates computes and stores its estimates. A snapshot is used once
// both are stored.
func (w *Warehouse) RefreshEstimates(ctx context.Context, campaign uint64) error {
	return w.refresh(ctx, "refresh_estimates", campaign)
}

func (w *Warehouse) refresh(ctx context.Context, query string, campaign uint64) error {
	var mark, history, threads uint64
	var start, readAt time.Time
	id := clickhouse.Named("campaign_id", campaign)
	err := w.ask(ctx, "campaign_marks", []any{id}, &mark, &history, &start, &readAt, &threads)
	if err != nil {
		return fmt.Errorf("refresh snapshot: %w", err)
	}
	if Furthest(w.Late(ctx)) > 0 {
		mark = randomID() // rows may be missing that the mark covers: never current
	}
	const milliseconds = "2006-01-02 15:04:05.000"
	settings := clickhouse.Settings{"async_insert": 0, "insert_deduplicate": 0, "max_threads": threads, "priority": 2}
	if query == "refresh_campaign" {
		settings["priority"] = 1 // estimates and breakdowns wait meanwhile
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(settings))
	args := []any{id, clickhouse.Named("mark", mark)}
	if query == "refresh_estimates" {
		args = append(args, clickhouse.Named("history_mark", history), clickhouse.Named("history_start", start.UTC().Format(milliseconds)))
	} else {
		args = append(args, clickhouse.Named("read_at", readAt.UTC().Format(milliseconds)))
	}
	if err := w.conn.Exec(ctx, schema.Query(query), args...); err != nil {
		return fmt.Errorf("refresh snapshot: %w", err)
	}
	return nil
}

// MarkRecentChanges marks the campaigns with recent writes. Call it once after
// a start: a killed engine may have stored the rows of an insert without their
// mark.
func (w *Warehouse) MarkRecentChanges(ctx context.Context) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0, "insert_deduplicate": 0}))
	if err := w.conn.Exec(ctx, schema.Query("mark_recent_changes")); err != nil {
		return fmt.Errorf("mark changed campaigns: %w", err)
	}
	return nil
}

type change struct {
	campaign  uint64
	mark      uint64
	changedAt time.Time
}

var changeColumns = []column[change]{
	{"campaign_id", of(func(c *change) uint64 { return c.campaign })},
	{"mark", of(func(c *change) uint64 { return c.mark })},
	{"changed_at", of(func(c *change) int64 { return c.changedAt.UnixMilli() })},
}

// Touched marks the campaigns as changed. Inserts do so themselves; call it
// after other changes of rows (a replaced partition, deleted rows), and if an
// insert may have ended between its rows and its mark.
func (w *Warehouse) Touched(ctx context.Context, campaigns []uint64) error {
	if len(campaigns) == 0 {
		return nil
	}
	changes := make([]change, len(campaigns))
	for i, id := range campaigns {
		changes[i] = change{id, randomID(), time.Now()}
	}
	return insert(ctx, w, "campaign_changes", changeColumns, "touched-"+rand.Text(), changes)
}
