package pixelserver

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"glint/edge/pixel"
	"glint/edge/web"
)

// Web configures the web pixel and POST /e. Its zero value has no sites.
type Web struct {
	Sites web.Sites
	Token string // of servers that post events; "": no server may
}

// errBody ends the reading of heads before a request whose body is read.
var errBody = errors.New("pixelserver: a body follows")

// bodyTimeout is the limit for reading a body.
const bodyTimeout = 10 * time.Second

// isEvents reports whether a head is a POST /e, by its first line alone.
func isEvents(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	_, target, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\r")), []byte(" "))
	if !ok || !bytes.HasPrefix(target, []byte(web.Events)) && !bytes.Contains(target, []byte("://")) {
		return false
	}
	target, _, _ = bytes.Cut(target, []byte(" "))
	path, _, _ := strings.Cut(pathAndQuery(string(target)), "?")
	return path == web.Events
}

// events reads the body of the request whose head begins the buffer, answers it
// and writes the events' lines. It reports whether another request may follow.
func (c *conn) events() (keep bool) {
	s := c.server
	d := desks.Get().(*desk)
	defer d.close()
	end, _ := headEnd(c.in)
	h := &d.head
	at := s.cfg.Now()
	if !h.parse(append([]byte(nil), c.in[:end]...)) { // a copy, as the buffer is reused for the body
		return false
	}
	p := web.Post{Method: h.method, Origin: h.first("origin"), ContentType: h.first("content-type"), Authorization: h.first("authorization")}
	keep = !s.draining.Load() && h.version == http11 && !hasToken(h.first("connection"), "close")
	rest := append([]byte(nil), c.in[end:]...)
	c.release()
	if h.method == "POST" {
		length, err := strconv.Atoi(h.first("content-length"))
		switch {
		case err != nil || length < 0 || h.first("transfer-encoding") != "" || length > web.MaxBodyBytes:
			p.TooLarge, keep = err == nil && length > web.MaxBodyBytes, false
		default:
			if rest, err = c.body(rest, length); err != nil {
				return false
			}
			p.Body, rest = string(rest[:length]), rest[length:]
		}
	} else if v := h.first("content-length"); v != "" && v != "0" || h.first("transfer-encoding") != "" {
		keep = false
	}
	keep = keep && len(rest) <= firstBytes
	addr := s.cfg.Proxies.client(c.peer, h.all)
	a := web.Handle(&p, &s.cfg.Web.Sites, s.cfg.Web.Token)
	if len(a.Events) > 0 && !a.Certain && !s.throttle.allow(addr, a.Events[0].Site, len(a.Events), at) {
		s.metrics.throttled.Inc()
		a = web.Throttled(a.Allow)
	}
	d.out = appendAnswer(d.out[:0], &a, keep, s.dateLine(at))
	if c.write(d.out) != nil {
		keep = false // the events are still recorded
	}
	c.answered++
	s.metrics.others.Inc()
	if len(a.Events) > 0 {
		c.observeEvents(d, &a, &pixel.Request{
			OpenedAt: at, Method: h.method, Protocol: h.protocol(), Address: addr, Header: d.header, Network: s.cfg.Lookup(addr),
		})
	}
	if keep && len(rest) > 0 {
		c.in = append(c.room()[:0], rest...)
	}
	return keep
}

func (c *conn) observeEvents(d *desk, a *web.Answer, r *pixel.Request) {
	for i := range a.Events {
		r.ID = d.newID()
		e := c.server.currentObserver().ObserveEvent(&a.Events[i], a.Certain, r)
		if e.Kind == "" {
			continue
		}
		d.line = e.AppendJSON(d.line[:0])
		c.server.cfg.Write(d.line)
	}
}

// body reads the rest of a body that begins with part.
func (c *conn) body(part []byte, length int) ([]byte, error) {
	if len(part) >= length {
		return part, nil
	}
	var stream io.Reader = c.net
	if c.tls != nil {
		stream = c.tls
	}
	_ = c.net.SetReadDeadline(time.Now().Add(bodyTimeout)) // fails only if the connection is closed
	whole := make([]byte, length)
	n := copy(whole, part)
	_, err := io.ReadFull(stream, whole[n:])
	c.arm(true)
	return whole, err
}

// appendAnswer writes an answer to POST /e.
func appendAnswer(b []byte, a *web.Answer, keep bool, date string) []byte {
	b = append(append(append(b, "HTTP/1.1 "...), a.StatusText()...), "\r\n"...)
	a.EachHeader(func(name, value string) { b = append(append(append(append(b, name...), ": "...), value...), "\r\n"...) })
	if a.Status != 204 {
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), int64(len(a.Body)), 10), "\r\n"...)
	}
	b = append(append(b, "Date: "...), date...)
	if !keep {
		b = append(b, "Connection: close\r\n"...)
	}
	return append(append(b, "\r\n"...), a.Body...)
}
