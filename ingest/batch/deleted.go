package batch

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// Deleted is the set of the campaigns that were deleted, as it follows the
// warehouse: of an open of theirs is kept only that it came. Its zero value is
// empty. It is safe for concurrent use.
type Deleted struct {
	campaigns atomic.Pointer[map[uint64]struct{}]
}

// DeletionStore is what Deleted needs of ClickHouse; *warehouse.Warehouse is one.
type DeletionStore interface {
	DeletedCampaigns(ctx context.Context) (map[uint64]struct{}, error)
	SweepDeleted(ctx context.Context) error
}

// Has reports whether the campaign was deleted.
func (d *Deleted) Has(campaign uint64) bool {
	if d == nil {
		return false
	}
	all := d.campaigns.Load()
	if all == nil || len(*all) == 0 {
		return false
	}
	_, has := (*all)[campaign]
	return has
}

// Load reads the set. Nothing may be stored before it has succeeded once.
func (d *Deleted) Load(ctx context.Context, w DeletionStore) error {
	all, err := w.DeletedCampaigns(ctx)
	if err == nil {
		d.campaigns.Store(&all)
	}
	return err
}

const (
	followDeleted = 2 * time.Second
	// sweepDelay is how long after a deletion what was being stored meanwhile is
	// deleted, too; sweepEvery is between two looks for what came by other ways.
	sweepDelay = 30 * time.Second
	sweepEvery = time.Hour
)

// Run follows until ctx ends.
func (d *Deleted) Run(ctx context.Context, w DeletionStore, logger *slog.Logger) {
	tick := time.NewTicker(followDeleted)
	defer tick.Stop()
	sweep := time.Now() // what a deletion that was cut off has left
	for {
		before := d.len()
		err := d.Load(ctx, w)
		if err == nil && d.len() != before {
			sweep = time.Now().Add(sweepDelay)
		}
		if err == nil && d.len() > 0 && !time.Now().Before(sweep) {
			if err = w.SweepDeleted(ctx); err == nil {
				sweep = time.Now().Add(sweepEvery)
			}
		}
		if err != nil && ctx.Err() == nil {
			logger.Warn("deleted campaigns not followed, trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (d *Deleted) len() int {
	if all := d.campaigns.Load(); all != nil {
		return len(*all)
	}
	return 0
}
