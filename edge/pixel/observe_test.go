package pixel

import (
	"errors"
	"net/netip"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/edge/classify"
	"glint/edge/event"
	"glint/edge/token"
)

func TestRefererHosts(t *testing.T) {
	for referer, want := range map[string]string{
		"":                                       "",
		"https://mail.example/":                  "mail.example",
		"https://mail.example":                   "mail.example",
		"https://Mail.EXAMPLE:8443/inbox?a=b#c":  "mail.example",
		"https://user:secret@mail.example/":      "mail.example",
		"https://mail.example?next=https://x.y/": "mail.example",
		"https://mail.example#x":                 "mail.example",
		`https://mail.example\@evil.example/`:    "mail.example",
		"https://a@b@mail.example/":              "mail.example",
		"http://[2001:DB8::1]:80/":               "[2001:db8::1]",
		"http://[2001:db8::1":                    "[2001:db8::1",
		"android-app://com.example.mail/":        "com.example.mail",
		"mail.example":                           "",
		"/inbox":                                 "",
		"about:blank":                            "",
		"https://":                               "",
		"https:///inbox":                         "",
		"://mail.example/":                       "mail.example",
		"https://\xff\x00/":                      "\ufffd\x00",
	} {
		if got := RefererHost(referer); got != want {
			t.Errorf("%q: %q, want %q", referer, got, want)
		}
	}
}

func TestAddressesAreKeptAsPreciselyAsConfigured(t *testing.T) {
	for _, c := range []struct{ address, full, truncated string }{
		{"192.0.2.77", "192.0.2.77", "192.0.2.0"},
		{"::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1::"},
		{"fe80::1%eth0", "fe80::1", "fe80::"},
		{"::1", "::1", "::"},
		{"", "", ""},
	} {
		a, _ := netip.ParseAddr(c.address) // "" gives the zero address
		for p, want := range map[Precision]string{Full: c.full, Truncated: c.truncated, None: ""} {
			if got := p.text(a); got != want {
				t.Errorf("%s at precision %d: %q, want %q", c.address, p, got, want)
			}
		}
	}
}

func TestPrecisionNames(t *testing.T) {
	for text, want := range map[string]Precision{"": Truncated, "truncated": Truncated, "full": Full, "none": None} {
		if got, err := ParsePrecision(text); got != want || err != nil {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	if got, err := ParsePrecision("Full"); got != Truncated || !errors.Is(err, ErrPrecision) {
		t.Errorf("an unknown one: %d, %v", got, err)
	}
}

// request has every fact that an open can have.
func request(headers map[string]string) *Request {
	return &Request{
		ID:       event.ID{1},
		OpenedAt: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC),
		Method:   "GET",
		Address:  netip.MustParseAddr("192.0.2.77"),
		Protocol: "HTTP/2",
		Header:   func(name string) string { return headers[strings.ToLower(name)] },
		Network: Network{
			Known: true, ASNumber: 64496, Country: "DE", Region: "BE", ConnectionType: "broadband", ProxyType: "hosting", ProxyDescription: "cloud",
			ListDate: time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC),
		},
		Bot: Bot{Detection: event.BotVerified, Name: "ExampleBot", Category: "PAGE-PREVIEW"},
	}
}

func TestObserveTakesEveryFactOver(t *testing.T) {
	o := Observer{Edge: "compute", POP: "FRA", Version: "12"}
	a := Route("/o/abc.gif")
	got := o.Observe(&a, request(map[string]string{
		"user-agent": "Agent/1", "referer": "https://mail.example/x", "accept": "image/*", "sec-fetch-dest": "image", "cookie": "private", "x-unknown": "private",
	}))
	want := event.Event{
		Version: event.Version, ID: event.ID{1}, OpenedAt: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC),
		Kind: event.KindToken, Token: "abc", TokenStatus: event.TokenUnchecked,
		Path: "/o/abc.gif", Method: "GET", Protocol: "HTTP/2", UserAgent: "Agent/1", RefererHost: "mail.example", IP: "192.0.2.0", Network: "hosting",
		NetworkListDate: time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC), ASNumber: 64496, Country: "DE", Region: "BE", ConnectionType: "broadband", ProxyType: "hosting", ProxyDescription: "cloud",
		BotDetection: event.BotVerified, BotName: "ExampleBot", BotCategory: "PAGE-PREVIEW",
		Headers: []event.Header{{Name: "accept", Value: "image/*"}, {Name: "sec-fetch-dest", Value: "image"}, {Name: "cookie"}},
		Edge:    "compute", POP: "FRA", ServiceVersion: "12",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Scanner prefixes are long: a truncated address would no longer match them.
func TestNetworkIsDecidedFromTheWholeAddress(t *testing.T) {
	whole := netip.MustParseAddr("52.238.78.88") // one address of Microsoft's scanner
	truncated := netip.MustParseAddr(Truncated.text(whole))
	if classify.Network("", "", whole) == classify.Network("", "", truncated) {
		t.Fatal("the example does not show the difference")
	}
	o := Observer{}
	a := Route("/o/abc.gif")
	r := request(nil)
	for _, known := range []bool{true, false} {
		r.Address, r.Network = whole, Network{Known: known}
		e := o.Observe(&a, r)
		if want := classify.Network("", "", whole); e.Network != want || e.IP != truncated.String() {
			t.Errorf("network %q of %s, want %q", e.Network, e.IP, want)
		}
	}
}

