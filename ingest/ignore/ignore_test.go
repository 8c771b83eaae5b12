package ignore

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func list(tb testing.TB, text string) *List {
	tb.Helper()
	l, err := Parse(text)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

const example = `# a note
network 203.0.113.0/24

network 198.51.100.16/28
network 198.51.96.0/28
network	2001:db8:1::/48
network 2001:db8:2:3::/64
user_agent AcmePreview/2.1 (internal)
user_agent_contains  Acme Render 
`

func TestMatch(t *testing.T) {
	l := list(t, example)
	for _, c := range []struct{ name, addr, agent, want string }{
		{"a cut address of the network", "203.0.113.0", "", ReasonNetwork},
		{"a whole one", "203.0.113.9", "", ReasonNetwork},
		{"mapped into IPv6", "::ffff:203.0.113.9", "", ReasonNetwork},
		{"another network", "203.0.114.0", "", ""},
		{"a whole address in a narrow network", "198.51.100.17", "", ReasonNetwork},
		{"a whole address beside it", "198.51.100.32", "", ""},
		{"the cut address of all around it", "198.51.100.0", "", ""},
		{"a whole address at the begin of a narrow network", "198.51.96.1", "", ReasonNetwork},
		{"what may be a cut address in a narrow network", "198.51.96.0", "", ""},
		{"a cut IPv6 address", "2001:db8:1::", "", ReasonNetwork},
		{"a whole IPv6 address", "2001:db8:1:ffff::1", "", ReasonNetwork},
		{"a whole IPv6 address in a narrow network", "2001:db8:2:3::1", "", ReasonNetwork},
		{"a cut IPv6 address around it", "2001:db8:2::", "", ""},
		{"a zone", "2001:db8:1::1%eth0", "", ReasonNetwork},
		{"the whole user agent", "", "AcmePreview/2.1 (internal)", ReasonUserAgent},
		{"more than that", "", "AcmePreview/2.1 (internal) x", ""},
		{"in other letters", "", "acmepreview/2.1 (internal)", ""},
		{"a part of the user agent", "8.8.8.8", "Mozilla/5.0 Acme Render/1", ReasonUserAgent},
		{"a part in other letters", "", "acme render", ""},
		{"both", "203.0.113.0", "Acme Render", ReasonNetwork},
		{"nothing known", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr, _ := netip.ParseAddr(c.addr) // zero for ""
			if reason, ok := l.Match(addr, c.agent); reason != c.want || ok != (c.want != "") {
				t.Errorf("got %q, %v; want %q", reason, ok, c.want)
			}
		})
	}
}

func TestAnEmptyListMatchesNothing(t *testing.T) {
	for _, l := range []*List{nil, {}, list(t, "")} {
		if reason, ok := l.Match(netip.MustParseAddr("192.0.2.1"), ""); ok {
			t.Errorf("matched: %s", reason)
		}
		if len(l.Entries()) != 0 || l.Has(Entry{Network, "192.0.2.0/24"}) {
			t.Error("there are entries")
		}
	}
}

func TestEntriesHaveANormalForm(t *testing.T) {
	for _, c := range []struct {
		kind        Kind
		value, want string
	}{
		{Network, "203.0.113.7/24", "203.0.113.0/24"},
		{Network, "203.0.113.7", "203.0.113.7/32"},
		{Network, " ::ffff:203.0.113.7 ", "203.0.113.7/32"},
		{Network, "::ffff:203.0.113.7/120", "203.0.113.0/24"},
		{Network, "2001:DB8::1", "2001:db8::1/128"},
		{UserAgent, "  a  b ", "a  b"},
		{UserAgentContains, "# a", "# a"},
	} {
		e, err := NewEntry(c.kind, c.value)
		if err != nil || e.Value != c.want {
			t.Errorf("%s %q: %q, %v; want %q", c.kind, c.value, e.Value, err, c.want)
		}
		if again, err := NewEntry(e.Kind, e.Value); err != nil || again != e {
			t.Errorf("the normal form %+v is not stable: %+v, %v", e, again, err)
		}
	}
}

