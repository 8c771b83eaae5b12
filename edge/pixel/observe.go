package pixel

import (
	"net/netip"
	"strings"
	"time"

	"glint/edge/classify"
	"glint/edge/event"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/edge/web"
)

// Network is what the platform knows of the client's network. Known is false
// if the look-up failed; then the rest is zero.
type Network struct {
	Known            bool
	ASNumber         uint32
	Country          string
	Region           string
	ConnectionType   string
	ProxyType        string
	ProxyDescription string
	Name             string    // apple_relay, scanner:<name>, hosting or none where the operator's table says so; "": decided by Observe
	ListDate         time.Time // day of the list that gave Name or ASNumber; zero: none did
}

// Bot is what the platform's own bot detection says; zero if it did not look.
type Bot struct {
	Detection event.BotDetection
	Name      string
	Category  string
}

// Request is what a server knows of one request.
type Request struct {
	ID       event.ID
	OpenedAt time.Time
	Method   string
	Protocol string                   // as in HTTP/1.1
	Address  netip.Addr               // the client's; zero if unknown
	Header   func(name string) string // the first value, given the name in the canonical form of package textproto
	Network  Network
	Bot      Bot
	Room     []event.Header // for the event's headers, so that they need no memory of their own; may be nil
}

// Observer turns answered requests into events. It is safe for concurrent use.
type Observer struct {
	Ring      *token.Ring // nil: tokens stay unchecked
	Precision Precision
	Edge      string // what answers: compute or standalone
	POP       string
	Version   string          // of the deployed service
	Signals   privacy.Signals // what becomes of requests that ask not to be tracked
	Visitors  []byte          // secret by which visitors of a site are told apart; empty: they are not

	// Withdrawn returns what becomes of opens of a message; nil: all are kept. It
	// is asked once the image has been sent.
	Withdrawn func(token.MessageID) privacy.Fate
	// Signalled is told whether a request of which Signals leaves less than its mode
	// does has left a line; nil: nobody counts them.
	Signalled func(line bool)
}

// Observe returns the event of a request that got answer a, whose Kind is not
// empty. It holds what the privacy mode of its token allows. One without a Kind
// must not be written: the recipient has withdrawn, or asks not to be tracked. The strings of the event are
// parts of r's, its headers lie in r.Room.
func (o *Observer) Observe(a *Answer, r *Request) event.Event {
	e := o.facts(r)
	signals := o.Signals.For(&e)
	switch {
	case signals == privacy.SignalsOff:
		e = event.Event{}
		o.signalled(&e)
	case a.Kind == event.KindView:
		e.Kind, e.RefererHost = a.Kind, ""
		asked := signals == privacy.SignalsAggregate
		e.Web = web.View(a.Target, r.Header("Referer"), o.visitor(r, web.Site(a.Target)), asked)
		o.shorten(&e, asked)
	default:
		o.reduce(&e, a, o.identify(&e, a), signals)
	}
	return e
}

// ObserveEvent returns the event of a custom event that a page or, if certain, a
// server has posted. One without a Kind must not be written: see Observe.
func (o *Observer) ObserveEvent(w *web.Event, certain bool, r *Request) event.Event {
	e := o.facts(r)
	signals := o.Signals.For(&e)
	if signals == privacy.SignalsOff {
		e = event.Event{}
		o.signalled(&e)
		return e
	}
	asked := signals == privacy.SignalsAggregate
	if asked {
		less := *w
		less.Reduce()
		w = &less
	}
	e.Kind, e.RefererHost = event.KindEvent, ""
	if e.Token = w.Message(); e.Token != "" {
		e.TokenStatus = event.TokenUnchecked
	}
	visitor := ""
	if !certain {
		visitor = o.visitor(r, w.Site)
	}
	e.Web = w.Object(visitor, certain)
	o.shorten(&e, asked)
	return e
}

// shorten makes a view or an event fit its line, with no person in it if asked.
func (o *Observer) shorten(e *event.Event, asked bool) {
	if asked {
		privacy.ReduceWeb(e)
		o.signalled(e)
	}
	e.Shorten()
}

func (o *Observer) signalled(e *event.Event) {
	if o.Signalled != nil {
		o.Signalled(e.Kind != "")
	}
}

