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

// bisect stores rows in one insert. If the warehouse refuses a value in them,
// bisect stores the two halves separately, and so on, until the faulty row is
// alone.
type bisect[R any] struct {
	rows   rows[R]
	insert func(ctx context.Context, name string, rows []R) error
	event  func(*R) uint64

	absent  func(ctx context.Context, rows []R) ([]R, error) // returns the rows that are not in the table
	isRetry bool                                             // these rows may have been inserted before

	refused  map[int]bool // indexes of refused rows
	restored int          // number of rows that were inserted again under another name
}

// store inserts the rows from first to end under name, and halves of them under
// names of their own.
func (p *bisect[R]) store(ctx context.Context, name string, first, end int) error {
	if first == end {
		return nil
	}
	if p.isRetry {
		// Usually all rows arrived and only the answer was lost.
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

// complete inserts the rows that are missing after an insert which ClickHouse
// may have acknowledged as a repeat. ClickHouse stores the name before the rows
// are visible: if it is killed in between, it drops every later try as a repeat
// of an insert without rows. A new name for exactly the missing rows inserts
// them once.
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

// name derives the name of a part of a batch from its rows: between two tries
// the halves may contain other rows, since messages get registered.
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
