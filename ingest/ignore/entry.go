package ignore

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"glint/edge/classify"
	"glint/edge/pixel"
	"glint/ingest/host/addrprefix"
)

// Kind is the fact with which an entry is compared.
type Kind string

// The kinds. User agents are compared case-sensitively.
const (
	Network           Kind = "network"             // an address or a CIDR prefix
	UserAgent         Kind = "user_agent"          // the whole header
	UserAgentContains Kind = "user_agent_contains" // a part of it
)

// The limits of a list. Parts are compared one by one with every open.
const (
	MaxEntries = 5000
	MaxParts   = 100
)

// maxAgentBytes is the longest user agent of an entry; an event line truncates
// user agents at about twice that.
const maxAgentBytes = 450

var (
	// ErrEntry is wrapped by errors about an entry or a line. The errors
	// contain no values, since they are logged.
	ErrEntry = errors.New("ignore: faulty entry")
	// ErrTooMany is returned for a list above its limits.
	ErrTooMany = fmt.Errorf("ignore: more than %d entries, or more than %d parts of user agents", MaxEntries, MaxParts)
)

// Entry is one line of the list. Entries of NewEntry can be compared with ==.
type Entry struct {
	Kind  Kind   `json:"kind"`
	Value string `json:"value"`
}

// NewEntry returns an entry in its normal form. Errors: ErrEntry.
func NewEntry(kind Kind, value string) (Entry, error) {
	value = strings.TrimSpace(value)
	switch kind {
	case Network:
		p, err := addrprefix.Parse(value)
		if err != nil {
			return Entry{}, fmt.Errorf("%w: the network is %w", ErrEntry, err)
		}
		return Entry{kind, p.String()}, nil
	case UserAgent, UserAgentContains:
		return Entry{kind, value}, checkAgent(value)
	}
	return Entry{}, fmt.Errorf("%w: the kind must be %s, %s or %s", ErrEntry, Network, UserAgent, UserAgentContains)
}

func checkAgent(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("%w: the user agent is empty", ErrEntry)
	case len(s) > maxAgentBytes:
		return fmt.Errorf("%w: the user agent has more than %d bytes; a part of it is enough", ErrEntry, maxAgentBytes)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("%w: the user agent has control characters or is not UTF-8", ErrEntry)
	}
	return nil
}

// prefix returns the network of an entry created by NewEntry.
func (e Entry) prefix() netip.Prefix { return netip.MustParsePrefix(e.Value) }

// Kept returns the network to which the edge truncates the entry's addresses,
// and whether the entry is narrower than that, so that a truncated address
// cannot match it exactly.
func (e Entry) Kept() (network netip.Prefix, narrower bool) {
	if e.Kind != Network {
		return netip.Prefix{}, false
	}
	p := e.prefix()
	bits := pixel.TruncatedBits(p.Addr())
	if p.Bits() <= bits {
		return p, false
	}
	network, _ = p.Addr().Prefix(bits) // the number of bits is always valid
	return network, true
}

// The widest networks that an entry may have: wider ones have many owners.
const (
	minBits4 = 16
	minBits6 = 32
)

// minPartBytes is the shortest part: a shorter one would match other mail, too.
const minPartBytes = 4

// commonAgents are user agents of widely used clients, from their vendors and
// the tests of ua-parser/uap-core.
var commonAgents = []string{
	"Mozilla/5.0",
	"Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
	"YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
	"Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; Microsoft Outlook 16.0.5056; ms-office; MSOffice 16)",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
	"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
	"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
	"Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
}

// Broad returns a warning if the entry would ignore opens of many other people,
// or "".
func (e Entry) Broad() string {
	switch e.Kind {
	case Network:
		p := e.prefix()
		if p.Addr().Is4() && p.Bits() < minBits4 || p.Addr().Is6() && p.Bits() < minBits6 {
			return fmt.Sprintf("the network %s is wider than /%d or, of IPv6, /%d", p, minBits4, minBits6)
		}
	case UserAgent:
		v := classify.Judge(&classify.Request{UserAgent: e.Value, Network: classify.NetworkNone})
		switch v.Class {
		case classify.HumanDirect, classify.ProxyHuman, classify.MachinePrefetch:
			return fmt.Sprintf("other people's clients send %q as well (rule %s)", e.Value, v.Reason)
		}
	case UserAgentContains:
		if len(e.Value) < minPartBytes {
			return fmt.Sprintf("%q is so short that many user agents contain it", e.Value)
		}
		for _, agent := range commonAgents {
			if strings.Contains(agent, e.Value) {
				return fmt.Sprintf("%q is in the user agent of very many people, such as %q", e.Value, agent)
			}
		}
	}
	return ""
}
