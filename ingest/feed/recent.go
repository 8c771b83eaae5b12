package feed

import (
	"maps"
	"time"

	"github.com/google/uuid"
)

// recent remembers the ids that were read within the last minutes, since arrivals may
// overlap, and arrivals of the last minute are read again after a start. Each id has its
// message, or zero if it was read by an earlier run.
type recent struct {
	now, before map[string]uuid.UUID
	since       time.Time
}

// Limits of a generation. Two generations are kept.
const (
	generation    = 5 * time.Minute
	maxGeneration = 250_000
)

// has adds an id of an event of a message and reports whether it was there before.
func (r *recent) has(id string, of uuid.UUID, at time.Time) bool {
	if r.now == nil || at.Sub(r.since) > generation || len(r.now) >= maxGeneration {
		r.before, r.now, r.since = r.now, map[string]uuid.UUID{}, at
	}
	_, known := r.now[id]
	if !known {
		_, known = r.before[id]
		r.now[id] = of
	}
	return known
}

// erase forgets the ids of named messages, and ids without a known message: at worst
// their events are sent twice.
func (r *recent) erase(names func(text []byte) bool) {
	gone := func(_ string, of uuid.UUID) bool { return of == uuid.Nil || names([]byte(of.String())) }
	maps.DeleteFunc(r.now, gone)
	maps.DeleteFunc(r.before, gone)
}
