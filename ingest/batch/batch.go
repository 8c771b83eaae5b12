// Package batch brings log lines into the warehouse: lines → events → rows
// with a verdict → one named insert.
//
// A body of lines is loaded as a whole or not at all, and loading it again
// changes nothing: the insert is named after its rows, and a row after its
// event. One faulty line never fails the others; it goes to the dead letters
// with its reason, and they are on disk before Load returns. The package does
// not retry: the caller keeps the body until Load has succeeded.
package batch

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"glint/edge/token"
	"glint/ingest/deadletters"
	"glint/ingest/warehouse"
)

// Warehouse is what a Loader needs of ClickHouse; *warehouse.Warehouse is one.
type Warehouse interface {
	InsertOpens(ctx context.Context, name string, opens []warehouse.Open) error
	CampaignsOf(ctx context.Context, messages []uuid.UUID) (map[uuid.UUID]uint64, error)
}

// Loader loads batches. It is safe for concurrent use.
type Loader struct {
	Ring        *token.Ring
	Warehouse   Warehouse
	DeadLetters *deadletters.Folder
	Count       func(Outcome, int) // told of every line; nil: nobody is
}

// Load stores the lines of the bodies in one insert under name. After an error
// nothing of them counts as stored, and the same bodies may be loaded again
// under the same name, which changes nothing if they had arrived after all.
func (l *Loader) Load(ctx context.Context, name string, bodies []Body) error {
	d := decoder{ring: l.Ring}
	for i := range bodies {
		d.decode(&bodies[i])
	}
	if err := d.resolve(ctx, l.Warehouse); err != nil {
		return err
	}
	// The dead letters come first. A message may be registered between two tries:
	// its open would then be among the rows of an insert that has been taken
	// without it, and so be dropped as a repeat.
	if err := l.bury(d.rejected); err != nil {
		return err
	}
	buried := len(d.rejected)
	if err := l.insert(ctx, &d, name, 0, len(d.opens)); err != nil {
		return err
	}
	if err := l.bury(d.rejected[buried:]); err != nil {
		return err
	}
	if l.Count != nil {
		for outcome, n := range d.count() {
			l.Count(outcome, n)
		}
	}
	return nil
}

// bury keeps lines that cannot be stored.
func (l *Loader) bury(lines []rejected) error {
	letters := make([]deadletters.Letter, 0, len(lines))
	for i := range lines {
		r := &lines[i]
		letters = append(letters, deadletters.Letter{
			ReceivedAt: r.receivedAt, Source: r.source, Reason: string(r.outcome), Detail: r.detail, Line: r.line,
		})
	}
	if err := l.DeadLetters.Write(letters); err != nil {
		return fmt.Errorf("keep lines that cannot be stored: %w", err)
	}
	return nil
}

// insert stores the rows from first to end. If the warehouse refuses them for
// what they hold, it halves them, under names of their own, until the row that
// is to blame stands alone and becomes a dead letter.
func (l *Loader) insert(ctx context.Context, d *decoder, name string, first, end int) error {
	if first == end {
		return nil
	}
	err := l.Warehouse.InsertOpens(ctx, name, d.opens[first:end])
	if err == nil || ctx.Err() != nil || errors.Is(err, context.Canceled) || warehouse.Retryable(err) {
		return err
	}
	if end-first == 1 {
		d.refuse(first)
		return nil
	}
	middle := (first + end) / 2
	if err := l.insert(ctx, d, partName(name, d.opens[first:middle]), first, middle); err != nil {
		return err
	}
	return l.insert(ctx, d, partName(name, d.opens[middle:end]), middle, end)
}

// partName names a part of a batch after the rows in it: between two tries the
// halves may lie elsewhere, since messages get registered.
func partName(name string, opens []warehouse.Open) string {
	whole, _, _ := strings.Cut(name, "/")
	h := sha256.New()
	for i := range opens {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], opens[i].EventID)
		h.Write(b[:])
	}
	return whole + "/" + hex.EncodeToString(h.Sum(nil)[:12])
}
