// Package snapshots precomputes the report of each campaign, and the breakdowns of large ones.
//
// A Refresher finds the campaigns that have changed since their report was
// stored, by marks that every insert changes: so it misses nothing, whatever program
// inserts and however long the service was down. It recomputes small campaigns
// at once, and large ones at intervals in proportion to their cost. A reader
// uses the snapshot if nothing has changed since, or if it is recent enough
// (warehouse.ReportOf). So a Refresher that is slow or down makes reports
// slower, never wrong.
package snapshots

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/host/backoff"
	"glint/ingest/warehouse"
)

// Warehouse is the part of ClickHouse that a Refresher uses;
// *warehouse.Warehouse implements it.
type Warehouse interface {
	ChangeMark(ctx context.Context) (uint64, error)
	SnapshotStates(ctx context.Context) ([]warehouse.SnapshotState, time.Time, error)
	RefreshNumbers(ctx context.Context, campaign uint64) error
	RefreshEstimates(ctx context.Context, campaign uint64) error
	RefreshBreakdowns(ctx context.Context, campaign uint64) error
	MarkRecentChanges(ctx context.Context) error
}

// The pace of Run.
const (
	lookPause = 500 * time.Millisecond // pause between two checks for changes
	slowPause = 2 * time.Second        // the same for what takes seconds in any case
	lookRatio = 10                     // the next pause is at least this multiple of a check's duration
	maxPause  = 30 * time.Second
	passTime  = 2 * time.Second // after this time a pass checks for new changes
	idleLook  = 30 * time.Second
)

// Refresher keeps snapshots current. It is safe for concurrent use; Run is called
// once.
type Refresher struct {
	Warehouse Warehouse
	Logger    *slog.Logger

	behind    atomic.Int64
	refreshes prometheus.Counter
	seconds   prometheus.Counter
	faults    prometheus.Counter
}

// New returns a Refresher and registers its metrics.
func New(w Warehouse, logger *slog.Logger, r prometheus.Registerer) *Refresher {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		r.MustRegister(c)
		return c
	}
	s := &Refresher{
		Warehouse: w, Logger: logger,
		refreshes: counter("glint_snapshot_refreshes_total", "Reports that were computed ahead of their being asked for."),
		seconds:   counter("glint_snapshot_refresh_seconds_total", "Seconds that computing them took."),
		faults:    counter("glint_snapshot_faults_total", "Tries to compute a report ahead that failed; they are repeated."),
	}
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "glint_snapshots_behind", Help: "Campaigns whose report has not been computed since their last change.",
	}, func() float64 { return float64(s.behind.Load()) }))
	return s
}

// Run works until ctx ends: on the numbers of reports, and concurrently on those of the largest
// campaigns and on estimates and breakdowns, which take longer.
func (r *Refresher) Run(ctx context.Context) {
	marked := make(chan struct{})
	var working sync.WaitGroup
	for _, k := range []kind{largest, estimates, breakdowns} {
		working.Go(func() {
			select {
			case <-marked:
				r.loop(ctx, &planner{kind: k}, nil)
			case <-ctx.Done():
			}
		})
	}
	r.loop(ctx, &planner{kind: numbers}, func(ctx context.Context) error {
		err := r.Warehouse.MarkRecentChanges(ctx)
		if err == nil {
			close(marked)
		}
		return err
	})
	working.Wait()
}

// loop refreshes one kind until ctx ends, beginning once first has succeeded;
// nil: at once.
func (r *Refresher) loop(ctx context.Context, plan *planner, first func(context.Context) error) {
	pauses := backoff.Backoff{First: lookPause, Last: maxPause}
	seen, lookAt := uint64(0), time.Time{}
	for ctx.Err() == nil {
		began := time.Now()
		err := func() (err error) {
			if first != nil {
				if err = first(ctx); err != nil {
					return err
				}
				first = nil
			}
			mark, err := r.Warehouse.ChangeMark(ctx)
			if err != nil || mark == seen && began.Before(lookAt) {
				return err
			}
			next, err := r.pass(ctx, plan)
			if err == nil {
				seen, lookAt = mark, time.Now().Add(next)
			}
			return err
		}()
		pause := min(max(paces[plan.kind].look, time.Since(began)/lookRatio), maxPause)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			r.faults.Inc()
			pause = pauses.Next()
			r.Logger.Warn("reports not computed ahead, trying again", "error", err, "pause", pause)
		default:
			pauses.Reset()
		}
		_ = backoff.Sleep(ctx, pause) // the loop ends with ctx
	}
}

// pass refreshes what is due, and returns when the next refresh is due if no
// campaign changes: after idleLook at most.
func (r *Refresher) pass(ctx context.Context, plan *planner) (next time.Duration, err error) {
	states, now, err := r.Warehouse.SnapshotStates(ctx)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	due, next, behind := plan.due(states, now, began)
	refresh := r.Warehouse.RefreshNumbers
	switch plan.kind {
	case numbers:
		r.behind.Store(int64(behind))
	case estimates:
		refresh = r.Warehouse.RefreshEstimates
	case breakdowns:
		refresh = r.Warehouse.RefreshBreakdowns
	}
	for i, campaign := range due {
		if i > 0 && time.Since(began) > passTime {
			return 0, nil // check for changes that are more urgent
		}
		began := time.Now()
		err := refresh(ctx, campaign)
		took := time.Since(began)
		plan.refreshed(campaign, began, took)
		if err != nil {
			return 0, err
		}
		r.refreshes.Inc()
		r.seconds.Add(took.Seconds())
		if err := backoff.Sleep(ctx, min(time.Duration(paces[plan.kind].rest*float64(took)), maxPause)); err != nil {
			return 0, err
		}
	}
	if len(due) > 0 {
		return 0, nil
	}
	return next, nil
}
