// Package privacy defines which facts a log line may hold in each privacy mode
// of its token (package token), and how opens are treated whose recipient has
// withdrawn.
//
// The edge calls Reduce before it writes a line, and ingest calls it again for
// lines of edges that do not know modes. A line of mode Identified stays as it
// is, byte for byte.
//
//	mode          removed                                             time
//	identified    nothing                                             milliseconds
//	pseudonymous  address, region, Referer, JA4, decorated URL        milliseconds
//	last_open     all but token, class, reason, edge                  day
//	aggregate     the same                                            hour
//
// A last_open token names a message, since the day is kept per message; an
// aggregate token names a stratum. The client is classified before its facts
// are removed.
package privacy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"glint/edge/classify"
	"glint/edge/event"
	"glint/edge/token"
)

// Reduce removes the facts of e that mode does not allow. For modes that remove
// the user agent it first sets Class, Reason and RulesetVersion, unless they
// are set. It is idempotent.
func Reduce(e *event.Event, mode token.Mode) {
	if mode == token.Identified {
		return
	}
	if mode >= token.LastOpen && e.Class == "" {
		v := Judge(e)
		e.Class, e.Reason, e.RulesetVersion = v.Class.String(), v.Reason, uint32(classify.RulesetVersion)
	}
	if isToken(e.Token) {
		e.Path = "" // the only place where ingest can find the token
	}
	e.RefererHost, e.IP, e.Region, e.JA4, e.Extra = "", "", "", "", ""
	if mode == token.Pseudonymous {
		return
	}
	*e = event.Event{
		Version: e.Version, ID: e.ID, OpenedAt: Cut(e.OpenedAt, mode), Kind: e.Kind, Token: e.Token, TokenStatus: e.TokenStatus, Path: e.Path,
		Headers: e.Headers[:0], Edge: e.Edge, ServiceVersion: e.ServiceVersion,
		Class: e.Class, Reason: e.Reason, RulesetVersion: e.RulesetVersion,
	}
}

// Cut truncates a time to the precision that mode allows, in UTC.
func Cut(at time.Time, mode token.Mode) time.Time {
	switch mode {
	case token.LastOpen:
		return at.UTC().Truncate(24 * time.Hour)
	case token.Aggregate:
		return at.UTC().Truncate(time.Hour)
	}
	return at
}

func isToken(text string) bool { return len(text) == token.TextLen && token.HasToken(text) }

// Claimed returns the privacy mode in the remains of a token that no key opens,
// because it is damaged or its key is not here. It returns Identified if text
// has no such remains, or names a key that ring does not have; a nil ring
// stands for all keys.
func Claimed(ring *token.Ring, text string) token.Mode {
	t, ok := token.Claim(text)
	if !ok || ring != nil && !ring.Has(t.Key) {
		return token.Identified
	}
	return t.Mode
}

// ClaimedIn is Claimed for the token of a line or else for its path. The
// token's key may come back later, so only paths are checked against ring.
func ClaimedIn(ring *token.Ring, e *event.Event) token.Mode {
	if token.HasToken(e.Token) {
		return Claimed(nil, e.Token)
	}
	return Claimed(ring, cmp.Or(e.Path, e.Token))
}

// Passes reports whether a line of e must not be archived: of an open in mode
// last_open only the day may be kept. Call Reduce first.
func Passes(e *event.Event) bool {
	return e.Class != "" && ClaimedIn(nil, e) == token.LastOpen // no class: the line's mode keeps more
}

// Judge classifies the client of an event.
func Judge(e *event.Event) classify.Verdict {
	facts, signals := Headers(e)
	return classify.Judge(&classify.Request{
		Method: e.Method, UserAgent: e.UserAgent, RefererHost: e.RefererHost,
		Network: e.Network, ASNumber: e.ASNumber, ProxyType: e.ProxyType, ProxyDescription: e.ProxyDescription,
		Headers: facts, Signals: signals, Protocol: e.Protocol, JA4: e.JA4, BotDetection: string(e.BotDetection),
	})
}

// Headers returns the facts and signals in the recorded headers of an event.
func Headers(e *event.Event) (facts classify.HeaderFacts, signals classify.Signals) {
	for i := range e.Headers {
		h := &e.Headers[i]
		facts |= classify.HeaderFact(h.Name, h.Value)
		signals |= classify.Signal(h.Name, h.Value)
		if h.Name == "sec-ch-ua" {
			signals |= classify.Brands(e.UserAgent, h.Value)
		}
	}
	return facts, signals
}

// Fate is the treatment of an open whose recipient refused or withdrew after the
// message was sent, or of which less may be kept by now than its token says.
type Fate uint8

// The fates.
const (
	Keep         Fate = iota // as the token says
	Count                    // counted as one of its campaign's aggregate opens
	Drop                     // leaves no line and no row
	Pseudonymous             // as if the token had this mode, or less
	LastOpen                 // the same
)

// fateNames are the values of a message in the edge's KV store.
var fateNames = [...]string{Keep: "keep", Count: "count", Drop: "drop", Pseudonymous: "pseudonymous", LastOpen: "last_open"}

// mode returns the mode that a fate stands for; Identified: none.
func (f Fate) mode() token.Mode {
	switch f {
	case Pseudonymous:
		return token.Pseudonymous
	case LastOpen:
		return token.LastOpen
	}
	return token.Identified
}

func (f Fate) String() string { return fateNames[f] }

// ParseFate reads a value of the KV store. An unknown value gives Drop, which
// keeps the least.
func ParseFate(s string) Fate {
	for f, name := range fateNames {
		if s == name {
			return Fate(f)
		}
	}
	return Drop
}

// WithdrawalKey returns the key of a message in the edge's KV store: the first 12
// bytes of the SHA-256 of its id, in hex.
func WithdrawalKey(id token.MessageID) string {
	sum := sha256.Sum256(id[:])
	return hex.EncodeToString(sum[:12])
}

// Withdraw turns the event of a withdrawn message into an aggregate event of
// its campaign. t is its token, opened by ring. The line then names neither
// token nor message. If ring cannot sign the campaign's token, it returns false
// and the event must not be written.
func Withdraw(e *event.Event, ring *token.Ring, t *token.Token) bool {
	text, err := ring.Sign(token.Token{Campaign: t.Campaign, Mode: token.Aggregate, IssuedAt: t.IssuedAt})
	if err != nil {
		return false
	}
	e.Kind, e.Token, e.TokenStatus = event.KindToken, text, event.TokenValid
	Reduce(e, token.Aggregate)
	return true
}

// Restrict reduces the event of a message with that fate, which is not Count or Drop,
// to the facts that both the fate and the mode of t allow. t is the event's token. If
// ring has opened it, the line gets the token of the stricter mode, which shows readers
// the mode; otherwise, or if ring cannot sign, it keeps its token.
func Restrict(e *event.Event, ring *token.Ring, t *token.Token, f Fate) {
	mode := max(t.Mode, f.mode())
	if mode > t.Mode && e.TokenStatus == event.TokenValid {
		stricter := *t
		stricter.Mode = mode
		if text, err := ring.Sign(stricter); err == nil {
			e.Token = text
		}
	}
	Reduce(e, mode)
}
