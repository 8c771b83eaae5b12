package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func TestURLs(t *testing.T) {
	for text, want := range map[string][2]bool{ // without private targets, and with them
		"https://example.com/hook?x=1":     {true, true},
		"https://example.com:8443/":        {true, true},
		"https://10.1.2.3/":                {false, true},
		"https://[::1]:8080/":              {false, true},
		"http://127.0.0.1:8080/":           {false, true},
		"http://example.com/":              {false, true}, // and then it must resolve to this machine
		"https://169.254.169.254/":         {false, false},
		"https://[::ffff:169.254.169.254]": {false, false},
		"https://ann:secret@example.com/":  {false, false},
		"https://example.com/#x":           {false, false},
		"ftp://example.com/":               {false, false},
		"https:///path":                    {false, false},
		"example.com":                      {false, false},
		"%":                                {false, false},
	} {
		for i, allow := range []bool{false, true} {
			if _, err := CheckURL(text, allow); (err == nil) != want[i] || err != nil && !errors.Is(err, ErrURL) || err != nil && strings.Contains(err.Error(), "secret@") {
				t.Errorf("%s, private allowed %v: %v", text, allow, err)
			}
		}
	}
}

// post sends one event to a target, which resolves its name to an address.
func post(t *testing.T, address string, allowPrivate bool, resolved string, change func(*target)) (fate, time.Duration, error) {
	t.Helper()
	u, err := CheckURL(address, allowPrivate)
	if err != nil {
		t.Fatal(err)
	}
	to := newTarget(u, allowPrivate, func() ([]Secret, error) { return []Secret{NewSecret()}, nil })
	if resolved != "" {
		to.dialer.Resolver = resolver(t, netip.MustParseAddr(resolved))
	}
	if change != nil {
		change(to)
	}
	return to.post(t.Context(), "evt_1", []byte("{}"))
}

// resolver answers each question for an address with the one that it is given.
func resolver(t *testing.T, addr netip.Addr) *net.Resolver {
	t.Helper()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for b := make([]byte, 1500); ; {
			n, from, err := l.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.Additionals = true, nil
			header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
			switch {
			case q.Type == dnsmessage.TypeA && addr.Is4():
				m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: addr.As4()}}}
			case q.Type == dnsmessage.TypeAAAA && addr.Is6():
				m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}}}
			}
			if answer, err := m.Pack(); err == nil {
				_, _ = l.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", l.LocalAddr().String())
	}}
}

func TestANameThatResolvesToAForbiddenAddressGetsNothing(t *testing.T) {
	reached := make(chan struct{}, 10)
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached <- struct{}{} }))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for _, address := range []string{"127.0.0.1", "::ffff:127.0.0.1", "169.254.169.254", "::1", "10.0.0.1", "64:ff9b::7f00:1", "0.0.0.0", "fe80::1"} {
		if _, _, err := post(t, "https://hooks.test:"+port+"/", false, address, nil); !errors.Is(err, ErrAddress) {
			t.Errorf("resolved to %s: %v", address, err)
		}
	}
	if _, _, err := post(t, "https://hooks.test:"+port+"/", true, "169.254.169.254", nil); !errors.Is(err, ErrAddress) {
		t.Errorf("metadata where private addresses are allowed: %v", err)
	}
	if _, _, err := post(t, "http://hooks.test:"+port+"/", true, "10.0.0.1", nil); !errors.Is(err, ErrAddress) || !strings.Contains(err.Error(), "https") {
		t.Errorf("http beyond this machine: %v", err)
	}
	select {
	case <-reached:
		t.Error("the server was reached")
	default:
	}
	f, _, err := post(t, "https://example.com:"+port+"/", true, "127.0.0.1", func(to *target) { // the name in httptest's certificate
		transport(to).TLSClientConfig = transport(server.Client()).TLSClientConfig
	})
	if f != done || err != nil {
		t.Errorf("a name for this machine, where that is allowed: %v, %v", f, err)
	}
}

// TestTargets has targets that lie, redirect, are slow or never end.
func TestTargets(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	const tooSlow = "too slow"
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    fate
		wait    time.Duration
		text    string
	}{
		{"200", status(200), done, 0, ""},
		{"204", status(204), done, 0, ""},
		{"500", status(500), failed, 0, "answered 500"},
		{"404", status(404), failed, 0, "answered 404"},
		{"410", status(410), gone, 0, "410"},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, failed, 0, "redirects are not followed"},
		{"a pause", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		}, failed, 2 * time.Minute, "429"},
		{"a pause without end", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "99999999999")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, failed, maxRetryAfter, "503"},
		{"200 without reading", func(w http.ResponseWriter, _ *http.Request) {
			c, _, _ := http.NewResponseController(w).Hijack()
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			_ = c.Close()
		}, done, 0, ""},
		{"nothing", func(w http.ResponseWriter, _ *http.Request) {
			c, _, _ := http.NewResponseController(w).Hijack()
			_ = c.Close()
		}, failed, 0, "post to the webhook"},
		{tooSlow, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // the end of the connection is noticed behind the body
			<-r.Context().Done()
		}, failed, 0, "post to the webhook"},
		{"an answer without end", func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, done, 0, ""},
		{"headers without end", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 2*maxHeader))
			w.WriteHeader(http.StatusOK)
		}, failed, 0, "post to the webhook"},
	} {
		server := httptest.NewServer(c.handler)
		f, wait, err := post(t, server.URL+"/a-secret-path", true, "", func(to *target) {
			to.client.Timeout = time.Minute // the others answer, however slow this machine is
			if c.name == tooSlow {
				to.client.Timeout = 100 * time.Millisecond
			}
		})
		if f != c.want || wait != c.wait || (err == nil) != (c.text == "") || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, %v, %v", c.name, f, wait, err)
		}
		if strings.Contains(fmt.Sprint(err), "secret-path") {
			t.Errorf("%s: the error has the URL: %v", c.name, err)
		}
		server.CloseClientConnections()
		server.Close()
	}
}

func TestNothingIsSentUnsigned(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent") }))
	defer server.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	lost := errors.New("the secret is gone")
	to := newTarget(u, true, func() ([]Secret, error) { return nil, lost })
	if f, _, err := to.post(t.Context(), "evt_1", []byte("{}")); f != failed || !errors.Is(err, lost) {
		t.Errorf("without a secret: %v, %v", f, err)
	}
}
