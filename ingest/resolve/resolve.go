// Package resolve moves opens and other events once their message is
// registered.
//
// A plain UUID URL does not name its campaign. If it is opened before the
// message is registered, the open waits in the table unresolved_opens; a Mover
// repeatedly moves the opens whose message is registered by then to the table
// opens. An event that a sender imported too early waits in the table
// unresolved_deliveries. The package also holds the limits of the tables that
// strangers can fill.
package resolve

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/warehouse"
)

// The limits. A row of unresolved_opens takes about 70 bytes of disk, one of
// bad_tokens about 100.
const (
	MaxUnresolved = 10_000_000
	MaxBadTokens  = 1_000_000
)

// Warehouse is the part of ClickHouse that a Mover uses; *warehouse.Warehouse
// implements it.
type Warehouse interface {
	MoveResolved(ctx context.Context, limit int) (moved int, err error)
	Waiting(ctx context.Context) (warehouse.Waiting, error)
	WaitingDeliveries(ctx context.Context) (warehouse.WaitingDeliveries, error)
	MoveDeliveries(ctx context.Context) error
}

// Mover moves opens and tracks how full the limited tables are. Its zero
// counters are correct for empty tables. It is safe for concurrent use.
type Mover struct {
	Warehouse Warehouse
	Logger    *slog.Logger

	deliveries, movedDeliveries atomic.Int64

	unresolved room
	badTokens  room
	moved      atomic.Int64
}

// New returns a Mover and registers its metrics.
func New(w Warehouse, logger *slog.Logger, r prometheus.Registerer) *Mover {
	m := &Mover{Warehouse: w, Logger: logger}
	m.unresolved.limit, m.badTokens.limit = MaxUnresolved, MaxBadTokens
	gauge := func(name, help string, value func() int64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help},
			func() float64 { return float64(value()) }))
	}
	gauge("glint_unresolved_opens", "Opens of plain UUIDs that wait for their message to be registered.", m.unresolved.rows.Load)
	gauge("glint_unresolved_deliveries", "Events other than opens that wait for their message to be registered.", m.deliveries.Load)
	gauge("glint_bad_tokens", "Requests with bad tokens that are kept for a look.", m.badTokens.rows.Load)
	r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "glint_unresolved_opens_moved_total", Help: "Opens of plain UUIDs that were moved once their message was registered.",
	}, func() float64 { return float64(m.moved.Load()) }))
	r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "glint_unresolved_deliveries_moved_total", Help: "Events other than opens that were moved once their message was registered.",
	}, func() float64 { return float64(m.movedDeliveries.Load()) }))
	return m
}

// The pace of Run. Reading large tables takes long, so the next pause is
// longer: at most a twentieth of the time is spent on it.
const (
	moveLimit = 50_000
	minPause  = 2 * time.Second
	maxPause  = 5 * time.Minute
	idleRatio = 20
)

// Run works until ctx ends.
func (m *Mover) Run(ctx context.Context) {
	for pause := time.Duration(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		began := time.Now()
		moved, err := m.pass(ctx)
		err = errors.Join(err, m.passDeliveries(ctx))
		pause = min(max(minPause, idleRatio*time.Since(began)), maxPause)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			m.Logger.Warn("waiting opens not looked through, trying again", "error", err, "pause", pause)
		case moved == moveLimit:
			pause = 0 // there are more
		}
	}
}

// pass counts the waiting opens, and moves those that can be moved.
func (m *Mover) pass(ctx context.Context) (moved int, err error) {
	waiting, err := m.Warehouse.Waiting(ctx)
	if err != nil {
		return 0, err
	}
	m.unresolved.rows.Store(int64(waiting.UnresolvedOpens))
	m.badTokens.rows.Store(int64(waiting.BadTokens))
	if waiting.UnresolvedOpens == 0 {
		return 0, nil
	}
	moved, err = m.Warehouse.MoveResolved(ctx, moveLimit)
	m.moved.Add(int64(moved))
	return moved, err
}

// passDeliveries does the same for events other than opens.
func (m *Mover) passDeliveries(ctx context.Context) error {
	n, err := m.Warehouse.WaitingDeliveries(ctx)
	if err != nil {
		return err
	}
	m.deliveries.Store(int64(n.Waiting))
	if n.Resolvable == 0 {
		return nil
	}
	if err := m.Warehouse.MoveDeliveries(ctx); err != nil {
		return err
	}
	m.movedDeliveries.Add(int64(n.Resolvable))
	m.deliveries.Store(int64(n.Waiting - n.Resolvable))
	return nil
}

// TakeUnresolved returns the number of the rows that still fit into unresolved_opens.
func (m *Mover) TakeUnresolved(rows int) (taken int) { return m.unresolved.take(rows) }

// TakeBadTokens returns the number of the rows that still fit into bad_tokens.
func (m *Mover) TakeBadTokens(rows int) (taken int) { return m.badTokens.take(rows) }

// room estimates the rows of a table: the last count plus the rows inserted
// since.
type room struct {
	limit int64
	rows  atomic.Int64
}

func (r *room) take(rows int) (taken int) {
	free := max(0, r.limit-r.rows.Load())
	taken = int(min(free, int64(rows)))
	r.rows.Add(int64(taken))
	return taken
}
