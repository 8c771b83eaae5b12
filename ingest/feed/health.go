package feed

import (
	"sync"
	"time"

	"glint/ingest/host/backoff"
)

// health decides whether to try the target. After repeated failures it pauses all events,
// for longer and longer. It is safe for concurrent use once report is set.
type health struct {
	report func(down bool, fault error)

	mu       sync.Mutex
	failures int // consecutive failures
	pauses   backoff.Backoff
	until    time.Time // end of the pause
	probing  bool      // the first try after a pause is running
	gone     bool
}

// downAfter is the number of consecutive failures after which the target, not the event,
// is considered faulty.
const downAfter = 2 * senders

// The pauses of a target, and of an event at a target that accepts others.
const (
	firstPause = 5 * time.Second
	lastPause  = 5 * time.Minute
)

// tries reports whether a try may start now.
func (h *health) tries(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.gone && !h.until.After(now) && (h.failures < downAfter || !h.probing)
}

// begin is tries, and records the start of the try.
func (h *health) begin(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone || h.until.After(now) || h.failures >= downAfter && h.probing {
		return false
	}
	h.probing = h.failures >= downAfter
	return true
}

// end records the result of a try.
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
	if h.failures >= downAfter && !h.until.After(now) { // otherwise it failed together with others
		if h.pauses.First == 0 {
			h.pauses = backoff.Backoff{First: firstPause, Last: lastPause}
		}
		wait = max(wait, h.pauses.Next())
	}
	if until := now.Add(wait); wait > 0 && until.After(h.until) {
		h.until = until
	}
}

// ended reports whether the target has answered 410.
func (h *health) ended() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.gone
}

// cancelled records a cancelled try.
func (h *health) cancelled() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.probing = false
}
