package tail

import "time"

// recent knows what was printed within the last minutes: longer than a poll looks back
// for what became visible late.
type recent struct {
	now, before map[string]struct{}
	since       time.Time
}

const generation = time.Minute

// turn forgets what is too old. It comes before each poll.
func (r *recent) turn(at time.Time) {
	if r.now == nil || at.Sub(r.since) > generation {
		r.before, r.now, r.since = r.now, map[string]struct{}{}, at
	}
}

// has reports whether a key was there before, and keeps it.
func (r *recent) has(key string) bool {
	_, known := r.now[key]
	if !known {
		_, known = r.before[key]
		r.now[key] = struct{}{}
	}
	return known
}
