package consent

import (
	"context"
	"sync"
	"time"
)

// looks are the times at which a Follower has asked the warehouse.
type looks struct {
	wanted chan struct{} // has room for one wish; nil: only Load is used

	mu    sync.Mutex
	began time.Time     // of the latest look that has ended
	next  chan struct{} // closed when the next one ends; nil: no caller waits for it
}

// ended records the end of a look.
func (l *looks) ended(began time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.began = began
	if l.next != nil {
		close(l.next)
		l.next = nil
	}
}

// until returns nil if a look that began after that time has ended, or else a channel that
// is closed when the next look ends.
func (l *looks) until(recorded time.Time) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.began.After(recorded) {
		return nil
	}
	if l.next == nil {
		l.next = make(chan struct{})
	}
	return l.next
}

// Await returns once the set has what was recorded before that time: after a look that
// began later has ended. A failed look counts too, since a warehouse that does not answer
// records no choice. It returns the error of ctx, at the latest.
func (f *Follower) Await(ctx context.Context, recorded time.Time) error {
	if now := time.Now(); recorded.After(now) { // the clock was set back
		recorded = now
	}
	for {
		next := f.looks.until(recorded)
		if next == nil {
			return nil
		}
		select {
		case f.looks.wanted <- struct{}{}:
		default:
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-next:
		}
	}
}
