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

// Network holds the platform's facts about the client's network. Known is false
// if the look-up failed; then all other fields are zero.
type Network struct {
	Known            bool
	ASNumber         uint32
	Country          string
	Region           string
	ConnectionType   string
	ProxyType        string
	ProxyDescription string
	Name             string    // apple_relay, scanner:<name>, hosting or none by the operator's table; "": Observe decides
	ListDate         time.Time // day of the list that Name or ASNumber came from; zero: from no list
}

// Bot is the result of the platform's bot detection; zero without one.
type Bot struct {
	Detection event.BotDetection
	Name      string
	Category  string
}

// Request holds a server's facts about one request.
type Request struct {
	ID       event.ID
	OpenedAt time.Time
	Method   string
	Protocol string                   // as in HTTP/1.1
	Address  netip.Addr               // address of the client; zero if unknown
	Header   func(name string) string // returns a header's first value; name is in the canonical form of package textproto
	Network  Network
	Bot      Bot
	Room     []event.Header // memory for the event's headers, to avoid an allocation; may be nil
}

// Observer turns answered requests into events. It is safe for concurrent use.
type Observer struct {
	Ring      *token.Ring // nil: tokens are not checked
	Precision Precision
	Edge      string // program that answers: compute or standalone
	POP       string
	Version   string          // version of the deployed service
	Signals   privacy.Signals // how requests that ask not to be tracked are treated
	Visitors  []byte          // secret for telling the visitors of a site apart; empty: they are not

	// Withdrawn returns the treatment of a message's opens; nil: all are kept.
	// It is called after the image was sent.
	Withdrawn func(token.MessageID) privacy.Fate
	// Signalled is called for each request of which Signals keeps less than its
	// mode does, with whether it left a line; nil: not counted.
	Signalled func(line bool)
}

// Observe returns the event of a request that got answer a, whose Kind is not
// empty. The event holds what the privacy mode of its token allows. An event
// without a Kind must not be written: the recipient has withdrawn, or asks not
// to be tracked. The event's strings are substrings of r's, and its headers use
// r.Room.
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

// ObserveEvent returns the event of a custom event posted by a page or, if
// certain, by a server with the token. An event without a Kind must not be
// written: see Observe.
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

// shorten makes a view or custom event fit into its line; if asked, it first
// removes all personal facts.
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

// visitor returns "" for a client that asks not to be tracked (DNT, Sec-GPC).
func (o *Observer) visitor(r *Request, site string) string {
	if len(o.Visitors) == 0 || r.Header("Dnt") == "1" || r.Header("Sec-Gpc") == "1" {
		return ""
	}
	return web.Visitor(o.Visitors, r.OpenedAt, site, r.Address, r.Header("User-Agent"))
}

// facts returns the part of an event that does not depend on the URL.
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

// reduce removes the facts that the mode, a withdrawal or a signal forbids.
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
	switch {
	case asked && fate == privacy.LastOpen:
		fate = privacy.Drop
	case asked && fate != privacy.Drop:
		fate = privacy.Count
	}
	switch {
	case fate != privacy.Count && fate != privacy.Drop:
		privacy.Restrict(e, o.Ring, &t, fate)
	case fate != privacy.Count || !found || !privacy.Withdraw(e, o.Ring, &t):
		*e = event.Event{}
	}
	if asked {
		o.signalled(e)
	}
}

// identify sets the fields that come from the URL. It records the path unless a
// plain token or UUID is all of it: a later version may find a message that
// this one does not.
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

// name classifies the network before the address is truncated. If the
// platform's look-up failed, the few scanner prefixes built into the rules
// still apply.
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
