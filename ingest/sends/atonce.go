package sends

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/google/uuid"

	"glint/ingest/warehouse"
)

// MaxAtOnce is the limit of RegisterAtOnce: its messages are one insert of one
// block, which is atomic.
const MaxAtOnce = block

// AtOnceRegistrar is the part of the warehouse that RegisterAtOnce uses.
type AtOnceRegistrar interface {
	KnownMessages(ctx context.Context, campaign uint64, messages []uuid.UUID) (*warehouse.KnownSends, time.Time, error)
	InsertSends(ctx context.Context, name string, sends []warehouse.Send) error
	Restricter
}

// Fate is the result of a registration for a message.
type Fate int8

// The fates.
const (
	New     Fate = iota // it counts from now on
	Changed             // it counted before, and a field has changed
	Known               // it counted before, unchanged
)

// RegisterAtOnce is Register for at most MaxAtOnce messages, which count once
// they are written. It returns the fate of each. After an error it may be
// called again, which does not change what is already stored. Call Derive
// first, and Heed as for Register. Calls for the same campaign must not be
// concurrent.
func (b *Batch) RegisterAtOnce(ctx context.Context, w AtOnceRegistrar) ([]Fate, error) {
	known, latest, err := w.KnownMessages(ctx, b.Campaign.ID, b.messages)
	if err != nil {
		return nil, err
	}
	apply, err := b.restrict(ctx, w, known)
	if err != nil {
		return nil, err
	}
	r := warehouse.AtOnce(b.Campaign.ID, len(b.messages), latest)
	fates := make([]Fate, len(b.messages))
	var rows []warehouse.Send
	for i := range b.messages {
		row, write := r.Merge(known, b.send(i))
		switch {
		case !known.Counts(b.messages[i]):
			fates[i] = New
		case write:
			fates[i] = Changed
		default:
			fates[i] = Known
		}
		if write {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return fates, nil
	}
	if err := w.InsertSends(ctx, "register-"+rand.Text(), rows); err != nil {
		return fates, err
	}
	return fates, apply()
}
