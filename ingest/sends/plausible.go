package sends

import (
	"fmt"
	"strconv"
	"time"
)

// Times beyond these are stored, with a warning: they are usually mistakes, and
// rules about fast opens rely on send times.
const (
	plausibleAhead = 90 * 24 * time.Hour
	plausibleAge   = 2 * 365 * 24 * time.Hour
	clockError     = time.Hour // tolerance for a delivery time of another clock
)

// Warnings returns sentences, with counts, about accepted data that may be
// mistakes. now is the current time; sentAt applies to rows without sent_at.
func (r *Recipients) Warnings(now time.Time, sentAt Seconds) []string {
	var ahead, old, early, undelivered Tally
	for i := range r.Rows {
		row := &r.Rows[i]
		sent := row.SentAt
		if sent == 0 {
			sent = sentAt
		}
		line := int(row.Line)
		if row.SentAt != 0 {
			switch age := now.Sub(row.SentAt.Time()); {
			case age < -plausibleAhead:
				ahead.add(line)
			case age > plausibleAge:
				old.add(line)
			}
		}
		if row.DeliveredAt != 0 {
			if row.DeliveredAt < sent {
				early.add(line)
			}
			if row.DeliveredAt.Time().Sub(now) > clockError {
				undelivered.add(line)
			}
		}
	}
	var all []string
	for _, w := range []struct {
		Tally
		text string
	}{
		{r.Short, "fewer cells than the header; the missing cells count as empty"},
		{r.NoAddress, "a recipient without an @, unlike most of the column"},
		{ahead, "sent_at more than 90 days ahead"},
		{old, "sent_at more than two years ago"},
		{early, "delivered_at before sent_at"},
		{undelivered, "delivered_at in the future"},
		{r.Twice, "a time that the clocks in --time-zone showed twice; the first was taken"},
	} {
		if w.Count > 0 {
			all = append(all, w.sentence(w.text))
		}
	}
	if r.Addresses != "" {
		all = append(all, "the column recipient has no addresses, and the column "+strconv.Quote(printable(r.Addresses))+" has; --recipient-column selects it")
	}
	return all
}

// sentence returns a sentence with the number of rows that have text, and the
// first of them.
func (t *Tally) sentence(text string) string {
	if t.Count == 1 {
		return fmt.Sprintf("line %d has %s", t.Line, text)
	}
	return strconv.Itoa(t.Count) + " rows have " + text + fmt.Sprintf(" (the first is line %d)", t.Line)
}
