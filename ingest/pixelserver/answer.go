package pixelserver

import (
	"crypto/rand"
	"net/netip"
	"strings"
	"sync"
	"time"

	"glint/edge/event"
	"glint/edge/pixel"
	"glint/edge/web"
)

// desk is the memory for one answer. Reused, it needs no allocation.
type desk struct {
	head   head
	header func(name string) string // d.head.first, made once
	out    []byte                   // the answer
	line   []byte                   // the event
	room   [event.MaxHeaders]event.Header
	random [32 * len(event.ID{})]byte
	left   int // of random
}

var desks = sync.Pool{New: func() any {
	d := &desk{out: make([]byte, 0, 1<<10), line: make([]byte, 0, event.MaxLineBytes+1)}
	d.header = d.head.first
	return d
}}

// maxDeskFields is more than clients send; the fields of a larger head are not
// kept.
const maxDeskFields = 100

func (d *desk) close() {
	if cap(d.head.fields) > maxDeskFields {
		d.head.fields = nil
	}
	// The fields refer to the text of a finished head; they are not read again.
	d.head = head{fields: d.head.fields[:0]}
	desks.Put(d)
}

// answer sends the answer to a head, then writes the event's line. It reports
// whether another request may follow.
//
// A route whose answer depends on more than its path, or that reads a body,
// belongs here, before pixel.Route.
func (c *conn) answer(raw []byte, cut bool) (keep bool) {
	s := c.server
	d := desks.Get().(*desk)
	defer d.close()
	h := &d.head
	h.cut = cut
	openedAt := s.cfg.Now()
	a, f := badRequest, &badFormat
	if h.parse(raw) {
		target := pathAndQuery(h.target)
		if a, f = s.challenge(target); f == nil {
			a = pixel.Route(target)
			f = formatOf(&a)
		}
	}
	keep = h.keep && !s.draining.Load()
	d.out = f.append(d.out[:0], h, keep, s.dateLine(openedAt))
	if err := c.write(d.out); err != nil {
		keep = false // the client may have gone; the open is still recorded
	}
	c.answered++
	c.place.Wait()
	s.metrics.answered(&a)
	if a.Kind != "" {
		c.observe(d, &a, openedAt)
	}
	return keep
}

// acmePaths is the prefix of the paths that an authority requests before it
// issues a certificate (RFC 8555 §8.3).
const acmePaths = "/.well-known/acme-challenge/"

// challenge returns the answer to an authority, or a nil format if target is
// not such a path.
func (s *Server) challenge(target string) (pixel.Answer, *format) {
	if s.cfg.Challenge == nil || !strings.HasPrefix(target, acmePaths) {
		return pixel.Answer{}, nil
	}
	text, ok := s.cfg.Challenge(target)
	if !ok {
		return pixel.Answer{}, nil
	}
	a := pixel.Answer{Status: 200, ContentType: "application/octet-stream", Body: []byte(text)}
	f := makeFormat(a, "200 OK")
	return a, &f
}

// observe writes the event of a request that was answered with a.
func (c *conn) observe(d *desk, a *pixel.Answer, openedAt time.Time) {
	s, h := c.server, &d.head
	var addr netip.Addr // unknown if the proxy's header was cut off
	if !h.cut || !s.cfg.Proxies.trusts(c.peer) {
		addr = s.cfg.Proxies.client(c.peer, h.all)
	}
	if s.proxyHint.due(addr, openedAt) {
		s.cfg.Logger.Warn("all opens of late came from one address; if that is a proxy, name it in --trusted-proxies")
	}
	if a.Kind == event.KindView && !s.throttle.allow(addr, web.Site(a.Target), 1, openedAt) {
		s.metrics.throttled.Inc()
		return
	}
	e := s.currentObserver().Observe(a, &pixel.Request{
		ID:       d.newID(),
		OpenedAt: openedAt,
		Method:   h.method,
		Protocol: h.protocol(),
		Address:  addr,
		Header:   d.header,
		Network:  s.cfg.Lookup(addr),
		Room:     d.room[:0],
	})
	if e.Kind == "" {
		return
	}
	d.line = e.AppendJSON(d.line[:0])
	s.cfg.Write(d.line)
}

func (d *desk) newID() (id event.ID) {
	if d.left < len(id) {
		_, _ = rand.Read(d.random[:]) // never fails
		d.left = len(d.random)
	}
	d.left -= len(id)
	copy(id[:], d.random[d.left:])
	return id
}

// format is an answer as text, without the parts that change per request.
type format struct {
	head []byte // up to and including the name of Date
	body []byte
}

// The formats of the four answers of Route, and of the answer to a request
// without a target.
var (
	gifFormat      = makeFormat(pixel.Route("/x.gif"), "200 OK")
	pngFormat      = makeFormat(pixel.Route("/x.png"), "200 OK")
	robotsFormat   = makeFormat(pixel.Route("/robots.txt"), "200 OK")
	notFoundFormat = makeFormat(pixel.Route("/"), "404 Not Found")

	badRequest = pixel.Answer{Status: 400, ContentType: "text/plain; charset=utf-8", Body: []byte("not a request\n")}
	badFormat  = makeFormat(badRequest, "400 Bad Request")
)

func makeFormat(a pixel.Answer, status string) format {
	b := []byte("HTTP/1.1 " + status + "\r\n")
	a.EachHeader(func(name, value string) { b = append(b, name+": "+value+"\r\n"...) })
	return format{head: append(b, "Date: "...), body: a.Body}
}

func formatOf(a *pixel.Answer) *format {
	switch {
	case a.Status == 404:
		return &notFoundFormat
	case a.Kind == "":
		return &robotsFormat
	case a.ContentType == "image/png":
		return &pngFormat
	}
	return &gifFormat
}

func (f *format) append(b []byte, h *head, keep bool, date string) []byte {
	b = append(append(b, f.head...), date...)
	switch {
	case !keep:
		b = append(b, "Connection: close\r\n"...)
	case h.version == http10:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	b = append(b, "\r\n"...)
	if h.method != "HEAD" {
		b = append(b, f.body...)
	}
	return b
}

// date is the value of the header Date in one second, with the line's end.
type date struct {
	second int64
	text   string
}

func (s *Server) dateLine(now time.Time) string {
	d := s.date.Load()
	if d == nil || d.second != now.Unix() {
		d = &date{now.Unix(), now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") + "\r\n"}
		s.date.Store(d)
	}
	return d.text
}
