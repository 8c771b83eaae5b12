package batch

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/google/uuid"

	"glint/edge/classify"
	"glint/edge/event"
	"glint/edge/pixel"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest/consent"
	"glint/ingest/logline"
	"glint/ingest/mention"
	"glint/ingest/warehouse"
)

// earliest and maxAhead bound opened_at. An archive may be years old, but an
// edge's clock is never a day ahead, and an absurd year would create a
// partition of its own.
var earliest = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)

const maxAhead = 24 * time.Hour

// A time within these is plausible: a campaign may be set up on a machine whose clock is
// an hour or a time zone off, and an edge's clock may be seconds ahead of ingest's. Beyond
// them the line contradicts itself: see timeSuspect.
const (
	issuedSlack   = 24 * time.Hour  // of opened_at before the token was issued
	receivedSlack = 5 * time.Minute // of opened_at after the line was received
)

// verdictVersion is the version of rows classified at ingest. The first verdict
// wins over a repeat under newer rules, and any later judgement wins over both.
const verdictVersion = 65535 - uint32(classify.RulesetVersion)

// ignoredVersion is the version of rows ignored at ingest. It is below all
// verdictVersions: if a line comes again after the ignore list has grown, the
// open that was counted stays counted.
const ignoredVersion = 65535/2 - uint32(classify.RulesetVersion)

// reducedVersion is the version of aggregate rows whose line lacks the client's facts. It is
// below both: if the event has a row by its whole line, that one stays when an archive is
// replayed.
const reducedVersion = 65535/4 - uint32(classify.RulesetVersion)

// origin is the origin of a row.
type origin struct {
	line string
	body int // index of its body in the batch
}

// dead is a line that cannot be stored.
type dead struct {
	origin
	outcome Outcome
	detail  string // explanation without any value of the line
}

// rows are rows of one table with the lines that they come from.
type rows[R any] struct {
	rows    []R
	origins []origin
}

func (r *rows[R]) add(row *R, o origin) {
	r.rows, r.origins = append(r.rows, *row), append(r.origins, o)
}

// empty removes the rows and everything that they refer to. It keeps their
// memory, unless the batch was unusually large.
func (r *rows[R]) empty() {
	if cap(r.rows) > maxKeptRows {
		*r = rows[R]{}
		return
	}
	clear(r.rows)
	clear(r.origins)
	r.rows, r.origins = r.rows[:0], r.origins[:0]
}

// maxKeptRows is more rows than a batch has, except for one large record.
const maxKeptRows = 64 << 10

// decoder converts the lines of a batch's bodies into rows.
type decoder struct {
	ring      *token.Ring
	ignore    func(addr netip.Addr, userAgent string) (reason string, ok bool) // nil: none
	deleted   *Deleted                                                         // nil: none
	withdrawn *consent.Set                                                     // nil: none
	signals   privacy.Signals
	bodies    []Body
	body      int // index of the one that is decoded

	headers []event.Header            // buffer for the headers of a line
	agents  map[string]classify.Agent // by user agent; at most maxAgents

	opens      rows[warehouse.Open]
	unresolved rows[warehouse.Open] // of plain UUIDs, whose campaign only the warehouse knows
	badTokens  rows[warehouse.BadToken]
	aggregates rows[warehouse.AggregateOpen]
	webEvents  rows[warehouse.WebEvent]
	lastOpens  []lastOpen
	sites      func(name string) bool // that are configured; nil: none
	dead       []dead
}

// decoders are kept between batches: the rows of one take 25 MB.
var decoders = sync.Pool{New: func() any { return new(decoder) }}

func newDecoder(l *Loader, bodies []Body) *decoder {
	d := decoders.Get().(*decoder)
	d.ring, d.ignore, d.sites, d.withdrawn, d.signals, d.deleted, d.bodies = l.Ring(), l.Ignore, l.Sites, l.Withdrawn, l.Signals, l.Deleted, bodies
	return d
}

// free gives the decoder to another batch. Its rows must not be used after it.
func (d *decoder) free() {
	d.opens.empty()
	d.unresolved.empty()
	d.badTokens.empty()
	d.aggregates.empty()
	d.webEvents.empty()
	*d = decoder{opens: d.opens, unresolved: d.unresolved, badTokens: d.badTokens, aggregates: d.aggregates, webEvents: d.webEvents}
	decoders.Put(d)
}

