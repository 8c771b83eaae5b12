package main

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/fsttest"
	"github.com/google/go-cmp/cmp"

	"glint/edge/event"
	"glint/edge/pixel"
)

// journal records the order of what a server does.
type journal struct{ steps []string }

func (j *journal) add(step string) { j.steps = append(j.steps, step) }

// writer is a response whose steps are recorded.
type writer struct {
	*fsttest.ResponseRecorder
	*journal
	err error
}

func (w writer) SetManualFramingMode(bool) { w.add("exact framing") }
func (w writer) WriteHeader(code int)      { w.add("headers"); w.ResponseRecorder.WriteHeader(code) }
func (w writer) Close() error              { w.add("close"); return w.err }

func (w writer) Write(b []byte) (int, error) {
	w.add("image")
	_, _ = w.ResponseRecorder.Write(b)
	return len(b), w.err
}

// endpoint is a log endpoint that records its lines.
type endpoint struct {
	*journal
	lines []string
	err   error
}

func (e *endpoint) Write(line []byte) (int, error) {
	e.add("log")
	e.lines = append(e.lines, string(line))
	return len(line), e.err
}

func newRequest(method, uri string) *fsthttp.Request {
	return &fsthttp.Request{Method: method, URL: splitURI(uri), Header: fsthttp.NewHeader(), RemoteAddr: "192.0.2.77"}
}

// serveOne serves one request and returns what the client and the log got.
func serveOne(t *testing.T, r *fsthttp.Request, failure error) (writer, []string) {
	t.Helper()
	j := &journal{}
	w := writer{fsttest.NewRecorder(), j, failure}
	log := &endpoint{journal: j, err: failure}
	s := newServer()
	s.logs = logs{log}
	s.serve(context.Background(), w, r)
	return w, log.lines
}

func TestImageIsClosedBeforeTheLineIsWritten(t *testing.T) {
	w, lines := serveOne(t, newRequest("GET", "https://pixel.example/o/abc.gif"), nil)
	if diff := cmp.Diff([]string{"exact framing", "headers", "image", "close", "log"}, w.steps); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(lines) != 1 {
		t.Errorf("%d lines", len(lines))
	}
}

func TestHeadGetsTheHeadersOfTheImage(t *testing.T) {
	w, lines := serveOne(t, newRequest("HEAD", "/o/abc.gif"), nil)
	if diff := cmp.Diff([]string{"exact framing", "headers", "close", "log"}, w.steps); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if w.HeaderMap.Get("Content-Length") != "43" || w.HeaderMap.Get("Content-Type") != "image/gif" || w.Body.Len() != 0 || len(lines) != 1 {
		t.Errorf("headers %v, %d bytes, %d lines", w.HeaderMap, w.Body.Len(), len(lines))
	}
}

func TestOtherPathsGiveNoLine(t *testing.T) {
	for path, status := range map[string]int{"/": 404, "/robots.txt": 200, "/o": 404, "*": 404} {
		w, lines := serveOne(t, newRequest("GET", path), nil)
		if w.Code != status || len(lines) != 0 {
			t.Errorf("%s: %d, %d lines", path, w.Code, len(lines))
		}
	}
}

