package resolve

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/warehouse"
)

// fakeHouse has waiting opens of which some can be moved.
type fakeHouse struct {
	waiting    warehouse.Waiting
	resolvable int
	deliveries uint64 // that can be moved
	looks      int
	err        error
}

func (f *fakeHouse) Waiting(context.Context) (warehouse.Waiting, error) {
	f.looks++
	return f.waiting, f.err
}

func (f *fakeHouse) MoveResolved(_ context.Context, limit int) (int, error) {
	n := min(limit, f.resolvable)
	f.resolvable -= n
	f.waiting.UnresolvedOpens -= uint64(n)
	return n, nil
}

func (f *fakeHouse) WaitingDeliveries(context.Context) (n warehouse.WaitingDeliveries, err error) {
	return warehouse.WaitingDeliveries{Waiting: f.deliveries + 3, Resolvable: f.deliveries}, f.err
}

func (f *fakeHouse) MoveDeliveries(context.Context) error {
	f.deliveries = 0
	return nil
}

func TestEventsAreMovedOnce(t *testing.T) {
	h := &fakeHouse{deliveries: 5}
	m := newMover(h)
	for range 2 {
		if err := m.passDeliveries(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if m.movedDeliveries.Load() != 5 || m.deliveries.Load() != 3 {
		t.Errorf("moved %d, waiting %d", m.movedDeliveries.Load(), m.deliveries.Load())
	}
}

func newMover(h *fakeHouse) *Mover {
	return New(h, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
}

// run lets a Mover work for that long, by a clock that does not wait.
func run(t *testing.T, h *fakeHouse, d time.Duration) *Mover {
	m := newMover(h)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		m.Run(ctx)
	})
	return m
}

func TestAllThatCanBeMovedIsMovedAtOnce(t *testing.T) {
	h := &fakeHouse{waiting: warehouse.Waiting{UnresolvedOpens: 200_000}, resolvable: 3*moveLimit + 7}
	m := run(t, h, time.Second)
	if h.resolvable != 0 || m.moved.Load() != 3*moveLimit+7 {
		t.Errorf("%d were left, %d moved", h.resolvable, m.moved.Load())
	}
}

func TestItLooksAgainEveryTwoSecondsAlsoAfterAnError(t *testing.T) {
	h := &fakeHouse{err: errors.New("down")}
	run(t, h, 21*time.Second)
	if h.looks != 11 {
		t.Errorf("%d looks in 21 s", h.looks)
	}
}

func TestRowsAreTakenUpToTheCap(t *testing.T) {
	h := &fakeHouse{waiting: warehouse.Waiting{UnresolvedOpens: MaxUnresolved - 10, BadTokens: MaxBadTokens + 5}}
	m := newMover(h)
	if _, err := m.pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{6, 4, 0} {
		if got := m.TakeUnresolved(6); got != want {
			t.Errorf("call %d took %d of 6, want %d", i, got, want)
		}
	}
	if got := m.TakeBadTokens(1); got != 0 {
		t.Errorf("took %d rows beyond the cap", got)
	}
	h.waiting = warehouse.Waiting{}
	if _, err := m.pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := m.TakeUnresolved(6); got != 6 {
		t.Errorf("took %d of 6 although there is room again", got)
	}
}
