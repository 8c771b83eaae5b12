package warehouse

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// TimeToOpen is the histogram of the time from sending to the first open by a
// person, over measured messages that a person opened.
type TimeToOpen struct {
	Classes  []DelayClass // shortest first, without empty classes
	Messages uint64       // in the classes
	Untimed  uint64       // messages for which one of the two times is unknown
}

// DelayClass counts the messages opened after From or more, but less than To.
type DelayClass struct {
	From, To time.Duration
	Messages uint64
}

// TimeToOpen returns the histogram of a campaign. That of a large campaign may have been
// computed some seconds ago, unless fresh is set.
func (w *Warehouse) TimeToOpen(ctx context.Context, campaignID uint64, fresh bool) (*TimeToOpen, error) {
	all, err := w.TimesToOpen(ctx, fresh, campaignID)
	return all[campaignID], err
}

// TimesToOpen returns TimeToOpen for several campaigns at once: the engine takes longer
// to plan the query than to answer it.
func (w *Warehouse) TimesToOpen(ctx context.Context, fresh bool, campaigns ...uint64) (map[uint64]*TimeToOpen, error) {
	all := map[uint64]*TimeToOpen{}
	if !fresh {
		var err error
		if all, campaigns, err = w.storedTimesToOpen(ctx, campaigns); err != nil || len(campaigns) == 0 {
			return all, err
		}
	}
	for _, id := range campaigns {
		all[id] = &TimeToOpen{}
	}
	var n uint64
	var ids, messages []uint64
	var from, to []int64
	err := w.ask(ctx, "time_to_open", []any{clickhouse.Named("campaign_ids", campaigns)}, &n, &ids, &from, &to, &messages)
	if err != nil {
		return nil, fmt.Errorf("read time to open: %w", err)
	}
	for i, id := range ids {
		all[id].add(from[i], to[i], messages[i])
	}
	return all, nil
}

// add adds a class whose ends are minutes; less than 0: the messages without one.
func (t *TimeToOpen) add(from, to int64, messages uint64) {
	if from < 0 {
		t.Untimed += messages
		return
	}
	t.Classes = append(t.Classes, DelayClass{time.Duration(from) * time.Minute, time.Duration(to) * time.Minute, messages})
	t.Messages += messages
}

// Quantile returns the time after which a fraction p of the messages was
// opened, interpolated linearly within its class; nil without messages.
func (t *TimeToOpen) Quantile(p float64) *time.Duration {
	if t.Messages == 0 {
		return nil
	}
	rank, before := p*float64(t.Messages), 0.0
	at := t.Classes[len(t.Classes)-1].To
	for _, c := range t.Classes {
		if before+float64(c.Messages) >= rank {
			share := math.Max(rank-before, 0) / float64(c.Messages)
			at = c.From + time.Duration(share*float64(c.To-c.From))
			break
		}
		before += float64(c.Messages)
	}
	return &at
}
