package batch

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"glint/edge/classify"
	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/warehouse"
)

// Outcome is what became of a line; also the value of a metric's label.
type Outcome string

// The outcomes. All but Stored are reasons of dead letters.
const (
	Stored         Outcome = "stored"
	NotEvent       Outcome = "not_event"       // no JSON, a field of the wrong form, or one missing
	BadToken       Outcome = "bad_token"       // not signed by a key that verifies
	UnknownMessage Outcome = "unknown_message" // a plain UUID that is not registered
	BadTime        Outcome = "bad_time"        // opened_at outside the sane range
	Refused        Outcome = "refused"         // the warehouse does not take a value of it
)

// Outcomes are all of them.
var Outcomes = []Outcome{Stored, NotEvent, BadToken, UnknownMessage, BadTime, Refused}

// earliest and maxAhead bound opened_at: an archive may be years old, but an
// edge's clock is never a day ahead, and a wild year would make a partition.
var earliest = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)

const maxAhead = 24 * time.Hour

// verdictVersion of a row judged at ingest: the first verdict wins over a
// repeat judged by newer rules, and any later judgement wins over both.
const verdictVersion = 65535 - uint32(classify.RulesetVersion)

type rejected struct {
	receivedAt time.Time
	source     string
	line       string
	outcome    Outcome
	detail     string // never a value of the line
}

// unresolved is the open of a plain UUID, whose campaign the warehouse knows.
type unresolved struct {
	line string
	open warehouse.Open
}

type decoder struct {
	ring       *token.Ring
	source     string    // of the body that is decoded
	receivedAt time.Time // of the same

	opens      []warehouse.Open
	lines      []string // of opens
	unresolved []unresolved
	rejected   []rejected
	refused    int // of opens
}

// minLikelyLine is shorter than any event's line: what is shorter is no event
// and needs no room among the rows.
const minLikelyLine = 100

func (d *decoder) decode(b *Body) {
	d.source, d.receivedAt = b.Source, b.ReceivedAt
	likely := min(b.Count, len(b.Lines)/minLikelyLine+1)
	d.opens = slices.Grow(d.opens, likely)
	d.lines = slices.Grow(d.lines, likely)
	text := string(b.Lines) // the rows' strings are parts of it
	for len(text) > 0 {
		line := text
		if i := strings.IndexByte(text, 0x0a); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = ""
		}
		if line = strings.TrimSpace(line); line != "" {
			d.line(line)
		}
	}
}

func (d *decoder) line(line string) {
	e, err := event.Parse(line)
	if err == nil {
		err = e.Check()
	}
	if err != nil {
		d.reject(line, NotEvent, err.Error())
		return
	}
	if e.OpenedAt.Before(earliest) || e.OpenedAt.After(d.receivedAt.Add(maxAhead)) {
		d.reject(line, BadTime, "opened_at is before 2010 or more than a day ahead")
		return
	}
	open := d.open(&e)
	if e.Kind == event.KindUUID || e.Kind == "" && len(e.Token) == uuidLen {
		id, err := token.ParseMessageID(e.Token)
		if err != nil {
			d.reject(line, BadToken, err.Error())
			return
		}
		open.MessageID = uuid.UUID(id)
		d.unresolved = append(d.unresolved, unresolved{line, open})
		return
	}
	t, err := d.ring.Open(e.Token)
	if err != nil {
		d.reject(line, BadToken, err.Error())
		return
	}
	open.CampaignID, open.MessageID = uint64(t.Campaign), uuid.UUID(t.Message)
	open.TokenStatus = tokenValid
	d.opens, d.lines = append(d.opens, open), append(d.lines, line)
}

// uuidLen tells a UUID from a token in a line that does not say what it has.
const uuidLen = 36

// The values of the table's Enum8.
const (
	tokenUnchecked int8 = iota
	tokenValid
)

// open returns the row of an event but for its message.
func (d *decoder) open(e *event.Event) warehouse.Open {
	var facts classify.HeaderFacts
	for _, h := range e.Headers {
		facts |= classify.HeaderFact(h.Name, h.Value)
	}
	v := classify.Judge(&classify.Request{
		Method: e.Method, UserAgent: e.UserAgent, RefererHost: e.RefererHost,
		Network: e.Network, ASNumber: e.ASNumber, ProxyType: e.ProxyType, ProxyDescription: e.ProxyDescription,
		Headers: facts,
	})
	ip, _ := netip.ParseAddr(e.IP) // zero: not kept
	return warehouse.Open{
		OpenedAt: e.OpenedAt, EventID: e.ID.Key(), ReceivedAt: d.receivedAt,
		UserAgent: e.UserAgent, IP: ip, Network: e.Network, ASNumber: e.ASNumber,
		Country: e.Country, Region: e.Region, ProxyType: e.ProxyType, ProxyDescription: e.ProxyDescription,
		Method: e.Method, HeaderBits: uint16(facts), RefererHost: e.RefererHost, TokenStatus: tokenUnchecked,
		Class: int8(v.Class), Reason: v.Reason, Client: classify.Client(e.UserAgent, e.RefererHost),
		RulesetVersion: classify.RulesetVersion, VerdictVersion: verdictVersion,
		POP: e.POP, Source: d.source, Extra: e.Extra,
	}
}

// resolve finds the campaigns of plain UUIDs.
func (d *decoder) resolve(ctx context.Context, w Warehouse) error {
	if len(d.unresolved) == 0 {
		return nil
	}
	seen := map[uuid.UUID]bool{}
	var ids []uuid.UUID
	for i := range d.unresolved {
		if id := d.unresolved[i].open.MessageID; !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	campaigns, err := w.CampaignsOf(ctx, ids)
	if err != nil {
		return err
	}
	for i := range d.unresolved {
		u := &d.unresolved[i]
		campaign, ok := campaigns[u.open.MessageID]
		if !ok {
			d.source, d.receivedAt = u.open.Source, u.open.ReceivedAt
			d.reject(u.line, UnknownMessage, "the message is not registered")
			continue
		}
		u.open.CampaignID = campaign
		d.opens, d.lines = append(d.opens, u.open), append(d.lines, u.line)
	}
	return nil
}

func (d *decoder) reject(line string, outcome Outcome, detail string) {
	d.rejected = append(d.rejected, rejected{d.receivedAt, d.source, line, outcome, detail})
}

// refuse turns a row that the warehouse does not take into a dead letter. The
// row stays in its place, so that the others keep theirs.
func (d *decoder) refuse(row int) {
	d.source, d.receivedAt = d.opens[row].Source, d.opens[row].ReceivedAt
	d.reject(d.lines[row], Refused, "the warehouse does not take a value of it")
	d.refused++
}

func (d *decoder) count() map[Outcome]int {
	n := map[Outcome]int{Stored: len(d.opens) - d.refused}
	for i := range d.rejected {
		n[d.rejected[i].outcome]++
	}
	return n
}
