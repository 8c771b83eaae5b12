package batch

import "glint/ingest/receipts"

// Receipts keeps what became of records; *receipts.Book is one.
type Receipts interface {
	Append([]receipts.Receipt) error
}

// receiptsOf says what became of each record of a batch.
func (l *Lane) receiptsOf(b *decided, r *Result) []receipts.Receipt {
	all := make([]receipts.Receipt, len(b.bodies))
	for i := range b.bodies {
		body, result := &b.bodies[i], &r.Bodies[i]
		all[i] = receipts.Receipt{
			LogID: l.state.LogID, Record: body.Record, ReceivedAt: body.ReceivedAt, Lane: l.Name, Source: body.Source,
			Lines: body.Count, Events: result.Events,
			BadTokens: result.BadTokens, DeadLetters: result.DeadLetters, OverCap: result.OverCap,
		}
	}
	return all
}
