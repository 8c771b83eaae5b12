package backoff

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPausesDoubleUpToTheLast(t *testing.T) {
	b := Backoff{First: time.Second, Last: 5 * time.Second}
	for round := range 2 {
		for i, want := range []time.Duration{1, 2, 4, 5, 5} {
			if got := b.Next(); got != want*time.Second {
				t.Errorf("round %d, pause %d is %v, want %v", round, i, got, want*time.Second)
			}
		}
		b.Reset()
	}
}

func TestWaitIsSpreadAndEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := map[time.Duration]bool{}
		for range 20 {
			began := time.Now()
			if err := Spread(t.Context(), time.Second); err != nil {
				t.Fatal(err)
			}
			waited := time.Since(began)
			if waited < time.Second/2 || waited > 3*time.Second/2 {
				t.Errorf("waited %v", waited)
			}
			seen[waited] = true
		}
		if len(seen) < 2 {
			t.Error("all waits are equal")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("sleep: %v", err)
		}
	})
}
