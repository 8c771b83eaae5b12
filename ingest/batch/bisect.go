package batch

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"

	"glint/ingest/warehouse"
)

// bisect stores rows in one insert or, if the warehouse refuses them for what
// they hold, half by half, until the row that is to blame stands alone.
type bisect[R any] struct {
	rows   rows[R]
	insert func(ctx context.Context, name string, rows []R) error
	event  func(*R) uint64

	absent  func(ctx context.Context, rows []R) ([]R, error) // returns the rows that the table does not have
	isRetry bool                                             // an insert of these rows may have been tried before

	refused  map[int]bool // rows that stand alone and are not taken
	restored int          // rows that had to be inserted under another name
}

// store inserts the rows from first to end under name, and halves of them under
// names of their own.
func (p *bisect[R]) store(ctx context.Context, name string, first, end int) error {
	if first == end {
		return nil
	}
	if p.isRetry {
		// All of it arrived, as a rule, and only the answer was lost.
		if left, err := p.absent(ctx, p.rows.rows[first:end]); err != nil || len(left) == 0 {
			return err
		}
	}
	err := p.insert(ctx, name, p.rows.rows[first:end])
	if err == nil {
		return p.complete(ctx, name, p.rows.rows[first:end])
	}
	if ctx.Err() != nil || errors.Is(err, context.Canceled) || warehouse.Retryable(err) {
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

// complete inserts what is missing after an insert that was acknowledged but was
// not the first of its name. ClickHouse notes the name before it shows the rows:
// if it is killed between the two, it takes every later try for a repeat of what
// it never had. Another name for exactly these rows gets them in, once.
func (p *bisect[R]) complete(ctx context.Context, name string, inserted []R) error {
	if !p.isRetry {
		return nil
	}
	left, err := p.absent(ctx, inserted)
	if err != nil || len(left) == 0 {
		return err
	}
	if err := p.insert(ctx, name+"/"+rand.Text(), left); err != nil {
		return err
	}
	p.restored += len(left)
	return nil
}

// name names a part of a batch after the rows in it: between two tries the
// halves may lie elsewhere, since messages get registered.
func (p *bisect[R]) name(batch string, first, end int) string {
	whole, _, _ := strings.Cut(batch, "/")
	h := sha256.New()
	for i := first; i < end; i++ {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], p.event(&p.rows.rows[i]))
		h.Write(b[:])
	}
	return whole + "/" + hex.EncodeToString(h.Sum(nil)[:12])
}
