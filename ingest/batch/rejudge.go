package batch

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"glint/edge/event"
	"glint/edge/pixel"
	"glint/edge/token"
	"glint/ingest/warehouse"
)

// BadTokenWarehouse is the part of ClickHouse that RejudgeBadTokens uses.
type BadTokenWarehouse interface {
	BadTokenCounts(ctx context.Context) ([]warehouse.BadTokenCount, error)
	BadTokensOf(ctx context.Context, faults []string, after *warehouse.BadToken, limit int) ([]warehouse.BadToken, error)
	MoveBadTokens(ctx context.Context, opens []warehouse.Open) error
}

// mendable are the faults that disappear when a key comes back.
var mendable = []string{"unknown_key", "signature"}

// rejudgePage is the number of bad tokens in memory at a time.
const rejudgePage = 10_000

// RejudgeBadTokens opens the tokens in bad_tokens again with the current ring,
// moves the valid ones into opens, and returns their number. They became bad
// tokens because their keys were missing. It may be called again after an
// error, and concurrently: moving an open twice changes nothing. It reads
// nothing unless a bad token names a key of the ring.
func (l *Loader) RejudgeBadTokens(ctx context.Context, w BadTokenWarehouse) (moved int, err error) {
	counts, err := w.BadTokenCounts(ctx)
	if err != nil {
		return 0, err
	}
	ring := l.Ring()
	var ids []uint8
	for _, k := range ring.Keys() {
		if k.State != token.Revoked {
			ids = append(ids, k.ID)
		}
	}
	if !slices.ContainsFunc(counts, func(c warehouse.BadTokenCount) bool {
		return slices.Contains(mendable, c.Fault) && (c.KeyID == nil || slices.Contains(ids, *c.KeyID))
	}) {
		return 0, nil
	}
	d := &decoder{ring: ring, ignore: l.Ignore, withdrawn: l.Withdrawn, deleted: l.Deleted}
	for after := (*warehouse.BadToken)(nil); ; {
		bad, err := w.BadTokensOf(ctx, mendable, after, rejudgePage)
		if err != nil || len(bad) == 0 {
			return moved, err
		}
		var opens []warehouse.Open
		for i := range bad {
			if open, ok := d.rejudge(&bad[i]); ok {
				opens = append(opens, open)
			}
		}
		if err := w.MoveBadTokens(ctx, opens); err != nil {
			return moved, err
		}
		moved += len(opens)
		after = &bad[len(bad)-1]
	}
}

// rejudge returns the open of a bad token that has become valid. It returns
// false for an open that may not be kept per message: that row stays, and
// expires with the others of its day.
func (d *decoder) rejudge(b *warehouse.BadToken) (warehouse.Open, bool) {
	found := pixel.Find(d.ring, event.KindToken, b.Token, b.Path)
	d.restrict(&found)
	if found.Kind != event.KindToken || found.Token.Mode > token.Pseudonymous ||
		d.fate(uint64(found.Token.Campaign), uuid.UUID(found.Message)) != warehouse.FateKeep {
		return warehouse.Open{}, false
	}
	open := d.judged(b.Facts)
	nameMessage(&open, &found.Token)
	if found.Token.Mode == token.Pseudonymous {
		pseudonymize(&open)
	}
	return open, true
}