func TestFaultyEntries(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"no network", "network office", "neither an address nor a CIDR prefix"},
		{"an address with a zone", "network fe80::1%eth0", "neither an address nor a CIDR prefix"},
		{"too many bits", "network 203.0.113.0/33", "neither an address nor a CIDR prefix"},
		{"an empty network", "network", "neither an address nor a CIDR prefix"},
		{"an empty user agent", "user_agent  ", "empty"},
		{"a long user agent", "user_agent " + strings.Repeat("x", 451), "more than 450 bytes"},
		{"a control character", "user_agent_contains a\x1b[31m", "control characters"},
		{"no UTF-8", "user_agent_contains \xff", "not UTF-8"},
		{"an unknown kind", "203.0.113.0/24", "the kind must be"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("\n# note\n" + c.line + "\n")
			if !errors.Is(err, ErrEntry) || !strings.Contains(fmt.Sprint(err), c.want) || !strings.HasPrefix(fmt.Sprint(err), "line 3: ") {
				t.Errorf("got %v, want line 3 and %q", err, c.want)
			}
			_, value, _ := strings.Cut(c.line, " ")
			if err != nil && len(value) > 2 && strings.Contains(err.Error(), value) {
				t.Errorf("%v names a value", err)
			}
		})
	}
}

func TestListsAreBounded(t *testing.T) {
	var networks, parts strings.Builder
	for i := range MaxEntries + 1 {
		fmt.Fprintf(&networks, "network 10.%d.%d.0/24\n", i/256, i%256)
		fmt.Fprintf(&parts, "user_agent_contains part %d of them\n", i%(MaxParts+1))
	}
	for _, text := range []string{networks.String(), parts.String()} {
		if _, err := Parse(text); !errors.Is(err, ErrTooMany) {
			t.Errorf("got %v", err)
		}
		most := text[:strings.LastIndex(strings.TrimSuffix(text, "\n"), "\n")]
		if strings.HasPrefix(text, "user") {
			most = strings.Join(strings.SplitAfterN(text, "\n", MaxParts+1)[:MaxParts], "")
		}
		if _, err := Parse(most); err != nil {
			t.Errorf("one less: %v", err)
		}
	}
}

func TestKeptIsWhatTheEdgeKeeps(t *testing.T) {
	for _, c := range []struct {
		network, kept string
		narrower      bool
	}{
		{"203.0.113.7", "203.0.113.0/24", true},
		{"203.0.113.0/25", "203.0.113.0/24", true},
		{"203.0.113.0/24", "203.0.113.0/24", false},
		{"203.0.0.0/16", "203.0.0.0/16", false},
		{"2001:db8:1:2::/64", "2001:db8:1::/48", true},
		{"2001:db8::/32", "2001:db8::/32", false},
	} {
		e, err := NewEntry(Network, c.network)
		if err != nil {
			t.Fatal(err)
		}
		if kept, narrower := e.Kept(); kept.String() != c.kept || narrower != c.narrower {
			t.Errorf("%s: %v, %v", c.network, kept, narrower)
		}
	}
	if _, narrower := (Entry{UserAgent, "x"}).Kept(); narrower {
		t.Error("a user agent has no network")
	}
}

func TestBroadEntriesAreTold(t *testing.T) {
	for _, c := range []struct {
		kind  Kind
		value string
		broad bool
	}{
		{Network, "0.0.0.0/0", true},
		{Network, "10.0.0.0/15", true},
		{Network, "10.0.0.0/16", false},
		{Network, "2001::/31", true},
		{Network, "2001:db8::/32", false},
		{UserAgent, "Mozilla/5.0", true},
		{UserAgent, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", true},
		{UserAgent, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0", true},
		{UserAgent, "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", true},
		{UserAgent, "AcmePreview/2.1 (internal)", false},
		{UserAgent, "curl/8.9.1", false},
		{UserAgentContains, "Mozilla", true},
		{UserAgentContains, "GoogleImageProxy", true},
		{UserAgentContains, "iPhone", true},
		{UserAgentContains, "abc", true},
		{UserAgentContains, "AcmePreview", false},
	} {
		e, err := NewEntry(c.kind, c.value)
		if err != nil {
			t.Fatal(err)
		}
		if why := e.Broad(); (why != "") != c.broad {
			t.Errorf("%s %q: %q", c.kind, c.value, why)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	const agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
	addr := netip.MustParseAddr("192.0.2.0")
	for _, entries := range []int{0, 10, 1000} {
		b.Run(fmt.Sprint(entries), func(b *testing.B) {
			var text strings.Builder
			for i := range entries {
				fmt.Fprintf(&text, "network 10.%d.%d.0/24\nuser_agent agent %d\n", i/256, i%256, i)
				if i < MaxParts {
					fmt.Fprintf(&text, "user_agent_contains part %d of them\n", i)
				}
			}
			l := list(b, text.String())
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := l.Match(addr, agent); ok {
					b.Fatal("matched")
				}
			}
		})
	}
}
