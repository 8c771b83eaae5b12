package sends

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"glint/ingest/warehouse"
)

// chunk is the number of rows of one insert: large, since the engine syncs each
// insert to disk, and merges many small parts while the next ones arrive.
// maxChunkBytes limits its attributes, since the engine holds a whole insert in
// memory. block is the number of rows encoded at a time.
const (
	chunk         = 250_000
	maxChunkBytes = 64 << 20
	block         = 10_000
)

// Registrar is the part of the warehouse that Register uses.
type Registrar interface {
	BeginRegistration(ctx context.Context, campaign uint64, rows int) (warehouse.Registration, error)
	KnownSends(ctx context.Context, campaign uint64) (*warehouse.KnownSends, error)
	InsertSendBlocks(ctx context.Context, name string, blocks iter.Seq[[]warehouse.Send]) error
	CompleteRegistration(ctx context.Context, r warehouse.Registration, written int) error
	Restricter
}

// Outcome counts the rows of a registered file.
type Outcome struct {
	New     int // messages that count from now on
	Changed int // messages that counted before, changed by the file
	Known   int // messages that counted before, unchanged
}

// CutOffError means that a registration is incomplete. None of its new messages
// counts; registering the same file again completes it.
type CutOffError struct {
	Stored int // rows that are stored, or need not be
	Rows   int // of the file
	Err    error
}

func (e *CutOffError) Error() string {
	return fmt.Sprintf("%d of %d rows are known to be stored; the new ones count nowhere until all are: %v", e.Stored, e.Rows, e.Err)
}

// Unwrap returns the cause.
func (e *CutOffError) Unwrap() error { return e.Err }

// registering is a Batch being registered.
type registering struct {
	*Batch
	to           Registrar
	registration warehouse.Registration
	known        *warehouse.KnownSends

	stored, fresh, changed, written atomic.Int64
}

// Register writes new and changed messages in a few inserts, and then makes
// them count, all at once. progress is called with the number of rows done.
// After a *CutOffError it may be called again; messages that counted before
// continue to count meanwhile. Call Derive first, and Heed for a campaign that may
// have messages: Register returns ErrRestricted in a *CutOffError if the mode of a
// message's URL would be higher than its tracking mode.
func (b *Batch) Register(ctx context.Context, w Registrar, progress func(rows int)) (Outcome, error) {
	n := len(b.Recipients.Rows)
	r := &registering{Batch: b, to: w}
	fail := func(err error) (Outcome, error) {
		return Outcome{}, &CutOffError{Stored: int(r.stored.Load()), Rows: n, Err: err}
	}
	var err error
	if r.registration, err = w.BeginRegistration(ctx, b.Campaign.ID, n); err != nil {
		return fail(err)
	}
	if r.known, err = w.KnownSends(ctx, b.Campaign.ID); err != nil {
		return fail(err)
	}
	apply, err := b.restrict(ctx, w, r.known)
	if err != nil {
		return fail(err)
	}
	run := rand.Text()
	g, inserting := errgroup.WithContext(ctx)
	g.SetLimit(2) // one fills a block while the other stores one
	for next := 0; next < n && inserting.Err() == nil; {
		start, end := next, b.chunkEnd(next)
		next = end
		g.Go(func() error {
			if err := r.insert(inserting, fmt.Sprintf("register-%s-%d", run, start), start, end); err != nil {
				return err
			}
			progress(end - start)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return fail(err)
	}
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	if err := apply(); err != nil {
		return fail(err)
	}
	if err := w.CompleteRegistration(ctx, r.registration, int(r.written.Load())); err != nil {
		return fail(err)
	}
	o := Outcome{New: int(r.fresh.Load()), Changed: int(r.changed.Load())}
	o.Known = n - o.New - o.Changed
	return o, nil
}

// chunkEnd returns the end of the insert that begins at row start.
func (b *Batch) chunkEnd(start int) int {
	end := min(start+chunk, len(b.Recipients.Rows))
	if len(b.Recipients.Kept) == 0 {
		return end
	}
	size := 0
	for i := start; i < end; i++ {
		for _, column := range b.Recipients.Kept {
			size += len(b.Recipients.Header[column]) + len(b.Recipients.Rows[i].Cells[column])
		}
		if size >= maxChunkBytes {
			return i + 1
		}
	}
	return end
}

// insert writes the rows from start to end that are new or changed.
func (r *registering) insert(ctx context.Context, name string, start, end int) error {
	var fresh, changed, written int64
	err := r.to.InsertSendBlocks(ctx, name, func(yield func([]warehouse.Send) bool) {
		rows := make([]warehouse.Send, 0, min(block, end-start))
		for i := start; i < end; i++ {
			row, write := r.registration.Merge(r.known, r.send(i))
			switch {
			case !r.known.Counts(r.messages[i]):
				fresh++
			case write:
				changed++
			}
			if write {
				if row.Registration == r.registration.ID {
					written++
				}
				rows = append(rows, row)
			}
			if len(rows) == cap(rows) || i == end-1 && len(rows) > 0 {
				if !yield(rows) {
					return
				}
				rows = rows[:0]
			}
		}
	})
	if err != nil {
		return err
	}
	r.stored.Add(int64(end - start))
	r.fresh.Add(fresh)
	r.changed.Add(changed)
	r.written.Add(written)
	return nil
}

// send returns the message of row i.
func (b *Batch) send(i int) warehouse.Send {
	row := &b.Recipients.Rows[i]
	s := warehouse.Send{
		CampaignID: b.Campaign.ID, MessageID: b.messages[i], Recipient: row.Recipient,
		SentAt: row.SentAt.Time(), DeliveredAt: row.DeliveredAt.Time(),
		Tracking: b.Tracking(i), Test: row.Test, URLStyle: b.Style.stored(),
	}
	if row.SentAt == 0 {
		s.SentAt = b.SentAt
	}
	if s.Tracking == warehouse.Off {
		s.URLStyle = string(StyleToken) // no URL is given out, and a plain UUID does not count
	}
	if s.Tracking == warehouse.Aggregate {
		s.Stratum = b.Strata.of(row)
	}
	if len(b.Recipients.Kept) > 0 {
		s.Attributes = b.attributes(row)
	}
	return s
}

// attributes returns the non-empty cells to keep, by column.
func (b *Batch) attributes(row *Row) map[string]string {
	all := make(map[string]string, len(b.Recipients.Kept))
	for _, i := range b.Recipients.Kept {
		if cell := strings.TrimSpace(row.Cells[i]); cell != "" {
			all[strings.TrimSpace(b.Recipients.Header[i])] = cell
		}
	}
	return all
}
