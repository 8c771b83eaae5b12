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

// BadTokenWarehouse is what RejudgeBadTokens needs of ClickHouse.
type BadTokenWarehouse interface {
	BadTokenCounts(ctx context.Context) ([]warehouse.BadTokenCount, error)
	BadTokensOf(ctx context.Context, faults []string, after *warehouse.BadToken, limit int) ([]warehouse.BadToken, error)
	MoveBadTokens(ctx context.Context, opens []warehouse.Open) error
}

// mendable are the faults that a key which comes back can take away.
var mendable = []string{"unknown_key", "signature"}

// rejudgePage is how many bad tokens are held at a time.
const rejudgePage = 10_000

// RejudgeBadTokens opens the tokens in bad_tokens again with the present ring, moves
// the ones that are valid now into opens, and returns their number: their keys were
// missing when they came. It may be called again after any error, and by several at
// once: moving an open twice changes nothing. It reads no bad token if none names a
// key of the ring.
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

// rejudge returns the open of a bad token that is good by now, and false for one
// that may not be kept as an open of a message: it stays where it is, and goes with
// the others of its day.
func (d *decoder) rejudge(b *warehouse.BadToken) (warehouse.Open, bool) {
	found := pixel.Find(d.ring, event.KindToken, b.Token, b.Path)
	if found.Kind != event.KindToken || found.Token.Mode > token.Pseudonymous ||
		d.fate(uint64(found.Token.Campaign), uuid.UUID(found.Message)) != warehouse.FateKeep {
		return warehouse.Open{}, false
	}
	open := d.judged(b.Facts)
	nameMessage(&open, &found.Token)
	return open, true
}
