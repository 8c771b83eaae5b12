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

// conn is one connection. One goroutine owns all but its atomics.
type conn struct {
	server *Server
	net    net.Conn    // as it was accepted
	secure *tls.Config // of its listener; nil: plain HTTP
	tls    *tls.Conn
	place  *connlimit.Place
	peer   netip.Addr
	idle   atomic.Bool // it waits, and nothing of a head has come

	fd       int    // of net while it may be used directly; 0: not
	in       []byte // what has come and is not answered; nil: nothing
	answered int
	heading  bool      // the read deadline is that of a head, not that of an idle connection
	armed    time.Time // when the deadline was set
}

// firstBytes is what is read of a head at first. Nearly all are shorter.
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
		// The client says no more, but what it has said names an image.
		c.answer(c.in, true)
		c.linger()
	}
}

// read reads and answers until the connection ends, or a body follows.
func (c *conn) read() error {
	raw, direct := c.net.(syscall.Conn)
	if c.secure == nil && direct {
		return c.readDirectly(raw)
	}
	return c.readStream()
}

// resume goes on behind a request whose body was read, with what has come of the
// next one.
func (c *conn) resume() error {
	if len(c.in) > 0 {
		if err := c.take(0); err != nil {
			return err
		}
	}
	return c.read()
}

// errAnswered ends the reading behind the last answer of a connection.
var errAnswered = errors.New("pixelserver: the last answer is given")

// readDirectly reads until the connection ends, and answers. It waits in the
// runtime's poller, with neither a buffer nor a system call too many: between
// two requests of a connection, net.Conn's Read would ask the kernel once more
// only to hear that nothing is there.
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

// readAvailable reads and answers what is there. It returns nil if more may
// come.
func (c *conn) readAvailable() error {
	for {
		room := c.room()
		n, err := syscall.Read(c.fd, room)
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
		// The kernel says once that more has come. A client that ends its side
		// together with its request has said so already, hence the second look
		// behind the first answer; one that stays is not asked again.
		if n < len(room) && c.answered > 1 {
			return c.rest()
		}
	}
}

// readStream is readDirectly for TLS and for connections that are no sockets.
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

// room returns where to read to. A head that outgrows its buffer gets a large
// one; take sees to it that there always is room.
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

// release gives the buffer back.
func (c *conn) release() {
	switch cap(c.in) {
	case firstBytes:
		firstBuffers.Put((*[firstBytes]byte)(c.in[:firstBytes]))
	case maxHeadBytes:
		largeBuffers.Put((*[maxHeadBytes]byte)(c.in[:maxHeadBytes]))
	}
	c.in = nil
}

// take answers the whole heads in the buffer, to which n bytes have come. It
// returns errAnswered if no other request may follow, and errBody if one is next
// whose body is read.
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
// error if it must not, since the server ends.
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

// arm sets the read deadline: that of a head, or that of an idle connection.
func (c *conn) arm(heading bool) {
	c.heading, c.armed = heading, time.Now()
	timeout := idleTimeout
	if heading {
		timeout = c.server.cfg.headerTimeout
	}
	_ = c.net.SetReadDeadline(c.armed.Add(timeout)) // fails only if it is closed
}

// write sends an answer, for as long as writeTimeout where the client is slow to
// take it. Meanwhile the connection may be closed to make room.
func (c *conn) write(b []byte) error {
	if c.fd != 0 {
		n, err := syscall.Write(c.fd, b)
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

// linger ends the connection so that the client gets to see the last answer:
// cutting it while bytes of the client are unread would take the answer away
// (RFC 9112 §9.6).
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
