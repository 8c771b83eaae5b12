package receipts

import "time"

// age says what time it is, as far as the age of receipts goes. The wall clock
// alone must not: one that jumps ahead would make all receipts too old at once.
// So time passes by the monotonic clock while the book is open, and by little
// where nobody has seen it pass. Receipts stay longer after a wrong clock or a
// long stop; the quota bounds them all the same.
type age struct {
	wall    func() time.Time
	elapsed func() time.Duration // monotonic
	clock   time.Time            // has passed; never ahead of a wall clock that was right
	seen    time.Duration        // elapsed, when clock was moved
}

const (
	// unseenAtMost is how much may pass while no book is open.
	unseenAtMost = 24 * time.Hour
	// catchUp is the part by which the clock runs faster while it is behind the
	// wall clock, so that it comes to be right again.
	catchUp = 8
)

// sane is before any time that a right clock can show.
var sane = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// newAge begins with the time that an earlier book has left, which may be zero,
// and with the end of its newest file, zero if it has none.
func newAge(wall func() time.Time, elapsed func() time.Duration, left, newest time.Time) *age {
	a := &age{wall: wall, elapsed: elapsed, clock: left, seen: elapsed()}
	now := wall()
	if a.clock.Before(sane) {
		if a.clock = newest; newest.Before(sane) {
			a.clock = now
		}
	}
	if behind := now.Sub(a.clock); behind > 0 {
		a.clock = a.clock.Add(min(behind, unseenAtMost))
	}
	return a
}

// now returns the time by which receipts age.
func (a *age) now() time.Time {
	wall, elapsed := a.wall(), a.elapsed()
	passed := elapsed - a.seen
	a.seen = elapsed
	if a.clock.Before(sane) && wall.After(sane) {
		a.clock = wall // the machine had no time yet when it began
	}
	if behind := wall.Sub(a.clock); behind > 0 {
		a.clock = a.clock.Add(min(passed+passed/catchUp, behind))
	}
	if wall.Before(a.clock) {
		return wall
	}
	return a.clock
}
