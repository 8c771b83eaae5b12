// Command edge is glint's pixel on Fastly Compute: it answers with the image,
// then writes one log line. This file connects the platform to the packages
// beside it: package pixel decides the answer, and package event the line.
package main

import (
	"context"
	"crypto/rand"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/fastly/compute-sdk-go/fsthttp"

	"glint/edge/event"
	"glint/edge/pixel"
	"glint/edge/privacy"
	"glint/edge/web"
)

func main() {
	s := newServer()
	fsthttp.ServeMany(s.serve, &fsthttp.ServeManyOptions{Continue: heapHasRoom})
}

// server holds the settings that a sandbox reads once and uses for all its
// requests.
type server struct {
	observer    pixel.Observer
	sites       web.Sites
	eventsToken string // secret of servers that post events; "": no server may
	askIngest   func(*pageRequest) (*pageReply, error)
	logs        logs
	line        []byte
	requests    uint32
}

func newServer() *server {
	return &server{
		observer: pixel.Observer{
			Ring:      openRing(),
			Precision: openPrecision(),
			Signals:   openSignals(),
			Edge:      "compute",
			POP:       os.Getenv("FASTLY_POP"),
			Version:   os.Getenv("FASTLY_SERVICE_VERSION"),
			Visitors:  openSecret("visitor_secret"),
			Withdrawn: openWithdrawals(),
		},
		sites:       openSites(),
		eventsToken: string(openSecret("events_token")),
		askIngest:   func(p *pageRequest) (*pageReply, error) { return askBackend(pageBackend, p) },
		logs:        openLogs(),
		line:        make([]byte, 0, event.MaxLineBytes+1),
	}
}

// serve sends the image first: Close hands the whole response to the platform.
// Only then does serve look at the request and write its line.
func (s *server) serve(_ context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
	openedAt := time.Now()
	if path, _, _ := strings.Cut(r.URL.RawPath, "?"); path == web.Events {
		s.requests++
		s.postEvents(w, r, openedAt)
		return
	}
	if target, ok := pageTarget(r.URL.RawPath); ok {
		s.requests++
		s.showPage(w, r, target)
		return
	}
	a := pixel.Route(r.URL.RawPath)
	w.SetManualFramingMode(true)
	a.EachHeader(w.Header().Set)
	w.WriteHeader(a.Status)
	if r.Method != "HEAD" {
		_, _ = w.Write(a.Body) // the client may have gone; the open is logged all the same
	}
	_ = w.Close()

	s.requests++
	if a.Kind == "" {
		return
	}
	e := s.observer.Observe(&a, s.request(r, openedAt))
	if e.Kind == "" {
		return
	}
	e.SandboxRequest = s.requests
	s.line = e.AppendJSON(s.line[:0])
	s.logs.write(s.line, privacy.Passes(&e))
}

// first returns the first of a header's values, or "".
func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func (s *server) request(r *fsthttp.Request, openedAt time.Time) *pixel.Request {
	addr, _ := netip.ParseAddr(r.RemoteAddr)
	p := &pixel.Request{
		OpenedAt: openedAt,
		Method:   r.Method,
		Protocol: r.Proto,
		Address:  addr,
		Header:   func(name string) string { return first(r.Header[name]) },
		Network:  lookupNetwork(addr),
		Bot:      detectBot(r),
	}
	_, _ = rand.Read(p.ID[:]) // never fails on the platform
	return p
}
