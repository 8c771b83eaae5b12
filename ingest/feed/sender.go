package feed

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"glint/ingest/warehouse"
)

// send posts events concurrently and returns the ones that are left: with their next try if
// they were tried, unchanged if the target is paused or ctx has ended.
func (f *Feed) send(ctx context.Context, letters []*letter) (left []*letter, err error) {
	if len(letters) == 0 {
		return nil, nil
	}
	to, err := f.describe(ctx, letters)
	if err != nil {
		return letters, err
	}
	var next atomic.Int64
	taken := make([]bool, len(letters))
	var working sync.WaitGroup
	for range min(senders, len(letters)) {
		working.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(letters) {
					return
				}
				taken[i] = f.try(ctx, letters[i], to)
			}
		})
	}
	working.Wait()
	for i, l := range letters {
		if !taken[i] {
			left = append(left, l)
		}
	}
	return left, ctx.Err()
}

// described holds the names that bodies contain.
type described struct {
	campaigns  map[uint64]string
	addressees map[uuid.UUID]warehouse.Addressee // by message
}

func (f *Feed) describe(ctx context.Context, letters []*letter) (d described, err error) {
	d.campaigns = map[uint64]string{}
	keys := make([]warehouse.MessageKey, len(letters))
	for i, l := range letters {
		keys[i] = l.key()
		if _, known := d.campaigns[l.Event.CampaignID]; known {
			continue
		}
		if d.campaigns[l.Event.CampaignID], err = f.name(ctx, l.Event.CampaignID); err != nil {
			return d, err
		}
	}
	d.addressees, err = f.warehouse.Addressees(ctx, keys)
	return d, err
}

// maxNames is the maximum number of names in memory.
const maxNames = 10_000

func (f *Feed) name(ctx context.Context, campaign uint64) (string, error) {
	if name, ok := f.names[campaign]; ok {
		return name, nil
	}
	name, err := f.warehouse.CampaignNameOf(ctx, campaign)
	if err == nil && name != "" { // otherwise it may be registered later
		if len(f.names) >= maxNames {
			clear(f.names)
		}
		f.names[campaign] = name
	}
	return name, err
}

// try posts one event unless the target is paused, and reports whether it was accepted.
func (f *Feed) try(ctx context.Context, l *letter, d described) bool {
	if ctx.Err() != nil || !f.health.begin(f.now()) {
		return false
	}
	to := d.addressees[l.Event.MessageID]
	if !f.config.Recipient {
		to.Recipient = ""
	}
	text, err := body(l.ID, d.campaigns[l.Event.CampaignID], &l.Event, to)
	if err != nil {
		f.health.cancelled()
		f.logger.Error("an event for the webhook cannot be written", "error", err)
		return false
	}
	began := f.now()
	fate, wait, err := f.target.post(ctx, l.ID, text)
	now := f.now()
	if err != nil && ctx.Err() != nil {
		f.health.cancelled()
		return false
	}
	f.health.end(now, fate, wait, err)
	f.metrics.seconds.Observe(now.Sub(began).Seconds())
	if fate == done {
		f.metrics.outcomes.WithLabelValues(outcomeDelivered).Inc()
		f.delivered(now)
		return true
	}
	outcome := outcomeFailed
	if errors.Is(err, ErrAddress) {
		outcome = outcomeRefused
	}
	f.metrics.outcomes.WithLabelValues(outcome).Inc()
	l.Attempts, l.Fault = l.Attempts+1, err.Error()
	l.Next = now.Add(max(wait, pauseAfter(l.Attempts)))
	return false
}

// pauseAfter returns the pause after a number of tries; it doubles with each try.
func pauseAfter(attempts int) time.Duration {
	return min(firstPause<<min(attempts-1, 10), lastPause)
}
