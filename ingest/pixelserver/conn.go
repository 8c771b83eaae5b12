package pixelserver

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"glint/ingest/host/connlimit"
)

// conn is one connection. One goroutine owns it, except its atomics.
type conn struct {
	server *Server
	net    net.Conn    // as it was accepted
	secure *tls.Config // TLS of its listener; nil: plain HTTP
	tls    *tls.Conn
	place  *connlimit.Place
	peer   netip.Addr
	idle   atomic.Bool // waiting, without any byte of a head

	fd       int    // file descriptor of net while it may be used directly; otherwise 0
	in       []byte // received and unanswered bytes; nil: none
	answered int
	heading  bool      // the read deadline is a head's, not an idle connection's
	armed    time.Time // when the deadline was set
}

// firstBytes is the size of the first read. Nearly all heads are shorter.
const firstBytes = 4 << 10

var (
	firstBuffers = sync.Pool{New: func() any { return new([firstBytes]byte) }}
	largeBuffers = sync.Pool{New: func() any { return new([maxHeadBytes]byte) }}
)

func (c *conn) serve() {
	defer c.server.ended(c)
	defer func() { _ = c.net.Close() }()
	defer c.release()
	if peer, ok := c.net.RemoteAddr().(*net.TCPAddr); ok {
		c.peer = peer.AddrPort().Addr().Unmap().WithZone("")
	}
	c.arm(true)
	err := c.read()
	for errors.Is(err, errBody) {
		if err = errAnswered; c.events() {
			err = c.resume()
		}
	}
	switch {
	case errors.Is(err, errAnswered):
		c.linger()
	case errors.Is(err, io.EOF) && bytes.IndexByte(c.in, '\n') >= 0:
		// The client has ended its side, but the head so far names an image.
		c.answer(c.in, true)
		c.linger()
	}
}

// read reads and answers until the connection ends or a body follows.
func (c *conn) read() error {
	raw, direct := c.net.(syscall.Conn)
	if c.secure == nil && direct {
		return c.readDirectly(raw)
	}
	return c.readStream()
}

// resume continues after a request whose body was read, with the bytes of the
// next one.
func (c *conn) resume() error {
	if len(c.in) > 0 {
		if err := c.take(0); err != nil {
			return err
		}
	}
	return c.read()
}

// errAnswered ends reading after the last answer of a connection.
var errAnswered = errors.New("pixelserver: the last answer is given")

// readDirectly reads and answers until the connection ends. It waits in the
// runtime's poller, without a buffer and without superfluous system calls:
// between two requests net.Conn's Read would make one more only to learn that
// there is nothing to read.
func (c *conn) readDirectly(sc syscall.Conn) error {
	raw, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	var end error
	err = raw.Read(func(fd uintptr) (done bool) {
		c.fd = int(fd)
		defer func() { c.fd = 0 }()
		end = c.readAvailable()
		return end != nil
	})
	if end != nil {
		return end
	}
	return err
}

// readAvailable reads and answers the available bytes. It returns nil if more
// may come.
func (c *conn) readAvailable() error {
	for {
		room := c.room()
		n, err := read(c.fd, room)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return c.rest()
		case err != nil:
			return err
		case n <= 0:
			return io.EOF
		}
		if err := c.take(n); err != nil {
			return err
		}
		// The kernel reports new data only once. A client that ends its side
		// together with its request has been reported already, hence the second
		// read after the first answer; it is not repeated for a client that
		// stays.
		if n < len(room) && c.answered > 1 {
			return c.rest()
		}
	}
}

// readStream is readDirectly for TLS and for connections that are not sockets.
func (c *conn) readStream() error {
	var stream io.Reader = c.net
	if c.tls != nil {
		stream = c.tls
	} else if c.secure != nil {
		c.tls = tls.Server(c.net, c.secure)
		stream = c.tls
		if err := c.tls.Handshake(); err != nil {
			return err
		}
	}
	for {
		if err := c.rest(); err != nil {
			return err
		}
		n, err := stream.Read(c.room())
		c.idle.Store(false)
		if n > 0 {
			if err := c.take(n); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// room returns the memory to read into. A head that outgrows its buffer gets a
// large one; take makes sure that there is always room.
func (c *conn) room() []byte {
	c.idle.Store(false)
	switch {
	case c.in == nil:
		c.in = firstBuffers.Get().(*[firstBytes]byte)[:0]
	case len(c.in) == cap(c.in):
		large := append(largeBuffers.Get().(*[maxHeadBytes]byte)[:0], c.in...)
		c.release()
		c.in = large
	}
	return c.in[len(c.in):cap(c.in)]
}

// release returns the buffer to the pool.
func (c *conn) release() {
	switch cap(c.in) {
	case firstBytes:
		firstBuffers.Put((*[firstBytes]byte)(c.in[:firstBytes]))
	case maxHeadBytes:
		largeBuffers.Put((*[maxHeadBytes]byte)(c.in[:maxHeadBytes]))
	}
	c.in = nil
}

// take answers the complete heads in the buffer, after n more bytes were read
// into it. It returns errAnswered if no other request may follow, and errBody
// if the next request's body must be read.
func (c *conn) take(n int) error {
	old := len(c.in)
	c.in = c.in[:old+n]
	rest := c.in
	for {
		rest = bytes.TrimLeft(rest, "\r\n") // RFC 9112 §2.2
		end, whole := headEnd(rest)
		if !whole && (len(rest) < maxHeadBytes) {
			break
		}
		if whole && isEvents(rest[:end]) {
			c.in = c.in[:copy(c.in, rest)]
			return errBody
		}
		if keep := c.answer(rest[:end], !whole); !keep || !whole {
			return errAnswered
		}
		rest = rest[end:]
	}
	c.in = c.in[:copy(c.in, rest)]
	return nil
}

// rest is called before the connection waits for its client. It returns an
// error if the server is ending.
func (c *conn) rest() error {
	if len(c.in) > 0 {
		if !c.heading {
			c.arm(true)
		}
		return nil
	}
	c.release()
	if c.heading && c.answered > 0 || !c.heading && time.Since(c.armed) > idleTimeout/8 {
		c.arm(false)
	}
	c.idle.Store(true)
	if c.server.draining.Load() {
		return errAnswered
	}
	return nil
}

// arm sets the read deadline, for a head or for an idle connection.
func (c *conn) arm(heading bool) {
	c.heading, c.armed = heading, time.Now()
	timeout := idleTimeout
	if heading {
		timeout = c.server.cfg.headerTimeout
	}
	_ = c.net.SetReadDeadline(c.armed.Add(timeout)) // fails only if the connection is closed
}

// write sends an answer within writeTimeout. While a slow client reads it, the
// connection may be closed to make room.
func (c *conn) write(b []byte) error {
	if c.fd != 0 {
		n, err := write(c.fd, b)
		if n == len(b) {
			return nil
		}
		if err != nil && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		b = b[max(n, 0):]
	}
	var stream io.Writer = c.net
	if c.tls != nil {
		stream = c.tls
	}
	_ = c.net.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := stream.Write(b)
	return err
}

// linger ends the connection so that the client receives the last answer:
// closing it with unread bytes of the client would discard the answer (RFC 9112
// §9.6).
func (c *conn) linger() {
	c.release()
	stream := c.net
	if c.tls != nil {
		stream = c.tls
	}
	if half, ok := stream.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = c.net.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, c.net, maxLinger)
}