// minLikelyLine is shorter than any event's line: for shorter lines no rows are
// reserved.
const minLikelyLine = 100

// linesPerCheck is the number of lines decoded between two checks of the
// context. Even at MaxReadBytes each, decoding them takes milliseconds.
const linesPerCheck = 256

// decode converts all lines into rows. If the context ends, it stops and
// returns the context's error, so that a batch never delays the end of the
// program.
func (d *decoder) decode(ctx context.Context) error {
	likely := 0
	for i := range d.bodies {
		likely += min(d.bodies[i].Count, len(d.bodies[i].Lines)/minLikelyLine+1)
	}
	// Reserved at once: rows are large, and growing the slice for each body
	// would copy them often.
	d.opens.rows = slices.Grow(d.opens.rows, likely)
	d.opens.origins = slices.Grow(d.opens.origins, likely)
	for i := range d.bodies {
		d.body = i
		if err := d.lines(ctx, &d.bodies[i]); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) lines(ctx context.Context, b *Body) error {
	// The rows' strings share the bytes of the body, which are never changed.
	text := unsafe.String(unsafe.SliceData(b.Lines), len(b.Lines))
	for n := 0; len(text) > 0; n++ {
		if n%linesPerCheck == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line := text
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = ""
		}
		if line = strings.Trim(line, logline.Blanks); line != "" {
			d.line(line)
		}
	}
	return nil
}

func (d *decoder) line(line string) {
	from := origin{line, d.body}
	e := event.Event{Headers: d.headers}
	err := logline.Parse(&e, line)
	d.headers = e.Headers
	switch {
	case errors.Is(err, event.ErrTooLong):
		from.line = line[:event.MaxReadBytes]
		d.reject(from, TooLong, err.Error())
		return
	case err != nil:
		d.reject(from, NotEvent, err.Error())
		return
	}
	if e.Kind == "" && len(e.Token) == uuidLen {
		e.Kind = event.KindUUID
	}
	// The edge's token_status is not used: ingest has all keys, and older edges
	// did not search the path for a token.
	found := pixel.Find(d.ring, e.Kind, e.Token, e.Path)
	if found.Kind == "" {
		found.Token.Mode = d.claimed(&e)
	}
	d.restrict(&found)
	last := found.Kind != event.KindUUID && found.Token.Mode == token.LastOpen
	if e.OpenedAt.Before(earliest) || e.OpenedAt.After(d.bodies[d.body].ReceivedAt.Add(maxAhead)) {
		if last || found.Token.Mode == token.LastOpen {
			d.forget(from)
			return
		}
		from.line = d.reduced(&e, &found, line)
		d.reject(from, BadTime, "opened_at is before 2010 or more than a day ahead")
		return
	}
	if signals := d.signals.For(&e); signals != privacy.SignalsIgnored && d.signalled(&e, &found, signals, from) {
		return
	}
	if isWeb(&e) {
		d.web(&e, from, false)
		return
	}
	switch {
	case last && found.Kind == event.KindToken:
		d.last(&e, &found.Token, from)
	case last:
		d.forget(from)
	case found.Kind == event.KindToken:
		d.token(&e, &found.Token, from, false)
	case found.Kind == event.KindUUID && d.withdrawn.Erased(uuid.UUID(found.Message)): // it would wait for a campaign
		open := d.open(&e)
		d.aggregate(withheld(&open), origin{body: from.body})
	case found.Kind == event.KindUUID:
		open := d.open(&e)
		open.MessageID = uuid.UUID(found.Message)
		if found.Token.Mode != token.Identified {
			pseudonymize(&open)
			from.line = d.reduced(&e, &found, line)
		}
		d.unresolved.add(&open, from)
	case errors.Is(found.Err, token.ErrUnknownKey) && e.TokenStatus == event.TokenValid:
		// The edge has a key that ingest lacks. The operator can add it; in
		// bad_tokens these opens would be lost among forgeries.
		from.line = d.reduced(&e, &found, line)
		d.reject(from, UnknownKey, "the edge knows the key of the token, but ingest does not")
	case d.withdrawn.HasErased() && mention.Messages([]byte(e.Token+"\n"+e.Path), d.withdrawn.Erased): // damaged
		open := d.open(&e)
		d.aggregate(withheld(&open), origin{body: from.body})
	default:
		privacy.Reduce(&e, found.Token.Mode)
		d.badTokens.add(d.badToken(&e, fault(found.Err)), from)
	}
}

