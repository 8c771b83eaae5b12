package batch

import (
	"sync"
	"time"
)

// acknowledger turns batches that are done in any order into one point up to
// which all is done.
type acknowledger struct {
	mu      sync.Mutex
	decided []*decided // in the order of their records, the oldest first
}

// decided is a batch on its way.
type decided struct {
	Manifest
	bodies []Body
	again  bool // it may have been tried by an earlier Run
	done   bool
}

// oldest is when the first of its records was received; zero without records,
// if all are in quarantine.
func (b *decided) oldest() (at time.Time) {
	for i := range b.bodies {
		if at.IsZero() || b.bodies[i].ReceivedAt.Before(at) {
			at = b.bodies[i].ReceivedAt
		}
	}
	return at
}

// free lets the records go.
func (b *decided) free() {
	for i := range b.bodies {
		if b.bodies[i].Free != nil {
			b.bodies[i].Free()
		}
	}
	b.bodies = nil
}

func (a *acknowledger) add(b *decided) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.decided = append(a.decided, b)
}

// done marks b and calls advance, one call at a time, with the last record of
// which all before are done, if that has moved.
func (a *acknowledger) done(b *decided, advance func(last uint64) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	b.done = true
	var last uint64
	for len(a.decided) > 0 && a.decided[0].done {
		last = a.decided[0].Last
		a.decided = a.decided[1:]
	}
	if last == 0 {
		return nil
	}
	return advance(last)
}
