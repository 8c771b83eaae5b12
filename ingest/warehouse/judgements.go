package warehouse

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"glint/schema"
)

// ErrRunGoesOn is returned by BeginRun while another run of judge or reclassify
// is in progress.
var ErrRunGoesOn = errors.New("warehouse: another run of judge or reclassify is at work")

// RunKind is the kind of a run.
type RunKind int8

// The kinds of runs, as in the table's Enum8.
const (
	KindJudge      RunKind = 1 // by time and context, on ingest's verdicts
	KindReclassify RunKind = 2 // first by the rules of the request
)

const (
	runStarted int8 = iota + 1
	runApplied
	runAbandoned
)

// Run is a row of the table judgements.
type Run struct {
	Number         uint32
	Kind           RunKind
	StartedAt      time.Time
	OpenedSince    time.Time // zero: all opens
	RulesetVersion uint16
	Settings       string

	OpensRead, OpensChanged, OpensExpired, OpensIgnored, ClicksChanged uint64

	claim     uint64
	step      uint32
	state     int8
	touchedAt time.Time
	appliedAt time.Time
}

var runColumns = []column[Run]{
	{"run", of(func(r *Run) uint32 { return r.Number })},
	{"claim", of(func(r *Run) uint64 { return r.claim })},
	{"step", of(func(r *Run) uint32 { return r.step })},
	{"kind", of(func(r *Run) int8 { return int8(r.Kind) })},
	{"state", of(func(r *Run) int8 { return r.state })},
	{"started_at", of(func(r *Run) int64 { return milliseconds(r.StartedAt) })},
	{"touched_at", of(func(r *Run) int64 { return milliseconds(r.touchedAt) })},
	{"applied_at", of(func(r *Run) int64 { return milliseconds(r.appliedAt) })},
	{"opened_since", of(func(r *Run) int64 { return milliseconds(r.OpenedSince) })},
	{"ruleset_version", of(func(r *Run) uint16 { return r.RulesetVersion })},
	{"opens_read", of(func(r *Run) uint64 { return r.OpensRead })},
	{"opens_changed", of(func(r *Run) uint64 { return r.OpensChanged })},
	{"opens_expired", of(func(r *Run) uint64 { return r.OpensExpired })},
	{"opens_ignored", of(func(r *Run) uint64 { return r.OpensIgnored })},
	{"clicks_changed", of(func(r *Run) uint64 { return r.ClicksChanged })},
	{"settings", of(func(r *Run) string { return r.Settings })},
}

// milliseconds returns Unix milliseconds, or 0 for the zero time.
func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// deadRun is the silence after which the next run considers a run dead.
const deadRun = 5 * time.Minute

// BeginRun gives r its number, after restoring the verdicts of interrupted
// runs. It returns ErrRunGoesOn if another run is in progress.
func (w *Warehouse) BeginRun(ctx context.Context, r *Run) error {
	states, err := w.runStates(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	var abandoned []openRun
	for _, open := range states.open {
		if now.Sub(open.touchedAt) < deadRun {
			return ErrRunGoesOn
		}
		abandoned = append(abandoned, open)
	}
	r.Number, r.claim, r.step, r.state, r.StartedAt = states.last+1, randomClaim(), 0, runStarted, now.UTC()
	if err := w.keepRun(ctx, r); err != nil {
		return err
	}
	// Two runs that took the same number see each other now, and both give up.
	if states, err = w.runStates(ctx); err != nil {
		return err
	}
	for _, open := range states.open {
		if open.number >= r.Number && open.claim != r.claim {
			r.state = runAbandoned
			return errors.Join(ErrRunGoesOn, w.keepRun(ctx, r))
		}
	}
	return w.restore(ctx, r, abandoned)
}

func randomClaim() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return binary.LittleEndian.Uint64(b[:])
}

// openRun is a run that has started and not ended.
type openRun struct {
	number    uint32
	claim     uint64
	touchedAt time.Time
}

type runStates struct {
	last, applied uint32
	open          []openRun
}

func (w *Warehouse) runStates(ctx context.Context) (s runStates, err error) {
	var numbers []uint32
	var claims []uint64
	var touched []int64
	if err := w.ask(ctx, "judgement_states", nil, &s.last, &s.applied, &numbers, &claims, &touched); err != nil {
		return s, fmt.Errorf("read runs of judge: %w", err)
	}
	for i := range numbers {
		s.open = append(s.open, openRun{numbers[i], claims[i], time.UnixMilli(touched[i])})
	}
	return s, nil
}

