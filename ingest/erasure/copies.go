package erasure

import (
	"context"
	"time"

	"glint/ingest/consent"
	"glint/ingest/warehouse"
)

// Copy is a mirror of the warehouse.
type Copy interface {
	// Erase calls do with the mirror's warehouse, and with the follower that drops later
	// opens of erased persons, while nothing is copied into it. It returns an error if the
	// warehouse cannot be reached.
	Erase(ctx context.Context, do func(*warehouse.Warehouse, *consent.Follower) error) error
}

// copies erases the persons from the mirrors. It runs after the erasure from the first
// warehouse, from which rows would otherwise be copied again.
func (j *job) copies(ctx context.Context) error {
	for _, c := range j.Copies {
		err := c.Erase(ctx, func(w *warehouse.Warehouse, follow *consent.Follower) error { return j.eraseCopy(ctx, w, follow) })
		if err != nil {
			return err
		}
	}
	return nil
}

// calmPause is the maximum time until a batch that was read before an erasure is stored.
const calmPause = time.Second

// unknownTime is the time of erasure of messages in a mirror until it gets the rows of the
// first warehouse, which have the real time.
var unknownTime = time.UnixMilli(0)

func (j *job) eraseCopy(ctx context.Context, w *warehouse.Warehouse, follow *consent.Follower) error {
	if err := w.BeginErasing(ctx, j.keys, unknownTime); err != nil {
		return err
	}
	if err := follow.Erase(ctx, w); err != nil {
		return err
	}
	calm := func(ctx context.Context) error { return wait(ctx, calmPause) }
	if err := calm(ctx); err != nil {
		return err
	}
	if _, err := j.empty(ctx, w, calm); err != nil {
		return err
	}
	if err := w.DropOldParts(ctx, warehouse.ErasedTables, j.Lifetime, partPatience); err != nil {
		return err
	}
	return end(ctx, w)
}