func TestLineHasTheFactsOfTheRequest(t *testing.T) {
	t.Setenv("FASTLY_POP", "FRA")
	t.Setenv("FASTLY_SERVICE_VERSION", "12")
	r := newRequest("GET", "https://pixel.example/o/abc.gif?utm=1")
	r.Header.Add("USER-AGENT", "Agent/1")
	r.Header.Add("sec-fetch-dest", "image")
	r.Header.Add("Referer", "https://mail.example/x")
	r.Proto = "HTTP/2"
	_, lines := serveOne(t, r, nil)
	var e event.Event
	err := e.Parse(lines[0])
	if err != nil || e.Check() != nil {
		t.Fatalf("%s: %v", lines[0], err)
	}
	e.ID, e.OpenedAt = event.ID{}, event.Event{}.OpenedAt
	want := event.Event{
		Version: event.Version, Kind: event.KindToken, Token: "abc", TokenStatus: event.TokenUnchecked, Path: "/o/abc.gif?utm=1",
		Method: "GET", Protocol: "HTTP/2",
		UserAgent: "Agent/1", RefererHost: "mail.example", IP: "192.0.2.0", Network: "unknown",
		Headers: []event.Header{{Name: "sec-fetch-dest", Value: "image"}},
		Edge:    "compute", POP: "FRA", ServiceVersion: "12", SandboxRequest: 1,
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Outside the platform every store, look-up and log endpoint fails.
func TestNothingThatFailsCostsTheImage(t *testing.T) {
	for _, c := range []struct {
		name    string
		failure error
		address string
	}{
		{"the platform", nil, "192.0.2.77"},
		{"the log endpoint and the connection", errors.New("gone"), "192.0.2.77"},
		{"the address", nil, "nonsense"},
		{"no address", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRequest("BREW", "/pixel/\xff%zz.png")
			r.RemoteAddr = c.address
			r.Header.Add("User-Agent", strings.Repeat("\xff", 60_000))
			w, lines := serveOne(t, r, c.failure)
			if a := pixel.Route("/x.png"); w.Code != 200 || w.Body.String() != string(a.Body) {
				t.Errorf("%d with %d bytes", w.Code, w.Body.Len())
			}
			var e event.Event
			if err := e.Parse(lines[0]); err != nil || e.Check() != nil || e.Network != "unknown" {
				t.Errorf("%s: %v", lines[0], err)
			}
		})
	}
}

func TestEachEndpointGetsTheLineInOneWrite(t *testing.T) {
	j := &journal{}
	broken, working := &endpoint{journal: j, err: io.ErrClosedPipe}, &endpoint{journal: j}
	logs{broken, working}.write([]byte("line"), false)
	if len(broken.lines) != 1 || len(working.lines) != 1 || working.lines[0] != "line" {
		t.Errorf("%q, %q", broken.lines, working.lines)
	}
	logs{broken, working}.write([]byte("passing"), true)
	if len(broken.lines) != 2 || len(working.lines) != 1 {
		t.Errorf("a line that passes, to %d and %d endpoints", len(broken.lines)-1, len(working.lines)-1)
	}
	if n := len(openLogs()); n != 2 {
		t.Errorf("%d endpoints", n)
	}
}

func TestRequestsOfOneSandboxAreCountedAndHaveTheirOwnIDs(t *testing.T) {
	j := &journal{}
	log := &endpoint{journal: j}
	s := newServer()
	s.logs = logs{log}
	ids := map[event.ID]bool{}
	for i := range 100 {
		s.serve(context.Background(), writer{fsttest.NewRecorder(), j, nil}, newRequest("GET", "/o/abc.gif"))
		var e event.Event
		err := e.Parse(log.lines[i])
		if err != nil || int(e.SandboxRequest) != i+1 {
			t.Fatalf("request %d of the sandbox: %v", e.SandboxRequest, err)
		}
		ids[e.ID] = true
	}
	if len(ids) != 100 {
		t.Errorf("%d ids of 100", len(ids))
	}
}

func TestURLsAreSplitWhateverTheyHold(t *testing.T) {
	for raw, want := range map[string][3]string{
		"https://pixel.example/o/x.gif?a=b?c": {"pixel.example", "/o/x.gif", "a=b?c"},
		"https://pixel.example?a":             {"pixel.example", "", "a"},
		"https://pixel.example":               {"pixel.example", "", ""},
		"/o/%zz.gif":                          {"", "/o/%zz.gif", ""},
		"/o/x.gif?u=https://a/b":              {"", "/o/x.gif", "u=https://a/b"},
		"*":                                   {"", "*", ""},
		"":                                    {"", "", ""},
		"//x":                                 {"", "//x", ""},
		"\xff\x00?":                           {"", "\xff\x00", ""},
	} {
		u := splitURI(raw)
		if whole := want[1] + "?" + want[2]; u.RawPath != strings.TrimSuffix(whole, "?") && u.RawPath != whole {
			t.Errorf("%q: path and query are %q", raw, u.RawPath)
		}
		if u.Scheme != "" || [3]string{u.Host, u.Path, u.RawQuery} != want {
			t.Errorf("%q: %+v", raw, u)
		}
	}
}

func TestGeoAnswers(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       pixel.Network
	}{
		{"no answer", "", pixel.Network{}},
		{"no JSON", "{", pixel.Network{}},
		{"nothing known", "{}", pixel.Network{Known: true}},
		{
			"a full answer", `{"as_name":"x","as_number":64496,"city":"y","country_code":"DE","region":"BE","conn_type":"broadband",` +
				`"proxy_type":"hosting","proxy_description":"cloud","latitude":-1.5,"utc_offset":-100,"gmt_offset":null}`,
			pixel.Network{
				Known: true, ASNumber: 64496, Country: "DE", Region: "BE", ConnectionType: "broadband", ProxyType: "hosting", ProxyDescription: "cloud",
			},
		},
		{"an operator's table", `{"network":"scanner:eop"}`, pixel.Network{Known: true, Name: "scanner:eop"}},
		{"wrong types", `{"as_number":"1","country_code":5}`, pixel.Network{Known: true}},
		{"a number too large", `{"as_number":4294967297}`, pixel.Network{Known: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, parseGeo(c.text)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	if got := lookupNetwork(netip.Addr{}); got != (pixel.Network{}) {
		t.Errorf("no address: %+v", got)
	}
}
