package pixelserver

import (
	"crypto/rand"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"glint/edge/event"
	"glint/edge/pixel"
)

// ServeHTTP sends the answer, then writes the event's line.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	openedAt := s.cfg.Now()
	a := pixel.Route(target(r.RequestURI))
	header := w.Header()
	for name, values := range headersOf(&a) {
		header[name] = values // shared: net/http does not change them
	}
	control := http.NewResponseController(w)
	if r.ContentLength != 0 {
		// The body stays unread, so no other request can follow it, and nobody
		// waits for what net/http reads of it before it closes.
		header.Set("Connection", "close")
		_ = control.SetReadDeadline(time.Now().Add(lingerTime))
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // net/http leaves it out for HEAD; the client may have gone
	s.metrics.answered(&a)
	if a.Kind == "" {
		return
	}
	_ = control.Flush() // the image is on its way before the event is made
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	s.observe(&a, openedAt, r.Method, r.Proto, peer.Addr(), r.Header.Get, r.Header.Values)
}

// observe writes the event of a request that was answered with a.
func (s *Server) observe(a *pixel.Answer, openedAt time.Time, method, protocol string, peer netip.Addr,
	first func(name string) string, all func(name string) []string,
) {
	addr := s.cfg.Proxies.client(peer.Unmap().WithZone(""), all)
	if s.crowd.suspicious(addr, openedAt) {
		s.cfg.Logger.Warn("all opens of late came from one address; if that is a proxy, name it in --trusted-proxies")
	}
	e := s.cfg.Observer.Observe(a, &pixel.Request{
		ID:       newID(),
		OpenedAt: openedAt,
		Method:   method,
		Protocol: protocol,
		Address:  addr,
		Header:   first,
		Network:  s.cfg.Lookup(addr),
	})
	s.cfg.Write(e.AppendJSON(make([]byte, 0, 1024)))
}

// The headers of each answer that Route gives, made once: there are four.
var (
	gifHeaders      = makeHeaders(pixel.Route("/x.gif"))
	pngHeaders      = makeHeaders(pixel.Route("/x.png"))
	robotsHeaders   = makeHeaders(pixel.Route("/robots.txt"))
	notFoundHeaders = makeHeaders(pixel.Route("/"))
)

func makeHeaders(a pixel.Answer) http.Header {
	h := http.Header{}
	a.EachHeader(h.Set)
	return h
}

func headersOf(a *pixel.Answer) http.Header {
	switch {
	case a.Status == http.StatusNotFound:
		return notFoundHeaders
	case a.Kind == "":
		return robotsHeaders
	case a.ContentType == "image/png":
		return pngHeaders
	}
	return gifHeaders
}

// target is the request's path and query as they came, escapes and all.
func target(uri string) string {
	scheme, rest, ok := strings.Cut(uri, "://") // the absolute form, RFC 9112 §3.2.2
	if !ok || strings.ContainsAny(scheme, "/?") {
		return uri
	}
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		return rest[i:]
	}
	return uri
}

func newID() (id event.ID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}
