// Package ignore recognizes opens of the operator's own mail, test sends and
// previews, by their network or their user agent.
//
// A List only matches; ingest stores matching opens with class not_image and
// one of the reasons below, so that they never count. A Watched list follows
// its file. The file is text, one entry per line, beginning with its kind;
// empty lines and lines that begin with # are skipped:
//
//	network 203.0.113.0/24
//	user_agent AcmePreview/2.1 (internal)
//	user_agent_contains AcmePreview
//
// Ingest sees addresses as truncated by the edge, by default to /24 or /48. A
// narrower entry therefore matches only full addresses: an address whose
// remaining bits are zero may stand for its whole /24 or /48, and does not
// match.
package ignore

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gaissmai/bart"

	"glint/edge/pixel"
)

// The reasons of matched opens.
const (
	ReasonNetwork   = "ignored_network"
	ReasonUserAgent = "ignored_user_agent"
)

// List decides which opens are ignored. A nil List ignores nothing. It is safe
// for concurrent use.
type List struct {
	entries []Entry
	known   map[Entry]bool

	wide, narrow bart.Lite       // networks that a truncated address can match, or cannot
	agents       map[string]bool // whole user agents
	parts        []string        // of user agents
}

// NewList returns the list of the entries without repeats. Errors: ErrEntry,
// ErrTooMany.
func NewList(entries []Entry) (*List, error) {
	l := &List{known: map[Entry]bool{}, agents: map[string]bool{}}
	for _, e := range entries {
		e, err := NewEntry(e.Kind, e.Value)
		if err != nil {
			return nil, err
		}
		if l.known[e] {
			continue
		}
		l.known[e] = true
		l.entries = append(l.entries, e)
		switch e.Kind {
		case Network:
			p := e.prefix()
			if p.Bits() > pixel.TruncatedBits(p.Addr()) {
				l.narrow.Insert(p)
			} else {
				l.wide.Insert(p)
			}
		case UserAgent:
			l.agents[e.Value] = true
		case UserAgentContains:
			l.parts = append(l.parts, e.Value)
		}
	}
	if len(l.entries) > MaxEntries || len(l.parts) > MaxParts {
		return nil, ErrTooMany
	}
	return l, nil
}

// Entries returns the entries in the order of the file.
func (l *List) Entries() []Entry {
	if l == nil {
		return nil
	}
	return slices.Clone(l.entries)
}

// Has reports whether the list contains exactly this entry.
func (l *List) Has(e Entry) bool { return l != nil && l.known[e] }

// Match reports whether an open is ignored, and the reason. addr is the event's
// address, possibly truncated; zero means unknown.
func (l *List) Match(addr netip.Addr, userAgent string) (reason string, ok bool) {
	if l == nil || len(l.entries) == 0 {
		return "", false
	}
	if addr = addr.Unmap().WithZone(""); addr.IsValid() {
		if l.wide.Lookup(addr) || l.narrow.Lookup(addr) && !maybeCut(addr) {
			return ReasonNetwork, true
		}
	}
	if l.agents[userAgent] || slices.ContainsFunc(l.parts, func(part string) bool { return strings.Contains(userAgent, part) }) {
		return ReasonUserAgent, true
	}
	return "", false
}

// maybeCut reports whether an address looks like one that the edge has truncated.
func maybeCut(a netip.Addr) bool {
	p, _ := a.Prefix(pixel.TruncatedBits(a)) // the number of bits is always valid
	return p.Addr() == a
}
