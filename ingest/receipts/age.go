package receipts

import "time"

// age is the clock by which receipts expire. The wall clock is unsuitable: if it jumps
// ahead, all receipts would expire at once. So the clock advances with the monotonic clock
// while a writer is open, and by a limited amount while none is. Receipts stay longer after
// a wrong clock or a long stop; the quota still limits them.
type age struct {
	wall    func() time.Time
	elapsed func() time.Duration // monotonic
	clock   time.Time            // the current time; never ahead of a correct wall clock
	seen    time.Duration        // elapsed at the last change of clock
}

const (
	// unseenAtMost is the maximum advance for the time without a writer.
	unseenAtMost = 24 * time.Hour
	// catchUp is the fraction by which the clock runs faster while it is behind the
	// wall clock.
	catchUp = 8
)

// sane is before any time that a correct clock can show.
var sane = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// newAge returns a clock that continues from left, the time stored by the last writer, or
// zero, and from the end of the newest file, or zero.
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

// now returns the time by which receipts expire.
func (a *age) now() time.Time {
	wall, elapsed := a.wall(), a.elapsed()
	passed := elapsed - a.seen
	a.seen = elapsed
	if a.clock.Before(sane) && wall.After(sane) {
		a.clock = wall // the machine's clock was not set when the writer began
	}
	if behind := wall.Sub(a.clock); behind > 0 {
		a.clock = a.clock.Add(min(passed+passed/catchUp, behind))
	}
	if wall.Before(a.clock) {
		return wall
	}
	return a.clock
}
