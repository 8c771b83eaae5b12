package tail

import "time"

// recent remembers the events that were printed within the last minutes: longer than a poll
// looks back for rows that became visible late.
type recent struct {
	now, before map[string]struct{}
	since       time.Time
}

const generation = time.Minute

// turn drops old keys. Call it before each poll.
func (r *recent) turn(at time.Time) {
	if r.now == nil || at.Sub(r.since) > generation {
		r.before, r.now, r.since = r.now, map[string]struct{}{}, at
	}
}

// has adds a key and reports whether it was there before.
func (r *recent) has(key string) bool {
	_, known := r.now[key]
	if !known {
		_, known = r.before[key]
		r.now[key] = struct{}{}
	}
	return known
}
