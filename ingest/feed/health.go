package feed

import (
	"sync"
	"time"

	"glint/ingest/host/backoff"
)

// health decides whether the target is tried: one that has failed again and again is
// left alone for longer and longer, whatever event it is about. It is safe for
// concurrent use once report is set.
type health struct {
	report func(down bool, fault error)

	mu       sync.Mutex
	failures int // without a success between them
	pauses   backoff.Backoff
	until    time.Time // of the pause
	probing  bool      // the first try after a pause is under way
	gone     bool
}

// downAfter is how many failures one after the other are the target's rather than the
// event's.
const downAfter = 2 * senders

// The pauses of a target, and of an event at a target that takes others.
const (
	firstPause = 5 * time.Second
	lastPause  = 5 * time.Minute
)

// tries reports whether a try may begin now.
func (h *health) tries(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.gone && !h.until.After(now) && (h.failures < downAfter || !h.probing)
}

// begin is tries for one that does begin.
func (h *health) begin(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone || h.until.After(now) || h.failures >= downAfter && h.probing {
		return false
	}
	h.probing = h.failures >= downAfter
	return true
}

// end takes the result of a try.
func (h *health) end(now time.Time, f fate, wait time.Duration, fault error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.probing = false
	if f == done {
		if h.failures >= downAfter {
			h.report(false, nil)
		}
		h.failures, h.pauses, h.until = 0, backoff.Backoff{}, time.Time{}
		return
	}
	h.gone = h.gone || f == gone
	if h.failures++; h.failures == downAfter {
		h.report(true, fault)
	}
	if h.failures >= downAfter && !h.until.After(now) { // else it failed along with others
		if h.pauses.First == 0 {
			h.pauses = backoff.Backoff{First: firstPause, Last: lastPause}
		}
		wait = max(wait, h.pauses.Next())
	}
	if until := now.Add(wait); wait > 0 && until.After(h.until) {
		h.until = until
	}
}

// ended reports whether the target wants no more.
func (h *health) ended() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.gone
}

// cancelled takes a try that was called off.
func (h *health) cancelled() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.probing = false
}
