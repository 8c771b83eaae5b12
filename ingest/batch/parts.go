package batch

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"

	"glint/ingest/warehouse"
)

// parts stores rows in one insert or, if the warehouse refuses them for what
// they hold, in parts, until the row that is to blame stands alone.
type parts[R any] struct {
	rows   rows[R]
	insert func(ctx context.Context, name string, rows []R) error
	event  func(*R) uint64

	refused map[int]bool // rows that stand alone and are not taken
}

// store inserts the rows from first to end under name, and halves of them under
// names of their own.
func (p *parts[R]) store(ctx context.Context, name string, first, end int) error {
	if first == end {
		return nil
	}
	err := p.insert(ctx, name, p.rows.rows[first:end])
	if err == nil || ctx.Err() != nil || errors.Is(err, context.Canceled) || warehouse.Retryable(err) {
		return err
	}
	if end-first == 1 {
		if p.refused == nil {
			p.refused = map[int]bool{}
		}
		p.refused[first] = true
		return nil
	}
	middle := (first + end) / 2
	if err := p.store(ctx, p.name(name, first, middle), first, middle); err != nil {
		return err
	}
	return p.store(ctx, p.name(name, middle, end), middle, end)
}

// name names a part of a batch after the rows in it: between two tries the
// halves may lie elsewhere, since messages get registered.
func (p *parts[R]) name(batch string, first, end int) string {
	whole, _, _ := strings.Cut(batch, "/")
	h := sha256.New()
	for i := first; i < end; i++ {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], p.event(&p.rows.rows[i]))
		h.Write(b[:])
	}
	return whole + "/" + hex.EncodeToString(h.Sum(nil)[:12])
}
