package batch

import (
	"github.com/google/uuid"

	"glint/edge/classify"
	"glint/edge/event"
	"glint/edge/pixel"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest/logline"
	"glint/ingest/mention"
	"glint/ingest/warehouse"
)

// An archive is read by everyone who has the files, so a
// line there holds what the edge would write if it knew what ingest knows: package
// privacy.

// Archivable reports whether a line may be kept outside the log, as far as the line itself
// says, and whether it may be kept whole. Lines of the mode last_open may not be kept, and
// lines whose request asks not to be tracked, unless its edge heeded that. Loader.Archived
// decides the rest.
func Archivable(line string, signals privacy.Signals) (may, whole bool) {
	var e event.Event
	if logline.Parse(&e, line) != nil {
		return true, true
	}
	mode := privacy.ClaimedIn(nil, &e)
	return mode != token.LastOpen && signals.For(&e) == privacy.SignalsIgnored, mode == token.Identified
}

// KeepsWhole reports whether Archived returns each line that is archivable whole as it is:
// no recipient has withdrawn or was erased, no message was restricted, no campaign deleted.
func (l *Loader) KeepsWhole() bool { return l.Withdrawn.Len() == 0 && l.Deleted.len() == 0 }

// Archived returns what may be kept outside the log of an archivable line, by all that is
// known now: the line itself, if all of it may, and "" if nothing. A line of which less may
// be kept has the token of the lesser mode or, if it may not name its message, of its
// campaign. A line that names a message of which nothing may be kept, wherever it does so,
// is not kept.
func (l *Loader) Archived(line string) string {
	var e event.Event
	if logline.Parse(&e, line) != nil {
		if l.names(line, func(f warehouse.Fate) bool { return f != warehouse.FateKeep }) {
			return ""
		}
		return line
	}
	concerned := false
	if l.names(line, func(f warehouse.Fate) bool {
		concerned = concerned || f != warehouse.FateKeep
		return f == warehouse.FateDrop || f == warehouse.FateLastOpen
	}) {
		return ""
	}
	if !concerned && l.Deleted.len() == 0 && e.Path == "" && (len(e.Token) == uuidLen || len(e.Token) == token.TextLen && token.HasToken(e.Token)) && privacy.ClaimedIn(nil, &e) == token.Identified {
		return line // nearly all: names reads such a token as Find does
	}
	d := decoder{ring: l.Ring(), ignore: l.Ignore, deleted: l.Deleted, withdrawn: l.Withdrawn, signals: l.Signals, bodies: make([]Body, 1)}
	before := string(e.AppendJSON(nil))
	if !d.archive(&e) {
		return ""
	}
	kept := string(e.AppendJSON(nil))
	if kept == before {
		kept = line
	}
	if l.names(kept, func(f warehouse.Fate) bool { return !f.NamesMessage() }) { // also in a field that is no token
		return ""
	}
	return kept
}

// names reports whether a text names a message with such a fate.
func (l *Loader) names(text string, such func(warehouse.Fate) bool) bool {
	return l.Withdrawn.Len() > 0 && mention.Messages([]byte(text), func(id uuid.UUID) bool { return such(l.Withdrawn.Fate(id)) })
}

// archive reduces an event to what an archive may keep of it. It reports whether that is
// anything.
func (d *decoder) archive(e *event.Event) bool {
	if isWeb(e) {
		d.archiveWeb(e)
		return true
	}
	found := pixel.Find(d.ring, e.Kind, e.Token, e.Path)
	signed := found.Token.Mode // by the token
	if found.Kind == "" {
		found.Token.Mode = d.claimed(e)
	}
	d.restrict(&found)
	t := &found.Token
	switch fate := d.fateInArchive(e, &found); {
	case fate == warehouse.FateDrop || t.Mode == token.LastOpen:
		return false
	case fate != warehouse.FateKeep:
		d.classify(e)
		return privacy.Withdraw(e, d.ring, t)
	case t.Mode == token.Identified:
		return true
	case t.Mode == token.Aggregate:
		d.classify(e)
	}
	switch {
	case found.Kind == event.KindUUID:
		e.Kind, e.Token, e.Path = event.KindUUID, uuid.UUID(found.Message).String(), ""
	case found.Kind == event.KindToken && (t.Mode != signed || !found.Plain):
		text, err := d.ring.Sign(*t)
		if err != nil {
			return false // the line's own token would say that more may be kept
		}
		e.Kind, e.Token, e.TokenStatus = event.KindToken, text, event.TokenValid
	}
	privacy.Reduce(e, t.Mode)
	return true
}

// fateInArchive returns the fate of the message or, in an aggregate token, of the campaign
// that an event names. Without the warehouse no campaign of a plain UUID is known.
func (d *decoder) fateInArchive(e *event.Event, found *pixel.Found) warehouse.Fate {
	t := &found.Token
	switch {
	case found.Kind == event.KindToken && t.Mode != token.Aggregate:
		return d.fate(uint64(t.Campaign), uuid.UUID(t.Message))
	case found.Kind == event.KindToken && d.deleted.Has(uint64(t.Campaign)):
		return warehouse.FateDrop
	case found.Kind == "" && d.deleted.len() > 0:
		for _, text := range []string{e.Token, e.Path} {
			if remains, ok := token.Claim(text); ok && d.deleted.Has(uint64(remains.Campaign)) {
				return warehouse.FateDrop
			}
		}
	}
	return warehouse.FateKeep
}

// archiveWeb removes the token of a page view or a custom event if less may be kept of its
// message than the token says: the event then belongs to its site alone.
func (d *decoder) archiveWeb(e *event.Event) {
	f := pixel.Find(d.ring, event.KindToken, e.Token, "")
	if f.Kind == event.KindToken && !d.keepsMessage(&f) {
		e.Token, e.TokenStatus = "", ""
	}
}

// keepsMessage reports whether a web event may name the message of its token.
func (d *decoder) keepsMessage(f *pixel.Found) bool {
	return !d.deleted.Has(uint64(f.Token.Campaign)) && d.withdrawn.Fate(uuid.UUID(f.Token.Message)) == warehouse.FateKeep
}

// classify sets the class of an event whose client is about to be removed, as a row of it
// would have it, unless its edge did.
func (d *decoder) classify(e *event.Event) {
	if e.Class != "" {
		return
	}
	open := d.open(e)
	e.Class, e.Reason, e.RulesetVersion = classify.Class(open.Class).String(), open.Reason, uint32(open.RulesetVersion)
}