// nameMessage sets the message that a valid token names, and whether the open
// is earlier than the token's issue.
func nameMessage(open *warehouse.Open, t *token.Token) {
	open.CampaignID, open.MessageID = uint64(t.Campaign), uuid.UUID(t.Message)
	open.TokenStatus, open.KeyID, open.IssuedAt = tokenValid, t.Key, time.Unix(int64(t.IssuedAt), 0).UTC()
	if open.OpenedAt.Before(open.IssuedAt.Add(-issuedSlack)) {
		open.TimeSuspect = warehouse.SuspectBeforeToken
	}
}

// isWeb reports whether an event is of the pages of a site, not of a mail.
func isWeb(e *event.Event) bool { return e.Kind == event.KindView || e.Kind == event.KindEvent }

// uuidLen is the length of a UUID in a line without a kind; no token has this
// length.
const uuidLen = 36

// fault returns one word for the error of a token.
func fault(err error) string {
	switch {
	case errors.Is(err, token.ErrSignature):
		return "signature"
	case errors.Is(err, token.ErrUnknownKey):
		return "unknown_key"
	case errors.Is(err, token.ErrRevokedKey):
		return "revoked_key"
	case errors.Is(err, token.ErrVersion):
		return "version"
	}
	return "malformed"
}

// The values of the table's Enum8.
const (
	tokenUnchecked int8 = iota
	tokenValid
)

// open returns the row of an event without its message.
func (d *decoder) open(e *event.Event) warehouse.Open { return d.judged(d.facts(e)) }

// facts returns the facts of an event and of its receipt.
func (d *decoder) facts(e *event.Event) warehouse.Facts {
	bits, signals := privacy.Headers(e)
	ip, _ := netip.ParseAddr(e.IP) // zero: not kept
	return warehouse.Facts{
		OpenedAt: e.OpenedAt, EventID: e.ID.Key(), ReceivedAt: d.bodies[d.body].ReceivedAt, TimeSuspect: d.timeSuspect(e),
		UserAgent: e.UserAgent, IP: ip, Network: e.Network, NetworkListDate: e.NetworkListDate, ASNumber: e.ASNumber,
		Country: e.Country, Region: e.Region, ConnectionType: e.ConnectionType, ProxyType: e.ProxyType, ProxyDescription: e.ProxyDescription,
		BotDetection: string(e.BotDetection), BotName: e.BotName, BotCategory: e.BotCategory,
		Method: e.Method, Protocol: e.Protocol, JA4: e.JA4, HeaderBits: uint16(bits), HeaderFacts: uint32(signals),
		RefererHost: e.RefererHost, Path: e.Path,
		Edge: e.Edge, POP: e.POP, ServiceVersion: e.ServiceVersion, SandboxRequest: e.SandboxRequest,
		Source: d.bodies[d.body].Source, Extra: e.Extra,
	}
}

// judged returns the row of opens with those facts and the verdict on them, without
// its message.
func (d *decoder) judged(f warehouse.Facts) warehouse.Open {
	agent := d.agent(f.UserAgent)
	v, client := classify.ExamineAgent(&agent, &classify.Request{
		Method: f.Method, RefererHost: f.RefererHost,
		Network: f.Network, ASNumber: f.ASNumber, ProxyType: f.ProxyType, ProxyDescription: f.ProxyDescription,
		Headers: classify.HeaderFacts(f.HeaderBits), Signals: classify.Signals(f.HeaderFacts),
		Protocol: f.Protocol, JA4: f.JA4, BotDetection: f.BotDetection,
	})
	v, version := d.applyIgnoreList(v, f.IP.Unmap(), f.UserAgent)
	return warehouse.Open{
		Facts: f, TokenStatus: tokenUnchecked,
		Class: int8(v.Class), Reason: v.Reason,
		Client: client.Client, ClientVendor: client.Vendor, OS: client.OS, Device: client.Device,
		RulesetVersion: classify.RulesetVersion, VerdictVersion: version,
	}
}

