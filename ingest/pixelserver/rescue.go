package pixelserver

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"glint/edge/pixel"
)

// net/http answers some requests by itself, before any handler sees them, with
// a status of 400, 417, 431, 501 or 505, and closes. A mail client must have
// its image even so. The conn below remembers what came in since the last
// answer; when net/http writes such a refusal, the image goes out in its place.
// Nothing is parsed twice: a request that net/http takes costs one copy of its
// head and one look at the status of its answer.
const (
	maxKept    = maxHeaderBytes + 8<<10 // net/http gives up somewhat above MaxHeaderBytes
	lastWait   = 2 * time.Second        // for the rest of a refused request's head
	lingerTime = 500 * time.Millisecond // for the client to take the answer before the connection is cut
	maxLinger  = 1 << 20
)

type rescueListener struct {
	net.Listener
	server *Server
}

func (l *rescueListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &rescueConn{Conn: c, server: l.server}, nil
}

type rescueConn struct {
	net.Conn
	server *Server

	mu      sync.Mutex  // net/http reads ahead while a handler writes
	kept    []byte      // what came since the last answer
	rescued atomic.Bool // the last answer of the connection was ours
}

// Read reads, and keeps what came.
func (c *rescueConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.mu.Lock()
		c.kept = append(c.kept, p[:min(n, maxKept-len(c.kept))]...)
		c.mu.Unlock()
	}
	return n, err
}

// Write writes an answer, or the image in place of a refusal.
func (c *rescueConn) Write(p []byte) (int, error) {
	if c.rescued.Load() {
		return len(p), nil // more of the refusal
	}
	if !isRefusal(p) {
		c.forget()
		return c.Conn.Write(p)
	}
	openedAt := c.server.cfg.Now()
	head := c.kept
	method, uri, ok := requestLine(head)
	if !ok {
		return c.Conn.Write(p) // not even half a request
	}
	c.rescued.Store(true)
	a := pixel.Route(target(uri))
	if _, err := c.Conn.Write(appendAnswer(nil, &a, method, openedAt)); err != nil {
		return 0, err
	}
	c.server.metrics.answered(&a)
	c.server.metrics.rescued.Inc()
	if a.Kind != "" {
		c.observe(&a, openedAt, method)
	}
	return len(p), nil
}

// isRefusal tells net/http's own answers by their status: the handler's are 200
// and 404, and net/http has no 404 of its own.
func isRefusal(p []byte) bool {
	const status = len("HTTP/1.1 ")
	return len(p) > status+3 && p[0] == 'H' && p[status] >= '4' && string(p[status:status+3]) != "404"
}

// forget drops the head of the request that is being answered. More is there
// only if the client sent requests ahead.
func (c *rescueConn) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	end, _ := headEnd(c.kept)
	if end == len(c.kept) && cap(c.kept) <= 4<<10 {
		c.kept = c.kept[:0]
		return
	}
	c.kept = append([]byte(nil), c.kept[end:]...)
}

// headEnd returns where the first head in b ends, behind an empty line; if it
// is not whole yet, the end of b.
func headEnd(b []byte) (end int, whole bool) {
	for end < len(b) {
		i := bytes.IndexByte(b[end:], '\n')
		if i < 0 {
			break
		}
		end += i + 1
		switch rest := b[end:]; {
		case bytes.HasPrefix(rest, []byte("\n")):
			return end + 1, true
		case bytes.HasPrefix(rest, []byte("\r\n")):
			return end + 2, true
		}
	}
	return len(b), false
}

// requestLine reads the first line leniently: the target may hold spaces and
// any other byte, and the version may be missing. It must be a path or a URL.
func requestLine(head []byte) (method, target string, ok bool) {
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n"), []byte{'\n'})
	method, target, ok = strings.Cut(strings.TrimRight(string(line), "\r "), " ")
	if i := strings.LastIndexByte(target, ' '); i >= 0 && strings.HasPrefix(target[i+1:], "HTTP/") {
		target = target[:i]
	}
	target = strings.TrimLeft(target, " ")
	return method, target, ok && (strings.HasPrefix(target, "/") || strings.Contains(target, "://"))
}

func appendAnswer(b []byte, a *pixel.Answer, method string, now time.Time) []byte {
	b = append(b, "HTTP/1.1 200 OK\r\n"...)
	if a.Status != 200 {
		b = append(b[:0], "HTTP/1.1 404 Not Found\r\n"...)
	}
	a.EachHeader(func(name, value string) {
		b = append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
	})
	b = now.UTC().AppendFormat(append(b, "Date: "...), "Mon, 02 Jan 2006 15:04:05 GMT")
	b = append(b, "\r\nConnection: close\r\n\r\n"...)
	if method != "HEAD" {
		b = append(b, a.Body...)
	}
	return b
}

// observe waits a little for the rest of the head and writes the event.
func (c *rescueConn) observe(a *pixel.Answer, openedAt time.Time, method string) {
	_ = c.SetReadDeadline(time.Now().Add(lastWait)) // nobody reads after this
	var buffer [4 << 10]byte
	end, whole := headEnd(c.kept)
	for !whole && len(c.kept) < maxKept {
		if _, err := c.Read(buffer[:]); err != nil {
			break
		}
		end, whole = headEnd(c.kept)
	}
	fields := rawFields(c.kept[:end])
	peer, _ := netip.ParseAddrPort(c.RemoteAddr().String())
	c.server.observe(a, openedAt, method, "", peer.Addr(), func(name string) string {
		for _, v := range fields.values(name) {
			return v
		}
		return ""
	}, fields.values)
}

// rawFields are the header lines of a head that net/http did not want to read.
type rawFields []byte

func (f rawFields) values(name string) (values []string) {
	first := true
	for line := range strings.Lines(string(f)) {
		field, value, ok := strings.Cut(line, ":")
		if ok && !first && strings.EqualFold(strings.TrimSpace(field), name) {
			values = append(values, strings.TrimSpace(value))
		}
		first = false
	}
	return values
}

// CloseWrite lets net/http say that no more will come.
func (c *rescueConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Close closes. After a rescue, bytes of the client may still be unread: cutting
// the connection at once would take the image away from it (RFC 9112 §9.6).
func (c *rescueConn) Close() error {
	if c.rescued.Load() {
		_ = c.CloseWrite()
		_ = c.SetReadDeadline(time.Now().Add(lingerTime))
		_, _ = io.CopyN(io.Discard, c.Conn, maxLinger)
	}
	return c.Conn.Close()
}
