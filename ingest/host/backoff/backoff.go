// Package backoff provides pauses between retries, for example of requests to a
// server that does not answer. Pauses double from try to try.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff generates the pauses between the retries of one operation. It is not
// safe for concurrent use.
type Backoff struct {
	First, Last time.Duration // shortest and longest pause; both above zero

	pause time.Duration // last pause; zero: none yet
}

// Next returns the next pause: First, then twice the last one, at most Last.
func (b *Backoff) Next() time.Duration {
	b.pause = min(max(2*b.pause, b.First), b.Last)
	return b.pause
}

// Reset makes the next pause the first one again, after a success.
func (b *Backoff) Reset() { b.pause = 0 }

// Wait waits for approximately the next pause, as Spread does.
func (b *Backoff) Wait(ctx context.Context) error { return Spread(ctx, b.Next()) }

// Spread waits for a random time between d/2 and 3d/2, so that many clients do
// not retry at once. It returns the error of ctx if ctx ends first.
func Spread(ctx context.Context, d time.Duration) error { return Sleep(ctx, d/2+rand.N(d)) }

// Sleep waits for d. It returns the error of ctx if ctx ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
