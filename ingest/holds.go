package ingest

import (
	"math"
	"sync"

	"glint/ingest/batch"
	"glint/ingest/wal"
)

// hold is the source of a lane that several read: the warehouse, the archive, and each
// mirror. The log may delete what none of them needs any more.
type hold struct {
	batch.Source
	mu    sync.Mutex
	needs map[string]uint64 // by reader, the first record that it needs
}

// The readers of a lane beside its mirrors, which have names of their own.
const (
	readerWarehouse = "warehouse"
	readerArchive   = "archive"
)

// halfFull reports whether the log has so little room left that it goes on without the
// archive, or without a mirror.
func halfFull(log *wal.Log) bool { return log.Bytes() > log.MaxBytes()/2 }

// newHold returns the source of a lane that the warehouse reads. Until it says what it
// needs, all stays.
func newHold(source batch.Source) *hold {
	return &hold{Source: source, needs: map[string]uint64{readerWarehouse: 0}}
}

// reader returns the source as one of its readers has it.
func (h *hold) reader(name string) batch.Source { return heldFor{h, name} }

type heldFor struct {
	*hold
	name string
}

// Release implements batch.Source. Of a reader that has left nothing is kept by it.
func (r heldFor) Release(before uint64) (oldest uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.needs[r.name] == nothing {
		before = nothing
	}
	return r.need(r.name, before)
}

// nothing is what a reader needs that has left.
const nothing = math.MaxUint64

// release says that a reader needs the records from one on.
func (h *hold) release(name string, before uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.need(name, before)
}

// need is release under the lock.
func (h *hold) need(name string, before uint64) (oldest uint64) {
	h.needs[name] = before
	least := uint64(nothing)
	for _, first := range h.needs {
		least = min(least, first)
	}
	return h.Release(least)
}

// leave lets the log delete what only this reader needs, until release says what it
// needs again.
func (h *hold) leave(name string) { h.release(name, nothing) }

// needed returns the first record that a reader needs.
func (h *hold) needed(name string) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.needs[name]
}

// behind is how many records a reader is behind the warehouse.
func (h *hold) behind(name string) float64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.needs[readerWarehouse] <= h.needs[name] {
		return 0
	}
	return float64(h.needs[readerWarehouse] - h.needs[name])
}
