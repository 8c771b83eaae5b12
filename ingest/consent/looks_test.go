package consent

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/warehouse"
)

// slowTable is a table of withdrawals whose answer has what stood there when it was asked.
type slowTable struct {
	rows atomic.Uint64
	row  atomic.Pointer[uuid.UUID]
	hold chan struct{} // received from before each answer
	away atomic.Bool
}

var errAway = errors.New("the table is away")

func (s *slowTable) WithdrawalState(ctx context.Context) (uint64, time.Time, error) {
	rows := s.rows.Load()
	select {
	case <-ctx.Done():
		return 0, time.Time{}, ctx.Err()
	case <-s.hold:
	}
	if s.away.Load() {
		return 0, time.Time{}, errAway
	}
	return rows, testTime, nil
}

func (s *slowTable) WithdrawnMessages(_ context.Context, _ time.Time, visit func(uuid.UUID, warehouse.Fate)) error {
	if row := s.row.Load(); row != nil {
		visit(*row, warehouse.FateCount)
	}
	return nil
}

func (s *slowTable) ErasedMessages(context.Context, time.Time, func(warehouse.ErasedHash)) error {
	return nil
}

func (s *slowTable) ApplyWithdrawals(context.Context, time.Time) (warehouse.Swept, error) {
	return warehouse.Swept{}, nil
}

func following(t *testing.T, s *slowTable) *Follower {
	t.Helper()
	f := NewFollower(&Set{}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); f.Run(ctx, s) }()
	t.Cleanup(func() { cancel(); <-ended })
	return f
}

// TestAwaitKnowsWhatWasRecordedBefore records a withdrawal while a look is under way that
// cannot see it: that look's end is not what Await waits for.
func TestAwaitKnowsWhatWasRecordedBefore(t *testing.T) {
	s := &slowTable{hold: make(chan struct{})}
	f := following(t, s)
	for range 5 {
		message := uuid.New()
		s.row.Store(&message)
		s.rows.Add(1)
		recorded := time.Now()
		done := make(chan error, 1)
		go func() { done <- f.Await(t.Context(), recorded) }()
		var err error
		for waits := true; waits; {
			select {
			case s.hold <- struct{}{}:
			case err = <-done:
				waits = false
			}
		}
		if err != nil || f.Set.Fate(message) != warehouse.FateCount {
			t.Fatalf("%v, %v", f.Set.Fate(message), err)
		}
	}
}

func TestAwaitEndsWithoutAnAnswer(t *testing.T) {
	s := &slowTable{hold: make(chan struct{})}
	f := following(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Await(ctx, time.Now()); !errors.Is(err, context.Canceled) {
		t.Errorf("without an answer: %v", err)
	}
	s.away.Store(true)
	close(s.hold)
	if err := f.Await(t.Context(), time.Now()); err != nil {
		t.Errorf("a failed look: %v", err)
	}
	if err := f.Await(t.Context(), time.Now().Add(24*time.Hour)); err != nil {
		t.Errorf("after the clock was set back: %v", err)
	}
}
