package audit

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"glint/ingest/receipts"
	"glint/ingest/warehouse"
)

// rows are a node's rows of one hour, by source.
type rows map[string]*Row

func (a *auditor) row(r rows, hour time.Time, source string) *Row {
	row := r[source]
	if row == nil {
		row = &Row{Hour: hour, Source: source, Node: a.node.Name}
		r[source] = row
	}
	return row
}

// recordKey identifies a record that has a receipt.
type recordKey struct {
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

	rows, recorded := rows{}, map[recordKey]bool{}
	err = h.Heads(func(r *receipts.Receipt, events int) error {
		recorded[recordKey{r.LogID, r.Record}] = true
		if a.within(r.ReceivedAt) {
			a.row(rows, hour, r.Source).explain(r, events)
		}
		return nil
	})
	if err != nil {
		return err
	}
	a.waiting(rows, hour, recorded)
	if err := a.compare(ctx, h, rows, hour, done); err != nil {
		return err
	}
	for _, source := range slices.Sorted(maps.Keys(rows)) {
		a.result.Rows = append(a.result.Rows, *rows[source])
	}
	return nil
}

// explain adds the counts of a receipt, without its events.
func (r *Row) explain(receipt *receipts.Receipt, events int) {
	r.Accepted += uint64(receipt.Lines)
	r.BadTokens += uint64(receipt.BadTokens)
	r.DeadLetters += uint64(receipt.DeadLetters)
	r.OverCap += uint64(receipt.OverCap)
	r.NotKept += uint64(receipt.Detail(receipts.NotKept))
	r.Web += uint64(receipt.Detail(receipts.Web))
	r.LastOpen += uint64(receipt.Detail(receipts.LastOpen))
	explained := events + receipt.BadTokens + receipt.DeadLetters + receipt.OverCap + receipt.Detail(receipts.Web) + receipt.Detail(receipts.LastOpen)
	if rest := receipt.Lines - explained; rest > 0 {
		r.Missing += uint64(rest)
		r.Unexplained += uint64(rest)
	}
}

// waiting adds the records of the log that have no receipt.
func (a *auditor) waiting(rows rows, hour time.Time, recorded map[recordKey]bool) {
	for _, l := range a.lanes {
		for _, e := range l.byHour[hour] {
			if recorded[recordKey{l.logID, e.record}] {
				continue
			}
			row := a.row(rows, hour, e.source)
			row.Accepted += e.lines
			if e.record > l.acknowledged {
				row.Waiting += e.lines
				continue
			}
			row.Missing += e.lines
			row.Unexplained += e.lines
			a.result.WithoutReceipt = appendRecord(a.result.WithoutReceipt, Records{a.node.Name, l.name, l.logID, e.record, e.record})
		}
	}
}

// appendRecord appends a record, to an adjacent range if there is one.
func appendRecord(list []Records, r Records) []Records {
	if n := len(list) - 1; n >= 0 && list[n].LogID == r.LogID && list[n].Last+1 == r.First {
		list[n].Last = r.Last
		return list
	}
	return append(list, r)
}

// maxAsked is the maximum number of events in one query.
const maxAsked = 500_000

// compare looks up the events of an hour. It reads a very large hour several times; each
// pass covers a part of all events, and so detects every repeat among them.
func (a *auditor) compare(ctx context.Context, h *receipts.Hour, rows rows, hour time.Time, done func(int)) error {
	parts := uint64(h.Events()/a.maxKeys + 1)
	keys := map[string][]uint64{}
	for part := range parts {
		err := h.Each(func(r *receipts.Receipt) error {
			if !a.within(r.ReceivedAt) {
				return nil
			}
			list := keys[r.Source]
			for _, key := range r.Events {
				if parts == 1 || warehouse.EventPart(key, parts) == part {
					list = append(list, key)
				}
			}
			keys[r.Source] = list
			return ctx.Err()
		})
		if err != nil {
			return err
		}
		if err := a.comparePart(ctx, keys, rows, hour, part, parts); err != nil {
			return err
		}
		for source, list := range keys {
			done(len(list))
			keys[source] = list[:0]
		}
	}
	return nil
}

// comparePart finds most events among those that the warehouse received in that hour, in
// one pass, and looks up the rest: repeats, whose row may be of another hour, and events
// that are not in opens.
func (a *auditor) comparePart(ctx context.Context, keys map[string][]uint64, rows rows, hour time.Time, part, parts uint64) error {
	all := newKeySet(slices.Concat(slices.Collect(maps.Values(keys))...))
	if len(all.keys) == 0 {
		return nil
	}
	from, until := hour, hour.Add(time.Hour)
	if a.since.After(from) {
		from = a.since
	}
	if err := a.Warehouse.ReceivedEvents(ctx, from, until, part, parts, all.mark); err != nil {
		return err
	}
	for source, list := range keys {
		slices.Sort(list)
		distinct := slices.Compact(list)
		row := rows[source]
		row.Repeats += uint64(len(list) - len(distinct))
		row.Events += uint64(len(distinct))
		rest := slices.DeleteFunc(distinct, all.isMarked)
		row.InOpens += uint64(len(distinct) - len(rest))
		for asked := range slices.Chunk(rest, maxAsked) {
			if err := a.ask(ctx, row, asked); err != nil {
				return err
			}
		}
	}
	return nil
}

// ask looks up individual events.
func (a *auditor) ask(ctx context.Context, row *Row, events []uint64) error {
	// In this order: an event that is moved between the two is in opens.
	unresolved, err := a.Warehouse.UnresolvedEvents(ctx, events)
	if err != nil {
		return err
	}
	missing, err := a.Warehouse.MissingOpens(ctx, events)
	if err != nil {
		return err
	}
	nowhere := without(missing, unresolved)
	row.InOpens += uint64(len(events) - len(missing))
	row.Unresolved += uint64(len(missing) - len(nowhere))
	row.Missing += uint64(len(nowhere))
	if a.Missing == nil || len(nowhere) == 0 {
		return nil
	}
	return a.Missing(ctx, row.Hour, row.Source, nowhere)
}

// without returns the keys of a that are not in b.
func without(a, b []uint64) []uint64 {
	if len(a) == 0 || len(b) == 0 {
		return a
	}
	in := make(map[uint64]bool, len(b))
	for _, key := range b {
		in[key] = true
	}
	return slices.DeleteFunc(a, func(key uint64) bool { return in[key] })
}
