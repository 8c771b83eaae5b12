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

// ErrImpatient is wrapped by Patient's error once ingest has accepted nothing
// for Patience.
var ErrImpatient = errors.New("logstream: ingest took nothing for too long")

// Patient retries requests to ingest, with the pauses that ingest asks for,
// until there is no success for Patience. It is safe for concurrent use.
type Patient struct {
	Patience time.Duration   // measured from the first failure after the last success
	Note     func(err error) // called at most every 10 s with the reason for waiting; nil: not called

	mu    sync.Mutex
	since time.Time // time of that first failure; zero: the last try succeeded
	noted time.Time
}

// longestPause is the longest pause between two tries, whatever ingest asks
// for.
const longestPause = time.Minute

// Do calls try until it succeeds. It gives up with the last error if ingest
// will never accept the same body, with the context's error if that ends, and
// with ErrImpatient.
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

// passing reports whether the same body may be accepted later.
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

// missed records a failure, and reports whether patience has ended.
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
