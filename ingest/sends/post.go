package sends

import (
	"time"

	"glint/ingest/warehouse"
)

// MaxAtOnce is the largest number of messages that are posted together: they are
// one insert of one block, which is atomic.
const MaxAtOnce = block

// Fate is the result of a registration for a message.
type Fate int8

// The fates.
const (
	New     Fate = iota // it counts from now on
	Changed             // it counted before, and a field has changed
	Known               // it counted before, unchanged
)

// Post returns the fate of each message of the batch, and those messages that have
// to be stored, as posted now. restricts is true if less than before may be measured
// of one that is registered: its mail may contain a URL that says more. Call Heed
// with the same known before, which afterwards contains the messages.
func (b *Batch) Post(known *warehouse.KnownSends, now time.Time) (posted []warehouse.Posted, fates []Fate, restricts bool) {
	at := known.NotBefore(now)
	fates = make([]Fate, len(b.messages))
	for i, message := range b.messages {
		p := warehouse.Posted{Send: b.send(i), At: at, Counted: known.Counts(message), Before: known.Before(message)}
		if before, ok := known.Tracking(message); ok && before < p.Tracking {
			restricts = true
		}
		_, write := known.Post(&p)
		switch {
		case !p.Counted:
			fates[i] = New
		case write:
			fates[i] = Changed
		default:
			fates[i] = Known
			continue
		}
		posted = append(posted, p)
	}
	return posted, fates, restricts
}
