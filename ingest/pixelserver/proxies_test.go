package pixelserver

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"glint/edge/pixel"
)

func TestClientIsTheRightMostUntrustedAddress(t *testing.T) {
	trusted := []string{"10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48", "::ffff:198.51.100.1"}
	for _, c := range []struct {
		name, peer, header string
		values             []string
		want               string
	}{
		{"no proxy", "203.0.113.5", "", []string{"1.1.1.1"}, "203.0.113.5"},
		{"a proxy", "10.1.1.1", "", []string{"203.0.113.9"}, "203.0.113.9"},
		{"a proxy that is a single address", "192.0.2.7", "", []string{"203.0.113.9"}, "203.0.113.9"},
		{"its neighbor is no proxy", "192.0.2.8", "", []string{"203.0.113.9"}, "192.0.2.8"},
		{"a mapped address", "198.51.100.1", "", []string{"203.0.113.9"}, "203.0.113.9"},
		{"a forged beginning", "10.1.1.1", "", []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
		{"two proxies", "10.1.1.1", "", []string{"1.1.1.1, 203.0.113.9, 10.2.2.2"}, "203.0.113.9"},
		{"two header lines", "10.1.1.1", "", []string{"1.1.1.1", "203.0.113.9,10.2.2.2"}, "203.0.113.9"},
		{"nothing but proxies", "10.1.1.1", "", []string{"10.3.3.3, 10.2.2.2"}, "10.3.3.3"},
		{"the proxy's own request", "10.1.1.1", "", nil, "10.1.1.1"},
		{"an empty header", "10.1.1.1", "", []string{""}, "10.1.1.1"},
		{"empty elements", "10.1.1.1", "", []string{"203.0.113.9, ,"}, "203.0.113.9"},
		{"IPv6", "2001:db8:1::5", "", []string{"2001:db8:2::1"}, "2001:db8:2::1"},
		{"IPv6 in brackets with a port", "10.1.1.1", "", []string{"[2001:db8:2::1]:4711"}, "2001:db8:2::1"},
		{"a port", "10.1.1.1", "", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		{"IPv4 mapped", "10.1.1.1", "", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"nonsense from the proxy", "10.1.1.1", "", []string{"203.0.113.9, unknown"}, "invalid IP"},
		{"nonsense from the client", "10.1.1.1", "", []string{"<script>, 203.0.113.9"}, "203.0.113.9"},

		{"Forwarded", "10.1.1.1", Forwarded, []string{`for=203.0.113.9`}, "203.0.113.9"},
		{"Forwarded with all of it", "10.1.1.1", Forwarded, []string{`for=1.1.1.1, By=10.1.1.1; For="203.0.113.9:80";proto=https;host=h`}, "203.0.113.9"},
		{"Forwarded IPv6", "10.1.1.1", Forwarded, []string{`for="[2001:db8:2::1]:4711"`}, "2001:db8:2::1"},
		{"Forwarded through two proxies", "10.1.1.1", Forwarded, []string{`for=203.0.113.9;proto=http, for=10.2.2.2`}, "203.0.113.9"},
		{"Forwarded, hidden", "10.1.1.1", Forwarded, []string{`for=1.1.1.1, for=_hidden`}, "invalid IP"},
		{"Forwarded by nobody", "10.1.1.1", Forwarded, []string{`for=1.1.1.1, proto=https`}, "invalid IP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := ParseProxies(trusted, c.header)
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{}
			for _, v := range c.values {
				header.Add(p.header, v)
			}
			if got := p.client(netip.MustParseAddr(c.peer), header.Values).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestOnlyTheDeclaredHeaderIsRead(t *testing.T) {
	p, err := ParseProxies([]string{"10.0.0.0/8"}, XForwardedFor)
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Forwarded": {"for=1.1.1.1"}, "X-Real-Ip": {"1.1.1.1"}, "X-Forwarded-For": {"203.0.113.9"}}
	if got := p.client(netip.MustParseAddr("10.1.1.1"), header.Values).String(); got != "203.0.113.9" {
		t.Errorf("got %s", got)
	}
}

func TestFaultyProxies(t *testing.T) {
	for _, c := range []struct {
		prefixes []string
		header   string
	}{
		{[]string{"10.0.0.0/8", "nonsense"}, ""},
		{[]string{"10.0.0.0/33"}, ""},
		{[]string{""}, ""},
		{nil, "x-real-ip"},
	} {
		if _, err := ParseProxies(c.prefixes, c.header); !errors.Is(err, ErrProxies) {
			t.Errorf("%v, %q: %v", c.prefixes, c.header, err)
		}
	}
}

func TestEventHasTheClientBehindTheProxy(t *testing.T) {
	w := serve(t, func(cfg *Config) {
		cfg.Proxies, _ = ParseProxies([]string{"127.0.0.1"}, "")
		cfg.Lookup = func(a netip.Addr) pixel.Network {
			return pixel.Network{Known: true, Name: "hosting", Country: strings.ToUpper(a.String()[:2])}
		}
	})
	for _, path := range []string{"/o/a.gif", "/o/%zz.gif"} { // the second one is rescued
		w.talk(t, "GET", get(path, "X-Forwarded-For: 1.1.1.1, 203.0.113.9"), 1)
		if e := w.event(t); e.IP != "203.0.113.9" || e.Network != "hosting" || e.Country != "20" {
			t.Errorf("%s: got %+v", path, e)
		}
	}
}

func TestUndeclaredProxiesAreNotBelieved(t *testing.T) {
	w := serve(t, nil)
	w.talk(t, "GET", get("/o/a.gif", "X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9", "X-Real-IP: 203.0.113.9"), 1)
	if e := w.event(t); e.IP != "127.0.0.1" || e.Network != "unknown" {
		t.Errorf("got %+v", e)
	}
}

func TestACrowdFromOneAddressIsNoticedOnceAnHour(t *testing.T) {
	var c undeclaredProxyHint
	now, warnings := noon, 0
	one, other := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	note := func(a netip.Addr, n int) int {
		before := warnings
		for range n {
			if c.due(a, now) {
				warnings++
			}
		}
		return warnings - before
	}
	if note(one, hintAfterOpens-1) != 0 || note(other, 1) != 0 || note(one, hintAfterOpens-1) != 0 {
		t.Error("a warning too early")
	}
	if note(one, 1) != 1 || note(one, 5*hintAfterOpens) != 0 {
		t.Error("want one warning")
	}
	now = now.Add(hintInterval)
	if note(one, 100) != 1 {
		t.Error("want another one after the rest")
	}
}

func TestTheWarningNamesNoAddress(t *testing.T) {
	var log bytes.Buffer
	w := serve(t, func(cfg *Config) { cfg.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
	const n = hintAfterOpens + 5
	w.talk(t, "GET", strings.Repeat(get("/o/a.gif"), n), n)
	for range n {
		w.event(t)
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "--trusted-proxies") || strings.Contains(got, "127.0.0.1") {
		t.Errorf("logged %s", got)
	}
}

func TestSlowHeadersAreCutOff(t *testing.T) {
	w := serve(t, func(cfg *Config) { cfg.headerTimeout = 50 * time.Millisecond })
	c := dial(t, w)
	if _, err := io.WriteString(c, "GET /o/slow.gif HTTP/1.1\r\nHost: h\r\n"); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(c); err != nil || len(b) != 0 {
		t.Errorf("%q, %v", b, err)
	}
	w.noEvent(t)
}
