package batch

import (
	"sync"
	"time"
)

// acknowledger turns batches that are done in any order into one point up to
// which all is done.
type acknowledger struct {
	mu      sync.Mutex
	batches []*namedBatch // in the order of their records, the oldest first
}

// batches is a batch on its way.
type namedBatch struct {
	Manifest
	bodies  []Body
	isRetry bool // it may have been tried by an earlier Run
	done    bool
}

// oldest is when the first of its records was received; zero without records,
// if all are in quarantine.
func (b *namedBatch) oldest() (at time.Time) {
	for i := range b.bodies {
		if at.IsZero() || b.bodies[i].ReceivedAt.Before(at) {
			at = b.bodies[i].ReceivedAt
		}
	}
	return at
}

// free lets the records go.
func (b *namedBatch) free() {
	for i := range b.bodies {
		if b.bodies[i].Free != nil {
			b.bodies[i].Free()
		}
	}
	b.bodies = nil
}

func (a *acknowledger) add(b *namedBatch) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.batches = append(a.batches, b)
}

// done marks b and calls advance, one call at a time, with the last record of
// which all before are done, if that has moved.
func (a *acknowledger) done(b *namedBatch, advance func(last uint64) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	b.done = true
	var last uint64
	for len(a.batches) > 0 && a.batches[0].done {
		last = a.batches[0].Last
		a.batches = a.batches[1:]
	}
	if last == 0 {
		return nil
	}
	return advance(last)
}