// visitor tells nobody apart who asks not to be tracked (DNT, Sec-GPC).
func (o *Observer) visitor(r *Request, site string) string {
	if len(o.Visitors) == 0 || r.Header("Dnt") == "1" || r.Header("Sec-Gpc") == "1" {
		return ""
	}
	return web.Visitor(o.Visitors, r.OpenedAt, site, r.Address, r.Header("User-Agent"))
}

// facts returns what does not depend on what was asked for.
func (o *Observer) facts(r *Request) event.Event {
	n := &r.Network
	return event.Event{
		Version:          event.Version,
		ID:               r.ID,
		OpenedAt:         r.OpenedAt,
		Method:           r.Method,
		Protocol:         r.Protocol,
		UserAgent:        r.Header("User-Agent"),
		RefererHost:      RefererHost(r.Header("Referer")),
		IP:               o.Precision.text(r.Address),
		Network:          n.name(r.Address),
		NetworkListDate:  n.ListDate,
		ASNumber:         n.ASNumber,
		Country:          n.Country,
		Region:           n.Region,
		ConnectionType:   n.ConnectionType,
		ProxyType:        n.ProxyType,
		ProxyDescription: n.ProxyDescription,
		BotDetection:     r.Bot.Detection,
		BotName:          r.Bot.Name,
		BotCategory:      r.Bot.Category,
		Edge:             o.Edge,
		POP:              o.POP,
		ServiceVersion:   o.Version,
		Headers:          recordedHeaders(r.Room[:0], r.Header),
	}
}

// reduce leaves out of an event what may not be kept of it.
func (o *Observer) reduce(e *event.Event, a *Answer, f Found, signals privacy.Signals) {
	t, found := f.Token, f.Kind == event.KindToken
	switch {
	case found || f.Kind == event.KindUUID:
	case a.Kind == event.KindToken || token.HasToken(a.Target):
		t.Mode = privacy.Claimed(o.Ring, a.Target)
		if o.Ring == nil {
			u, _ := token.Unverified(a.Token)
			f.Message = u.Message
		}
	}
	fate, asked := privacy.Keep, signals == privacy.SignalsAggregate && t.Mode != token.Aggregate
	switch {
	case asked && (!found || t.Mode == token.LastOpen):
		fate = privacy.Drop // see privacy.Signals
	case o.Withdrawn != nil && t.Mode != token.Aggregate && f.Message != (token.MessageID{}):
		fate = o.Withdrawn(f.Message)
	}
	if asked && fate == privacy.Keep {
		fate = privacy.Count
	}
	switch {
	case fate == privacy.Keep:
		privacy.Reduce(e, t.Mode)
	case fate != privacy.Count || !found || !privacy.Withdraw(e, o.Ring, &t):
		*e = event.Event{}
	}
	if asked {
		o.signalled(e)
	}
}

// identify sets what the URL says. The path is recorded unless the plain token or
// UUID says all: later versions may find in it what this one does not.
func (o *Observer) identify(e *event.Event, a *Answer) Found {
	f := Find(o.Ring, a.Kind, a.Token, a.Target)
	e.Kind, e.Token, e.TokenStatus = a.Kind, f.name(a.Token), event.TokenUnchecked
	plain := f.Plain
	switch {
	case f.Kind == event.KindToken:
		e.Kind, e.TokenStatus = f.Kind, event.TokenValid
	case f.Kind == event.KindUUID:
		e.Kind = f.Kind
	case o.Ring == nil:
		plain = a.Kind == event.KindToken && len(a.Token) == token.TextLen && token.HasToken(a.Token)
	case a.Kind == event.KindToken:
		e.TokenStatus = event.TokenBad
	}
	if !plain {
		e.Path = a.Target
	}
	return f
}

// name is decided here, before the address is truncated. Where the look-up has
// failed, the few prefixes of scanners that the rules know still count.
func (n *Network) name(addr netip.Addr) string {
	if n.Name != "" {
		return n.Name
	}
	return classify.Network(n.ProxyType, n.ProxyDescription, addr)
}

// RefererHost returns the host of a Referer header's URL in lower case,
// without user and port, or "".
func RefererHost(referer string) string {
	_, rest, ok := strings.Cut(referer, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#\\"); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	if !strings.HasPrefix(rest, "[") {
		rest, _, _ = strings.Cut(rest, ":")
	} else if i := strings.IndexByte(rest, ']'); i >= 0 {
		rest = rest[:i+1]
	}
	return strings.ToLower(rest)
}
