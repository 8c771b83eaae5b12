package preferences

import (
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"glint/ingest/warehouse"
)

// limits bound what strangers make the warehouse do.
type limits struct {
	reading *semaphore.Weighted // looks at a choice at a time

	mu          sync.Mutex
	now, before map[warehouse.RecipientKey]bucket
	all         bucket
}

// bucket is what is left at a time.
type bucket struct {
	left float64
	at   time.Time
}

// The rates, in changes a second, and the bursts: a person changes his mind a few
// times, and a provider sends the one-click refusals of a large mailing at once.
const (
	readers            = 8
	linkRate           = 1.0 / 60
	linkBurst          = 10
	allRate, allBurst  = 20, 500
	maxRememberedLinks = 50_000
)

func newLimits() limits { return limits{reading: semaphore.NewWeighted(readers)} }

// take takes one of a bucket, which is full at first.
func (b *bucket) take(rate, burst float64, now time.Time) bool {
	switch passed := now.Sub(b.at).Seconds(); {
	case b.at.IsZero():
		b.left, b.at = burst, now
	case passed > 0:
		b.left, b.at = min(burst, b.left+passed*rate), now
	}
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// allow reports whether a choice of the recipient may be made now. The buckets are
// those of the last recipients and of the ones before, so that their number is bounded.
func (l *limits) allow(recipient warehouse.RecipientKey, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	own, ok := l.now[recipient]
	if !ok {
		own = l.before[recipient]
	}
	allowed := own.take(linkRate, linkBurst, now) && l.all.take(allRate, allBurst, now)
	if l.now == nil || len(l.now) >= maxRememberedLinks {
		l.before, l.now = l.now, map[warehouse.RecipientKey]bucket{}
	}
	l.now[recipient] = own
	return allowed
}
