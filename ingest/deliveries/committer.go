package deliveries

import (
	"context"
	"time"
)

// Committer groups the events of many callers into one commit: a provider posts
// them one by one, and each insert is a part that ClickHouse has to merge.
// Create one with NewCommitter and call Run. It is safe for concurrent use.
type Committer struct {
	store *Store
	calls chan *call
}

// call is one waiting Add.
type call struct {
	events []Event
	fates  []Fate
	err    error
	done   chan struct{}
}

const (
	commitPause   = 100 * time.Millisecond // between the beginnings of two commits
	commitTimeout = time.Minute
	maxCommit     = 200_000 // events
)

// NewCommitter returns a committer to a store, which has no other user.
func NewCommitter(s *Store) *Committer {
	return &Committer{store: s, calls: make(chan *call)}
}

// Add adds events to the Store together with other callers'. It returns when
// the events are durable, or with the error of ctx: then they may still be
// stored.
func (c *Committer) Add(ctx context.Context, events []Event) ([]Fate, error) {
	one := &call{events: events, done: make(chan struct{})}
	select {
	case c.calls <- one:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case <-one.done:
		return one.fates, one.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Run commits until ctx ends. It finishes a commit in progress, within its time
// limit.
func (c *Committer) Run(ctx context.Context) {
	for {
		var calls []*call
		select {
		case <-ctx.Done():
			return
		case first := <-c.calls:
			calls = append(calls, first)
		}
		pause := time.After(commitPause)
		c.commit(ctx, c.gather(calls))
		select {
		case <-pause:
		case <-ctx.Done():
			return
		}
	}
}

// gather takes the calls that are already waiting.
func (c *Committer) gather(calls []*call) []*call {
	for total := len(calls[0].events); total < maxCommit; {
		select {
		case next := <-c.calls:
			calls = append(calls, next)
			total += len(next.events)
		default:
			return calls
		}
	}
	return calls
}

func (c *Committer) commit(ctx context.Context, calls []*call) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	var events []Event
	for _, one := range calls {
		events = append(events, one.events...)
	}
	fates, err := c.store.Add(ctx, events)
	for _, one := range calls {
		if one.err = err; err == nil {
			one.fates, fates = fates[:len(one.events)], fates[len(one.events):]
		}
		close(one.done)
	}
}
