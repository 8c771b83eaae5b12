package audit

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"glint/ingest/receipts"
)

// rows are those of one hour by source.
type rows map[string]*Row

func (r rows) of(hour time.Time, source string) *Row {
	row := r[source]
	if row == nil {
		row = &Row{Hour: hour, Source: source}
		r[source] = row
	}
	return row
}

// witness identifies a record that has a receipt.
type witness struct {
	logID  string
	record uint64
}

// hour accounts for one hour.
func (a *auditor) hour(ctx context.Context, hour time.Time, done func(int)) (err error) {
	h, err := a.shelf.Hour(hour)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	a.result.ReceiptDamages += h.Damages
	a.result.ReceiptTornBytes += h.TornBytes

	rows, witnessed := rows{}, map[witness]bool{}
	err = h.Heads(func(r *receipts.Receipt, events int) error {
		witnessed[witness{r.LogID, r.Record}] = true
		if a.within(r.ReceivedAt) {
			rows.of(hour, r.Source).explain(r, events)
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.waiting(rows, hour, witnessed)
	if err := a.compare(ctx, h, rows, hour, done); err != nil {
		return err
	}
	for _, source := range slices.Sorted(maps.Keys(rows)) {
		a.result.Rows = append(a.result.Rows, *rows[source])
	}
	return nil
}

// explain adds what a receipt says without its events.
func (r *Row) explain(receipt *receipts.Receipt, events int) {
	r.Accepted += uint64(receipt.Lines)
	r.BadTokens += uint64(receipt.BadTokens)
	r.DeadLetters += uint64(receipt.DeadLetters)
	r.OverCap += uint64(receipt.OverCap)
	told := events + receipt.BadTokens + receipt.DeadLetters + receipt.OverCap
	if rest := receipt.Lines - told; rest > 0 {
		r.Missing += uint64(rest)
		r.Unexplained += uint64(rest)
	}
}

// waiting adds the records of the log that have no receipt.
func (a *auditor) waiting(rows rows, hour time.Time, witnessed map[witness]bool) {
	for _, l := range a.lanes {
		for _, e := range l.byHour[hour] {
			if witnessed[witness{l.logID, e.record}] {
				continue
			}
			row := rows.of(hour, e.source)
			row.Accepted += e.lines
			if e.record > l.acknowledged {
				row.Waiting += e.lines
				continue
			}
			row.Missing += e.lines
			row.Unexplained += e.lines
			a.result.WithoutReceipt = appendRecord(a.result.WithoutReceipt, l.name, l.logID, e.record)
		}
	}
}

// appendRecord adds a record, to its neighbours where it has some.
func appendRecord(list []Records, lane, logID string, record uint64) []Records {
	if n := len(list) - 1; n >= 0 && list[n].LogID == logID && list[n].Last+1 == record {
		list[n].Last = record
		return list
	}
	return append(list, Records{lane, logID, record, record})
}

// maxAsked is how many events the warehouse is asked of at a time.
const maxAsked = 500_000

// compare looks up the events of an hour. An hour of very many is gone through
// several times; each pass takes a part of all keys, so that it knows of each
// event whether it came twice.
func (a *auditor) compare(ctx context.Context, h *receipts.Hour, rows rows, hour time.Time, done func(int)) error {
	passes := uint64(h.Events()/a.maxKeys + 1)
	keys := map[string][]uint64{}
	for pass := range passes {
		err := h.Each(func(r *receipts.Receipt) error {
			if !a.within(r.ReceivedAt) {
				return nil
			}
			list := keys[r.Source]
			for _, key := range r.Events {
				if passes == 1 || passOf(key, passes) == pass {
					list = append(list, key)
				}
			}
			keys[r.Source] = list
			return ctx.Err()
		})
		if err != nil {
			return err
		}
		for source, list := range keys {
			if err := a.lookUp(ctx, rows[source], hour, list, done); err != nil {
				return err
			}
			keys[source] = list[:0]
		}
	}
	return nil
}

// passOf spreads keys over passes. They are random, but for those that somebody
// made up.
func passOf(key, passes uint64) uint64 { return (key * 0x9e3779b97f4a7c15 >> 32) % passes }

// lookUp asks the warehouse for events of one hour and source. It sorts keys.
func (a *auditor) lookUp(ctx context.Context, row *Row, hour time.Time, keys []uint64, done func(int)) error {
	slices.Sort(keys)
	distinct := slices.Compact(keys)
	row.Repeats += uint64(len(keys) - len(distinct))
	done(len(keys) - len(distinct))
	for asked := range slices.Chunk(distinct, maxAsked) {
		// In this order: an event that is moved between the two is in opens.
		unresolved, err := a.Warehouse.UnresolvedEvents(ctx, asked)
		if err != nil {
			return err
		}
		missing, err := a.Warehouse.MissingOpens(ctx, asked, hour)
		if err == nil && len(missing) > 0 {
			missing, err = a.Warehouse.MissingOpens(ctx, missing, time.Time{})
		}
		if err != nil {
			return err
		}
		waiting := common(missing, unresolved)
		row.Events += uint64(len(asked))
		row.InOpens += uint64(len(asked) - len(missing))
		row.Unresolved += waiting
		row.Missing += uint64(len(missing)) - waiting
		done(len(asked))
	}
	return nil
}

// common is the number of keys in both lists, each of which has a key once.
func common(a, b []uint64) (n uint64) {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	in := make(map[uint64]bool, len(b))
	for _, key := range b {
		in[key] = true
	}
	for _, key := range a {
		if in[key] {
			n++
		}
	}
	return n
}
