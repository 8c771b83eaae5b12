package privacy

import (
	"errors"
	"strings"

	"glint/edge/event"
	"glint/edge/token"
)

// Signals is the treatment of a request that asks not to be tracked, by DNT: 1
// (w3.org/TR/tracking-dnt §5.2) or Sec-GPC: 1 (w3c.github.io/gpc). The zero
// value is the default.
//
//	           identified, pseudonymous   last_open   aggregate   page view, event
//	ignore     as the token's mode        the same    the same    all, but no visitor
//	aggregate  the campaign's aggregate   no line     the same    no person, the hour
//	off        no line                    no line     no line     no line
//
// Under aggregate, an open that cannot become an aggregate line leaves no line:
// a plain UUID has no campaign, and neither has a token that no key here
// verifies. A last_open token leaves no line either: its line names no campaign
// and no hour, and an aggregate line would.
type Signals uint8

// The settings.
const (
	SignalsIgnored Signals = iota
	SignalsAggregate
	SignalsOff
)

var signalsNames = [...]string{SignalsIgnored: "ignore", SignalsAggregate: "aggregate", SignalsOff: "off"}

func (s Signals) String() string { return signalsNames[s] }

// ErrSignals is returned by ParseSignals.
var ErrSignals = errors.New("privacy: the setting for privacy signals is not one of ignore, aggregate, off")

// ParseSignals reads ignore, aggregate or off; "" is the default. On ErrSignals
// it returns SignalsOff, which keeps the least.
func ParseSignals(text string) (Signals, error) {
	if text == "" {
		return SignalsIgnored, nil
	}
	for s, name := range signalsNames {
		if text == name {
			return Signals(s), nil
		}
	}
	return SignalsOff, ErrSignals
}

// For returns the setting that applies to the request of e: s if it asks not to
// be tracked, else SignalsIgnored. It does not allocate.
func (s Signals) For(e *event.Event) Signals {
	if s == SignalsIgnored {
		return s
	}
	for i := range e.Headers {
		h := &e.Headers[i]
		if (h.Name == "dnt" || h.Name == "sec-gpc") && strings.TrimSpace(h.Value) == "1" {
			return s
		}
	}
	return SignalsIgnored
}

// ReduceWeb removes from a page view or custom event every fact about a person,
// and classifies its client first. It leaves the object Web: see web.View and
// web.Event.Reduce. It is idempotent.
func ReduceWeb(e *event.Event) {
	if e.Kind == event.KindEvent {
		e.Method = "GET" // events are posted, but the rules expect a request for an image
	}
	object := e.Web
	e.Token, e.TokenStatus, e.Path = "", "", ""
	Reduce(e, token.Aggregate)
	e.Web = object
}
