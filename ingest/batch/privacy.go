package batch

import (
	"github.com/google/uuid"

	"glint/edge/classify"
	"glint/edge/event"
	"glint/edge/pixel"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest/mention"
	"glint/ingest/warehouse"
)

// The code below decides which facts of a line the warehouse may store, whether its
// edge knew privacy modes or not, and whenever it arrives: live, from a replay,
// or from an archive.

// token creates the row of an event with a valid token. asked means that its
// request asks not to be tracked.
func (d *decoder) token(e *event.Event, t *token.Token, from origin, asked bool) {
	fate := warehouse.FateKeep
	if t.Mode != token.Aggregate { // otherwise the id is a stratum's
		fate = d.fate(uint64(t.Campaign), uuid.UUID(t.Message))
	} else if d.deleted.Has(uint64(t.Campaign)) {
		fate = warehouse.FateDrop
	}
	if asked && (fate == warehouse.FateKeep || fate == warehouse.FateAnonymous) {
		fate = warehouse.FateCount
	}
	open := d.open(e)
	nameMessage(&open, t)
	switch {
	case fate != warehouse.FateKeep:
		d.aggregate(withdrawn(&open, fate), origin{body: from.body})
		return
	case t.Mode == token.Aggregate:
		d.aggregate(aggregate(&open, e), origin{body: from.body})
		return
	case t.Mode == token.Pseudonymous:
		pseudonymize(&open)
		from.line = d.reduced(e, &pixel.Found{Kind: event.KindToken, Token: *t, Message: t.Message}, from.line)
	}
	d.opens.add(&open, from)
}

// signalled applies privacy.Signals to a line whose request asks not to be
// tracked, if its edge did not. It reports whether the line is done.
func (d *decoder) signalled(e *event.Event, f *pixel.Found, signals privacy.Signals, from origin) bool {
	mode, web := f.Token.Mode, isWeb(e)
	switch {
	case signals == privacy.SignalsAggregate && web:
		from.line = d.reduced(e, f, from.line)
		d.web(e, from, true)
	case signals == privacy.SignalsAggregate && mode == token.Aggregate:
		return false
	case signals == privacy.SignalsAggregate && f.Kind == event.KindToken && mode != token.LastOpen:
		d.token(e, &f.Token, from, true)
	case !web && mode == token.LastOpen:
		d.forget(from)
	default:
		open := d.open(e)
		d.aggregate(withheld(&open), origin{body: from.body})
	}
	return true
}

// fate returns the treatment of an open of a message; FateKeep if it belongs to its
// message, in the mode that restrict sets.
func (d *decoder) fate(campaign uint64, message uuid.UUID) warehouse.Fate {
	if d.deleted.Has(campaign) {
		return warehouse.FateDrop
	}
	if fate := d.withdrawn.Fate(message); !fate.NamesMessage() {
		return fate
	}
	return warehouse.FateKeep
}

// claimed returns the mode of a line without a valid token: the mode in the remains of
// its token, or the current mode of a message that they name, if that is stricter.
func (d *decoder) claimed(e *event.Event) token.Mode {
	mode := privacy.ClaimedIn(d.ring, e)
	if d.withdrawn.Len() == 0 || isWeb(e) {
		return mode
	}
	mention.Messages([]byte(e.Token+"\n"+e.Path), func(message uuid.UUID) bool {
		mode = max(mode, token.Mode(min(d.withdrawn.Fate(message).Tracking(), warehouse.Aggregate)))
		return false
	})
	return mode
}

// restrict lowers the mode of an open to the current one of its message: the URL in
// the mail may be older.
func (d *decoder) restrict(f *pixel.Found) {
	if f.Kind == "" || f.Token.Mode == token.Aggregate { // otherwise the id is a stratum's
		return
	}
	if fate := d.withdrawn.Fate(uuid.UUID(f.Message)); fate.NamesMessage() {
		f.Token.Mode = max(f.Token.Mode, token.Mode(fate.Tracking()))
	}
}

func (d *decoder) aggregate(row warehouse.AggregateOpen, from origin) { d.aggregates.add(&row, from) }

// classNumbers are the tables' Enum8 values by class.
var classNumbers = func() map[string]int8 {
	all := map[string]int8{}
	for c := classify.Unknown; c <= classify.NotImage; c++ {
		all[c.String()] = int8(c)
	}
	return all
}()

// aggregate returns the row of an event whose token names a stratum. If the
// edge removed the client's facts, the class comes from the line.
func aggregate(open *warehouse.Open, e *event.Event) warehouse.AggregateOpen {
	row := warehouse.AggregateOpen{
		CampaignID: open.CampaignID, StratumID: open.MessageID, OpenedHour: privacy.Cut(open.OpenedAt, token.Aggregate), EventID: open.EventID,
		Class: open.Class, Reason: open.Reason, RulesetVersion: open.RulesetVersion, VerdictVersion: open.VerdictVersion,
	}
	if class, ok := classNumbers[e.Class]; ok {
		row.Class, row.Reason, row.ReducedByEdge = class, e.Reason, true
		row.RulesetVersion = uint16(min(e.RulesetVersion, 1<<16-1))
		row.VerdictVersion = reducedVersion
	}
	return row
}

// withdrawn returns the row of an open whose recipient refused or withdrew.
func withdrawn(open *warehouse.Open, fate warehouse.Fate) warehouse.AggregateOpen {
	if fate == warehouse.FateDrop {
		return withheld(open)
	}
	row := warehouse.AggregateOpen{
		CampaignID: open.CampaignID, OpenedHour: privacy.Cut(open.OpenedAt, token.Aggregate), EventID: open.EventID,
		Class: open.Class, Reason: open.Reason, RulesetVersion: open.RulesetVersion, VerdictVersion: open.VerdictVersion,
	}
	if fate == warehouse.FateAnonymous {
		row.Client, row.OS, row.Device, row.Country = open.Client, open.OS, open.Device, open.Country
	}
	return row
}

// withheld returns the row that shows an audit that the event arrived.
func withheld(open *warehouse.Open) warehouse.AggregateOpen {
	return warehouse.AggregateOpen{
		OpenedHour: privacy.Cut(open.OpenedAt, token.LastOpen), EventID: open.EventID, VerdictVersion: open.VerdictVersion,
	}
}

// pseudonymize removes from a row the facts that privacy.Reduce removes from a
// line.
func pseudonymize(o *warehouse.Open) {
	o.IP, o.Region, o.RefererHost, o.JA4, o.Path, o.Extra = warehouse.Open{}.IP, "", "", "", "", ""
}

// reduced returns the part of a line that a dead letter may keep.
func (d *decoder) reduced(e *event.Event, f *pixel.Found, line string) string {
	mode := f.Token.Mode
	switch {
	case d.signals.For(e) != privacy.SignalsIgnored:
		r := *e
		privacy.ReduceWeb(&r)
		r.Web = ""
		return string(r.AppendJSON(nil))
	case f.Kind != "" && mode != token.Aggregate && !d.withdrawn.Fate(uuid.UUID(f.Message)).NamesMessage():
		mode = token.LastOpen // the token stays, since operators search for it
	}
	if mode == token.Identified {
		return line
	}
	r := *e
	privacy.Reduce(&r, mode)
	return string(r.AppendJSON(nil))
}