func TestNetworkNames(t *testing.T) {
	addr := netip.MustParseAddr("192.0.2.1")
	for _, c := range []struct {
		name, want string
		network    Network
	}{
		{"a failed look-up", "unknown", Network{}},
		{"nothing special", "none", Network{Known: true, ASNumber: 64496, ProxyType: "?", ProxyDescription: "?"}},
		{"a hosting company", "hosting", Network{Known: true, ProxyType: "hosting"}},
		{"Apple's relay", "apple_relay", Network{Known: true, ProxyType: "consumer-privacy", ProxyDescription: "apple"}},
		{"the operator's own table wins", "scanner:test", Network{Known: true, Name: "scanner:test", ProxyType: "hosting"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.network.name(addr); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTokenStatus(t *testing.T) {
	ring, err := token.NewRing(token.Key{ID: 1})
	if err != nil {
		t.Fatal(err)
	}
	good, err := ring.Sign(token.Token{Campaign: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		ring       *token.Ring
		want       event.TokenStatus
	}{
		{"a good token", "/o/" + good + ".gif", ring, event.TokenValid},
		{"a good token without extension", "/o/" + good, ring, event.TokenValid},
		{"a good token with something around it", "/o/x" + good + ".gif", ring, event.TokenValid},
		{"a bad token", "/o/" + good[1:] + ".gif", ring, event.TokenBad},
		{"no token", "/o/", ring, event.TokenBad},
		{"no keys", "/o/" + good + ".gif", nil, event.TokenUnchecked},
		{"a good token in another folder", "/pixel/" + good + ".gif", ring, event.TokenValid},
		{"a UUID has no signature", "/pixel/0a1b2c3d-4e5f-8677-a899-aabbccddeeff.gif", ring, event.TokenUnchecked},
		{"no UUID", "/pixel/" + good[1:] + ".gif", ring, event.TokenUnchecked},
		{"another image", "/logo.gif", ring, event.TokenUnchecked},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := Route(c.path)
			o := Observer{Ring: c.ring}
			if e := o.Observe(&a, request(nil)); e.TokenStatus != c.want {
				t.Errorf("got %s, want %s", e.TokenStatus, c.want)
			}
		})
	}
}

func TestEveryRecordedHeaderFitsTheLine(t *testing.T) {
	headers := map[string]string{}
	for _, n := range recordedNames {
		headers[n.name] = "value"
		if n.header != textproto.CanonicalMIMEHeaderKey(n.name) {
			t.Errorf("%s is asked for as %s", n.name, n.header)
		}
	}
	for _, name := range classify.HeaderNames {
		if headers[name] == "" {
			t.Errorf("the rules ask for %s, which is not recorded", name)
		}
	}
	a := Route("/o/abc.gif")
	e := (&Observer{}).Observe(&a, request(headers))
	var read event.Event
	if err := read.Parse(string(e.AppendJSON(nil))); err != nil {
		t.Fatal(err)
	}
	if len(read.Headers) != len(recordedNames) {
		t.Fatalf("%d of %d headers came out", len(read.Headers), len(recordedNames))
	}
	for i, h := range read.Headers {
		want := "value"
		if recordedNames[i].present {
			want = ""
		}
		if h.Name != recordedNames[i].name || h.Value != want {
			t.Errorf("header %s came out as %s: %q", recordedNames[i].name, h.Name, h.Value)
		}
	}
}

// A browser that sends every privacy header, as seen in practice.
func TestPrivacySignalsAreRecorded(t *testing.T) {
	a := Route("/o/abc.gif")
	e := (&Observer{}).Observe(&a, request(map[string]string{
		"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "sec-gpc": "1", "dnt": "1",
	}))
	var s classify.Signals
	for _, h := range e.Headers {
		s |= classify.Signal(h.Name, h.Value)
	}
	if s != classify.DoNotTrack|classify.GlobalPrivacy {
		t.Errorf("signals %b of %v", s, e.Headers)
	}
}

// Facts that identify a person beyond the address are not written.
func TestPrivateHeadersLeaveNoText(t *testing.T) {
	headers := map[string]string{}
	for _, n := range recordedNames {
		if n.present {
			headers[n.name] = "private"
		}
	}
	a := Route("/o/abc.gif")
	e := (&Observer{}).Observe(&a, request(headers))
	if line := string(e.AppendJSON(nil)); strings.Contains(line, "private") || len(e.Headers) < 8 {
		t.Errorf("%d headers in %s", len(e.Headers), line)
	}
}

func BenchmarkObserve(b *testing.B) {
	o := Observer{Edge: "compute"}
	a := Route("/o/abc.gif")
	r := request(map[string]string{"user-agent": "Agent/1", "accept": "image/*", "sec-fetch-dest": "image"})
	var line []byte
	b.ReportAllocs()
	for b.Loop() {
		e := o.Observe(&a, r)
		line = e.AppendJSON(line[:0])
	}
}
