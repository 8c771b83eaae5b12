package ingest

import (
	"math"
	"sync"

	"glint/ingest/batch"
	"glint/ingest/wal"
)

// hold is the source of a lane with several readers: the warehouse, the
// archive, and each mirror. The log may delete a record once no reader needs
// it.
type hold struct {
	batch.Source
	mu    sync.Mutex
	needs map[string]uint64 // first record that each reader needs
}

// The readers of a lane; each mirror is a further one, see mirror.reader.
const (
	readerWarehouse = "warehouse"
	readerArchive   = "archive"
)

// halfFull reports whether the log is so full that it no longer waits for the
// archive or a mirror.
func halfFull(log *wal.Log) bool { return log.Bytes() > log.MaxBytes()/2 }

// newHold returns the source of a lane that the warehouse reads. Until the
// warehouse releases records, all are kept.
func newHold(source batch.Source) *hold {
	return &hold{Source: source, needs: map[string]uint64{readerWarehouse: 0}}
}

// reader returns the source for one of its readers.
func (h *hold) reader(name string) batch.Source { return heldFor{h, name} }

type heldFor struct {
	*hold
	name string
}

// Release implements batch.Source. A reader that has left holds back nothing.
func (r heldFor) Release(before uint64) (oldest uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.needs[r.name] == nothing {
		before = nothing
	}
	return r.need(r.name, before)
}

// nothing is the need of a reader that has left.
const nothing = math.MaxUint64

// release records that a reader needs only the records from one on.
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

// leave lets the log delete records that only this reader needs, until its next
// release.
func (h *hold) leave(name string) { h.release(name, nothing) }

// needed returns the first record that a reader needs.
func (h *hold) needed(name string) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.needs[name]
}

// behind returns the number of records by which a reader is behind the warehouse.
func (h *hold) behind(name string) float64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.needs[readerWarehouse] <= h.needs[name] {
		return 0
	}
	return float64(h.needs[readerWarehouse] - h.needs[name])
}