// timeSuspect checks opened_at against the time of receipt. A suspect open
// counts, but never as a message's first or last open.
func (d *decoder) timeSuspect(e *event.Event) int8 {
	if e.OpenedAt.After(d.bodies[d.body].ReceivedAt.Add(receivedSlack)) {
		return warehouse.SuspectAfterReceipt
	}
	return warehouse.SuspectNone
}

// maxAgents is the number of user agents that a decoder caches. The frequent ones come
// early; invented ones are unlimited.
const maxAgents = 4096

// agent parses a user agent, each only once.
func (d *decoder) agent(userAgent string) classify.Agent {
	a, ok := d.agents[userAgent]
	if ok {
		return a
	}
	a = classify.ReadAgent(userAgent)
	if len(d.agents) < maxAgents {
		if d.agents == nil {
			d.agents = map[string]classify.Agent{}
		}
		d.agents[userAgent] = a
	}
	return a
}

// applyIgnoreList returns the verdict and its version: v, or not_image if the
// operator's ignore list matches. An ignored event is stored and never counts.
func (d *decoder) applyIgnoreList(v classify.Verdict, ip netip.Addr, userAgent string) (classify.Verdict, uint32) {
	if d.ignore != nil {
		if reason, ok := d.ignore(ip, userAgent); ok {
			return classify.Verdict{Class: classify.NotImage, Reason: reason}, ignoredVersion
		}
	}
	return v, verdictVersion
}

// maxBadToken is the number of bytes of an invalid token that are stored: more than a
// token with something attached to it.
const maxBadToken = 200

func (d *decoder) badToken(e *event.Event, fault string) *warehouse.BadToken {
	b := &warehouse.BadToken{
		Facts: d.facts(e), Fault: fault, TokenStatus: string(e.TokenStatus), Token: e.Token[:min(len(e.Token), maxBadToken)],
	}
	claim, ok := token.Claim(e.Token)
	if !ok {
		claim, ok = token.Claim(e.Path)
	}
	if ok {
		b.KeyID, b.NamedCampaign = claim.Key, uint64(claim.Campaign)
	}
	if claim.IssuedAt != 0 {
		b.IssuedAt = time.Unix(int64(claim.IssuedAt), 0).UTC()
	}
	return b
}

func (d *decoder) reject(from origin, outcome Outcome, detail string) {
	d.dead = append(d.dead, dead{from, outcome, detail})
}

// resolve looks up the campaigns of plain UUIDs. Opens with a campaign become
// rows of opens.
func (d *decoder) resolve(ctx context.Context, w Warehouse) error {
	if len(d.unresolved.rows) == 0 {
		return nil
	}
	seen := map[uuid.UUID]bool{}
	var ids []uuid.UUID
	for i := range d.unresolved.rows {
		if id := d.unresolved.rows[i].MessageID; !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	campaigns, err := w.CampaignsOf(ctx, ids)
	if err != nil {
		return err
	}
	u, still := &d.unresolved, 0
	for i := range u.rows {
		campaign, registered := campaigns[u.rows[i].MessageID]
		if registered {
			u.rows[i].CampaignID = campaign
			if fate := d.fate(campaign, u.rows[i].MessageID); fate != warehouse.FateKeep {
				d.aggregate(withdrawn(&u.rows[i], fate), origin{body: u.origins[i].body})
				continue
			}
			if d.withdrawn.Fate(u.rows[i].MessageID) == warehouse.FateLastOpen {
				d.keepDay(&u.rows[i], u.origins[i].body)
				continue
			}
			d.opens.add(&u.rows[i], u.origins[i])
			continue
		}
		u.rows[still], u.origins[still] = u.rows[i], u.origins[i]
		still++
	}
	clear(u.rows[still:])
	u.rows, u.origins = u.rows[:still], u.origins[:still]
	return nil
}
