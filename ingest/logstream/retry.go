package logstream

import (
	"context"
	"math/rand/v2"
	"time"
)

// The pauses between tries, doubled from the first to the last.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// Retry returns a Send that repeats send until it succeeds, its error is not
// retryable, or the context ends. The pauses are spread by chance.
func Retry(send Send, retryable func(error) bool) Send {
	return func(ctx context.Context, body []byte) error {
		for pause := firstPause; ; pause = min(2*pause, lastPause) {
			err := send(ctx, body)
			if err == nil || !retryable(err) {
				return err
			}
			select {
			case <-ctx.Done():
				return err
			case <-time.After(pause/2 + rand.N(pause)):
			}
		}
	}
}
