package batch

import (
	"context"
	"crypto/rand"
	"time"

	"glint/edge/classify"
	"glint/edge/event"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest/warehouse"
)

// Of an open in mode last_open one fact may be kept: the day on which the
// recipient last opened a message. It has no row, no dead letter and no event
// id in a receipt, and is not archived; its line is deleted with the log's
// segment.

// lastOpen is a line of that mode.
type lastOpen struct {
	body     int
	byPerson bool // otherwise nothing is kept
	message  warehouse.MessageKey
	day      time.Time
}

// last records a line whose valid token has the mode last_open. The edge's
// class is used, since the edge has seen more facts.
func (d *decoder) last(e *event.Event, t *token.Token, from origin) {
	open := d.open(e)
	nameMessage(&open, t)
	if judged, ok := classNumbers[e.Class]; ok {
		open.Class = judged
	}
	d.keepDay(&open, from.body)
}

// keepDay records the day of an open of a message.
func (d *decoder) keepDay(open *warehouse.Open, body int) {
	d.lastOpens = append(d.lastOpens, lastOpen{
		body: body, message: warehouse.MessageKey{CampaignID: open.CampaignID, MessageID: open.MessageID},
		byPerson: (open.Class == int8(classify.HumanDirect) || open.Class == int8(classify.ProxyHuman)) &&
			open.TimeSuspect == warehouse.SuspectNone && d.withdrawn.Fate(open.MessageID).NamesMessage(),
		day: privacy.Cut(open.OpenedAt, token.LastOpen),
	})
}

// forget counts a line of that mode without keeping anything.
func (d *decoder) forget(from origin) { d.lastOpens = append(d.lastOpens, lastOpen{body: from.body}) }

// keepLastOpens updates the recipients' dates. It writes only dates that are
// later than the stored ones.
func (l *Loader) keepLastOpens(ctx context.Context, d *decoder, r *Result) error {
	days := map[warehouse.MessageKey]time.Time{}
	for i := range d.lastOpens {
		o := &d.lastOpens[i]
		r.count(o.body, LastOpened, 0)
		if o.byPerson && o.day.After(days[o.message]) {
			days[o.message] = o.day
		}
	}
	if len(days) == 0 {
		return nil
	}
	messages := make([]warehouse.MessageKey, 0, len(days))
	for m := range days {
		messages = append(messages, m)
	}
	known, err := l.Warehouse.LastOpensOf(ctx, messages)
	if err != nil {
		return err
	}
	latest := map[warehouse.RecipientKey]time.Time{}
	for m, day := range days {
		if o, ok := known[m.MessageID]; ok && day.After(o.OpenedOn) && day.After(latest[o.Recipient]) {
			latest[o.Recipient] = day
		}
	}
	if len(latest) == 0 {
		return nil
	}
	rows := make([]warehouse.LastOpenDate, 0, len(latest))
	for recipient, day := range latest {
		rows = append(rows, warehouse.LastOpenDate{Recipient: recipient, OpenedOn: day})
	}
	return l.Warehouse.InsertLastOpens(ctx, "last-opens-"+rand.Text(), rows)
}
