package logstream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"glint/ingest/host/backoff"
)

// ErrImpatient is wrapped by Patient's error once ingest has taken nothing for
// its Patience.
var ErrImpatient = errors.New("logstream: ingest took nothing for too long")

// Patient repeats requests to ingest, with the pauses that ingest asks for, and
// for at most Patience without any success. It is safe for concurrent use.
type Patient struct {
	Patience time.Duration   // since the first try in vain after the last success
	Note     func(err error) // called at most every 10 s with the reason of a wait; nil: not called

	mu    sync.Mutex
	since time.Time // when tries began to be in vain; zero: the last one was not
	noted time.Time
}

// The longest pause between two tries, whatever ingest asks for.
const longestPause = time.Minute

// Do calls try until it succeeds. It gives up with the last error if ingest will
// never take the same body, with the context's if that ends, and with ErrImpatient.
func (p *Patient) Do(ctx context.Context, try func(context.Context) error) error {
	for pauses := (backoff.Backoff{First: firstPause, Last: lastPause}); ; {
		err := try(ctx)
		if err == nil {
			p.succeeded()
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !passing(err) {
			return err
		}
		if p.missed(err) {
			return fmt.Errorf("%w (%v): %w", ErrImpatient, p.Patience, err)
		}
		wait := pauses.Next()
		if status, ok := errors.AsType[*StatusError](err); ok {
			wait = min(max(wait, status.RetryAfter), longestPause)
		}
		// Not sooner than ingest asks for.
		if err := backoff.Sleep(ctx, wait+rand.N(wait/2)); err != nil {
			return err
		}
	}
}

// passing reports whether the same body may be taken later.
func passing(err error) bool {
	if status, ok := errors.AsType[*StatusError](err); ok && status.Status == http.StatusRequestTimeout {
		return true
	}
	return RetryablePost(err)
}

func (p *Patient) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = time.Time{}
}

// missed takes note of a try in vain, and reports whether it was the last.
func (p *Patient) missed(err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.since.IsZero() {
		p.since = now
		return false
	}
	if now.Sub(p.since) > p.Patience {
		return true
	}
	if p.Note != nil && now.Sub(p.noted) >= 10*time.Second {
		p.noted = now
		p.Note(err)
	}
	return false
}
