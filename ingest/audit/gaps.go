package audit

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"glint/ingest/receipts"
)

// disorder is the maximum time by which a record with a lower number may be received
// after another: both wait for the same fsync, on a slow disk.
const disorder = 10 * time.Second

// numbers holds the numbers of the known records of one log.
type numbers struct {
	node        string
	lane        string
	seen        []uint64
	first, last uint64 // of the covered records; 0: none
}

// look adds a record to the range that must have no gap. Just after Since a gap is
// possible, of records that were received just before it, unless the log began then.
func (a *auditor) look(n *numbers, record uint64, at time.Time) {
	if !a.within(at) || record > 1 && at.Before(a.since.Add(disorder)) {
		return
	}
	if n.last == 0 || record < n.first {
		n.first = record
	}
	n.last = max(n.last, record)
}

// survey reads the heads of the receipts: it returns the number of covered events, and
// finds the numbers of records that are neither in a receipt nor in the log.
func (a *auditor) survey(ctx context.Context) (events int, err error) {
	logs := map[string]*numbers{}
	of := func(logID, lane string) *numbers {
		if logs[logID] == nil {
			logs[logID] = &numbers{node: a.node.Name, lane: lane}
		}
		return logs[logID]
	}
	for _, hour := range a.shelf.Hours() {
		// Records are numbered approximately in order of receipt, so a gap may be
		// filled by records of the adjacent hours.
		if !a.touches(hour.Add(-time.Hour)) && !a.touches(hour) && !a.touches(hour.Add(time.Hour)) {
			continue
		}
		err := a.heads(hour, func(r *receipts.Receipt, n int) error {
			log := of(r.LogID, r.Lane)
			log.seen = append(log.seen, r.Record)
			if a.within(r.ReceivedAt) {
				events += n
			}
			a.look(log, r.Record, r.ReceivedAt)
			return ctx.Err()
		})
		if err != nil {
			return 0, err
		}
	}
	for _, l := range a.lanes {
		log := of(cmp.Or(l.logID, l.name), l.name)
		log.seen = append(log.seen, l.numbers...)
		for _, entries := range l.byHour {
			for _, e := range entries {
				a.look(log, e.record, e.at)
			}
		}
		if log.last > 0 && a.Until.IsZero() {
			log.last = l.next - 1 // later records may be in transit
		}
	}
	for _, logID := range slices.Sorted(maps.Keys(logs)) {
		a.result.Lost = append(a.result.Lost, logs[logID].gaps(logID)...)
	}
	return events, nil
}

// heads reads the receipts of one hour without their events.
func (a *auditor) heads(hour time.Time, visit func(*receipts.Receipt, int) error) (err error) {
	h, err := a.shelf.Hour(hour)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	return h.Heads(visit)
}

// gaps returns the numbers between first and last that are neither in the log nor in a receipt.
func (n *numbers) gaps(logID string) (lost []Records) {
	slices.Sort(n.seen)
	next := n.first
	i, _ := slices.BinarySearch(n.seen, n.first)
	for _, record := range n.seen[i:] {
		if record > n.last {
			break
		}
		if record > next {
			lost = append(lost, Records{n.node, n.lane, logID, next, record - 1})
		}
		next = max(next, record+1)
	}
	if n.last > 0 && next <= n.last {
		lost = append(lost, Records{n.node, n.lane, logID, next, n.last})
	}
	slices.SortFunc(lost, func(a, b Records) int { return cmp.Compare(a.First, b.First) })
	return lost
}
