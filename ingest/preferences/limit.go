package preferences

import (
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"glint/ingest/host/tokenbucket"
	"glint/ingest/warehouse"
)

// limits bound the load that strangers can put on the warehouse.
type limits struct {
	reading *semaphore.Weighted // limits concurrent reads of choices

	mu    sync.Mutex
	links tokenbucket.Buckets[warehouse.RecipientKey]
	all   tokenbucket.Buckets[struct{}]
}

// The rates, in changes per second, and the bursts: a person changes the choice
// a few times, and a provider sends the one-click refusals of a large mailing
// at once.
const (
	readers           = 8
	linkRate          = 1.0 / 60
	linkBurst         = 10
	allRate, allBurst = 20, 500
)

func newLimits() limits { return limits{reading: semaphore.NewWeighted(readers)} }

// allow reports whether the recipient may make a choice now.
func (l *limits) allow(recipient warehouse.RecipientKey, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.links.Take(recipient, 1, linkRate, linkBurst, now) && l.all.Take(struct{}{}, 1, allRate, allBurst, now)
}
