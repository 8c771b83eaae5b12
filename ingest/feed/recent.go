package feed

import (
	"maps"
	"time"

	"github.com/google/uuid"
)

// recent knows the ids that were read within the last minutes, each with its message,
// zero for those of an earlier run: arrivals may overlap, and those of the last minute
// are read again after a start.
type recent struct {
	now, before map[string]uuid.UUID
	since       time.Time
}

// The bounds of a generation. Two of them are kept.
const (
	generation    = 5 * time.Minute
	maxGeneration = 250_000
)

// has reports whether an id was there before, and keeps it.
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

// erase forgets the ids of messages that are named, and those of which it does not
// know whose they are: at worst their events are sent twice.
func (r *recent) erase(names func(text []byte) bool) {
	gone := func(_ string, of uuid.UUID) bool { return of == uuid.Nil || names([]byte(of.String())) }
	maps.DeleteFunc(r.now, gone)
	maps.DeleteFunc(r.before, gone)
}
