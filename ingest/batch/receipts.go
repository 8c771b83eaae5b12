package batch

import (
	"cmp"
	"slices"

	"glint/ingest/receipts"
)

// Receipts stores the outcomes of records, as *receipts.Writer does.
type Receipts interface {
	Append([]receipts.Receipt) error
}

// receiptsOf returns a receipt with the outcomes of each record of a batch.
func (l *Pipeline) receiptsOf(b *namedBatch, r *Result) []receipts.Receipt {
	all := make([]receipts.Receipt, len(b.bodies))
	for i := range b.bodies {
		body, result := &b.bodies[i], &r.Bodies[i]
		all[i] = receipts.Receipt{
			LogID: l.state.LogID, Record: body.Record, ReceivedAt: body.ReceivedAt, Lane: l.Lane, Source: body.Source,
			Lines: body.Count, Events: result.Events,
			BadTokens: result.BadTokens, DeadLetters: result.DeadLetters, OverCap: result.OverCap,
			Details: result.details(),
		}
	}
	return all
}

// details splits the counts into their parts. BadTokens and OverCap have no
// parts.
func (r *BodyResult) details() (all []receipts.Detail) {
	add := func(name string, lines int) {
		if lines > 0 {
			all = append(all, receipts.Detail{Name: name, Lines: lines})
		}
	}
	for outcome, lines := range r.Others {
		if outcome != BadToken && outcome != OverCap {
			add(string(outcome), lines)
		}
	}
	add(receipts.Repeated, r.Repeats)
	add(receipts.NotKept, r.NotKept)
	slices.SortFunc(all, func(a, b receipts.Detail) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
