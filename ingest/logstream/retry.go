package logstream

import (
	"context"
	"time"

	"glint/ingest/host/backoff"
)

// The pauses between tries, doubling from the first to the last.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// Retry returns a Send that repeats send until it succeeds, its error is not
// retryable, or the context ends. The pauses are randomized.
func Retry(send Send, retryable func(error) bool) Send {
	return func(ctx context.Context, body []byte) error {
		for pauses := (backoff.Backoff{First: firstPause, Last: lastPause}); ; {
			err := send(ctx, body)
			if err == nil || !retryable(err) {
				return err
			}
			if pauses.Wait(ctx) != nil {
				return err
			}
		}
	}
}
