package batch

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// Deleted is the set of deleted campaigns, kept up to date with the warehouse.
// Of their opens only the arrival is recorded. Its zero value is empty. It is
// safe for concurrent use.
type Deleted struct {
	campaigns atomic.Pointer[map[uint64]struct{}]
}

// DeletionStore is the part of ClickHouse that Deleted uses;
// *warehouse.Warehouse implements it.
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

// Load reads the set. Nothing may be stored before the first success.
func (d *Deleted) Load(ctx context.Context, w DeletionStore) error {
	all, err := w.DeletedCampaigns(ctx)
	if err == nil {
		d.campaigns.Store(&all)
	}
	return err
}

const (
	followDeleted = 2 * time.Second
	// sweepDelay is the time after a deletion at which rows that were being
	// stored meanwhile are deleted; sweepEvery is the interval at which rows
	// from other sources are looked for.
	sweepDelay = 30 * time.Second
	sweepEvery = time.Hour
)

// Run keeps the set up to date until ctx ends.
func (d *Deleted) Run(ctx context.Context, w DeletionStore, logger *slog.Logger) {
	tick := time.NewTicker(followDeleted)
	defer tick.Stop()
	sweep := time.Now() // deletes what an interrupted deletion has left
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
	if d == nil {
		return 0
	}
	if all := d.campaigns.Load(); all != nil {
		return len(*all)
	}
	return 0
}
