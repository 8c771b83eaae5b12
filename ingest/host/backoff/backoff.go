// Package backoff waits between the tries of what may succeed later: a server
// that does not answer, a disk that is full. Pauses double from try to try.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff is the pauses between the tries of one thing. It is not safe for
// concurrent use.
type Backoff struct {
	First, Last time.Duration // of the pauses; both above zero

	pause time.Duration // the last one; zero: there was none
}

// Next returns the next pause: First, then twice the last one, at most Last.
func (b *Backoff) Next() time.Duration {
	b.pause = min(max(2*b.pause, b.First), b.Last)
	return b.pause
}

// Reset makes the next pause the first one, after a try that succeeded.
func (b *Backoff) Reset() { b.pause = 0 }

// Wait waits for about the next pause, as Spread does.
func (b *Backoff) Wait(ctx context.Context) error { return Spread(ctx, b.Next()) }

// Spread waits between d/2 and 3d/2, by chance, so that many who wait do not
// come at once. It returns the error of ctx if that ends first.
func Spread(ctx context.Context, d time.Duration) error { return Sleep(ctx, d/2+rand.N(d)) }

// Sleep waits for d. It returns the error of ctx if that ends first.
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
