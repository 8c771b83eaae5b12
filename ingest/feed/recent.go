package feed

import "time"

// recent remembers the ids that were read within the last minutes, since arrivals may
// overlap, and arrivals of the last minute are read again after a start.
type recent struct {
	now, before map[string]struct{}
	since       time.Time
}

// Limits of a generation. Two generations are kept.
const (
	generation    = 5 * time.Minute
	maxGeneration = 250_000
)

// has adds an id and reports whether it was there before.
func (r *recent) has(id string, at time.Time) bool {
	if r.now == nil || at.Sub(r.since) > generation || len(r.now) >= maxGeneration {
		r.before, r.now, r.since = r.now, map[string]struct{}{}, at
	}
	_, known := r.now[id]
	if !known {
		_, known = r.before[id]
		r.now[id] = struct{}{}
	}
	return known
}