// restore restores the verdicts of rows changed by interrupted runs, and closes
// those runs.
func (w *Warehouse) restore(ctx context.Context, r *Run, abandoned []openRun) error {
	if len(abandoned) == 0 {
		return nil
	}
	numbers := make([]uint32, len(abandoned))
	for i := range abandoned {
		numbers[i] = abandoned[i].number
	}
	for _, query := range []string{"restore_opens", "restore_clicks"} {
		if err := w.conn.Exec(replacing(ctx), schema.Query(query), clickhouse.Named("run", r.Number), clickhouse.Named("abandoned", numbers)); err != nil {
			return fmt.Errorf("restore verdicts: %w", err)
		}
	}
	for _, old := range abandoned {
		over := Run{Number: old.number, Kind: r.Kind, StartedAt: old.touchedAt, claim: old.claim, step: abandonStep, state: runAbandoned}
		if err := w.keepRun(ctx, &over); err != nil {
			return err
		}
	}
	return nil
}

// abandonStep is above the steps of any run.
const abandonStep = 1 << 31

// replacing returns the settings of inserts whose rows replace each other by
// key.
func replacing(ctx context.Context, more ...clickhouse.QueryOption) context.Context {
	return clickhouse.Context(ctx, append(more, clickhouse.WithSettings(clickhouse.Settings{
		"async_insert":                    0,
		"insert_deduplicate":              0,
		"max_partitions_per_insert_block": 0,
	}))...)
}

// keepRun stores the next step of a run.
func (w *Warehouse) keepRun(ctx context.Context, r *Run) error {
	r.step, r.touchedAt = r.step+1, time.Now()
	name := fmt.Sprintf("judgement-%d-%d-%d", r.Number, r.claim, r.step)
	return insert(ctx, w, "judgements", runColumns, name, []Run{*r})
}

// TouchRun records that a run is alive. It fails if another run has considered
// it dead: then it must end.
func (w *Warehouse) TouchRun(ctx context.Context, r *Run) error {
	states, err := w.runStates(ctx)
	if err != nil {
		return err
	}
	for _, open := range states.open {
		if open.claim == r.claim {
			return w.keepRun(ctx, r)
		}
	}
	return fmt.Errorf("run %d was taken for dead: %w", r.Number, ErrRunGoesOn)
}

// ApplyRun makes the verdicts written by a run visible, all at once.
func (w *Warehouse) ApplyRun(ctx context.Context, r *Run) error {
	if err := w.TouchRun(ctx, r); err != nil {
		return err
	}
	r.state, r.appliedAt = runApplied, time.Now()
	if err := w.keepRun(ctx, r); err != nil {
		return fmt.Errorf("apply run: %w", err)
	}
	return nil
}

// AbandonRun lets the next run restore at once the rows that r has written, if
// any.
func (w *Warehouse) AbandonRun(ctx context.Context, r *Run) error {
	if err := w.restore(ctx, r, []openRun{{r.Number, r.claim, r.touchedAt}}); err != nil {
		return err
	}
	return nil
}

// ActiveRun returns the number of the last applied run, or 0. The read-only
// user may call it.
func (w *Warehouse) ActiveRun(ctx context.Context) (run uint32, err error) {
	if err := w.ask(ctx, "active_run", nil, &run); err != nil {
		return 0, fmt.Errorf("read last run of judge: %w", err)
	}
	return run, nil
}

// CampaignNames returns the names of all campaigns by their ids.
func (w *Warehouse) CampaignNames(ctx context.Context) (map[uint64]string, error) {
	var n uint64
	var ids []uint64
	var names []string
	if err := w.ask(ctx, "all_campaign_names", nil, &n, &ids, &names); err != nil {
		return nil, fmt.Errorf("read names of campaigns: %w", err)
	}
	if uint64(len(ids)) != n || uint64(len(names)) != n {
		return nil, fmt.Errorf("read names of campaigns: %w", ErrAnswer)
	}
	all := make(map[uint64]string, n)
	for i := range ids {
		all[ids[i]] = names[i]
	}
	return all, nil
}
