// Package pixelserver is the standalone pixel: the edge's answer and event over
// HTTP/1.1, for a machine without a CDN in front of it.
//
// Like the edge it answers before it examines the request, and it always
// answers: a target that is not a URL, an unknown expectation or a head that is
// too large gets an image as well. That is why it parses requests itself:
// net/http and similar servers refuse such requests before a handler sees them.
//
// Request bodies are not read, except for POST /e, up to 64 KiB. A head is
// limited in size and time, the number of connections by connlimit, and a
// connection that waits for its client holds no buffer. The client's address is
// taken from the headers of declared proxies only. The package stores nothing
// and logs nothing about clients.
//
// It parses messages of RFC 9112 as leniently as possible, since no request is
// ever forwarded to another server: https://www.rfc-editor.org/rfc/rfc9112
package pixelserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/pixel"
	"glint/edge/token"
	"glint/ingest/host/backoff"
	"glint/ingest/host/connlimit"
)

// The limits of a connection.
const (
	maxHeadBytes  = 16 << 10 // the rest of a longer head is not read
	headerTimeout = 10 * time.Second
	writeTimeout  = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	lingerTime    = 500 * time.Millisecond // for the client to read the last answer before the connection is closed
	maxLinger     = 1 << 20                // bytes read and discarded in that time
)

// Config configures a Server. Observer, Write and Now are required. The server
// counts the privacy signals that Observer reports.
type Config struct {
	Observer pixel.Observer
	Keys     func() *token.Ring             // called for each request in place of Observer.Ring; nil: Observer.Ring is used
	Lookup   func(netip.Addr) pixel.Network // returns the network of an address; nil: unknown
	Proxies  Proxies                        // proxies whose header with the client's address is trusted; zero: none
	TLS      *tls.Config                    // nil: plain HTTP
	// Challenge returns the response to a certificate authority for a path
	// below acmePaths, and whether there is one; nil: none.
	Challenge func(path string) (answer string, ok bool)
	Web       Web               // sites of the web pixel and of POST /e
	Write     func(line []byte) // receives one event line; must not wait or keep line
	Now       func() time.Time

	MaxConnections int                   // 0: connlimit.Share()
	Logger         *slog.Logger          // nil: silent
	Registerer     prometheus.Registerer // nil: no metrics

	headerTimeout time.Duration // for tests; 0: the constant
}

// Server answers pixels. It is safe for concurrent use.
type Server struct {
	cfg       Config
	limit     *connlimit.Limit
	proxyHint undeclaredProxyHint
	metrics   metrics
	throttle  throttle
	date      atomic.Pointer[date]
	observer  atomic.Pointer[pixel.Observer] // of the configuration, with its present keys

	draining atomic.Bool
	running  sync.WaitGroup // connections

	mu        sync.Mutex
	listeners []net.Listener
	conns     map[*conn]struct{}
}

// New returns a Server; Serve starts it.
func New(cfg Config) *Server {
	if cfg.Lookup == nil {
		cfg.Lookup = func(netip.Addr) pixel.Network { return pixel.Network{} }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.headerTimeout = cmp.Or(cfg.headerTimeout, headerTimeout)
	s := &Server{cfg: cfg, limit: connlimit.New(cfg.MaxConnections), conns: map[*conn]struct{}{}}
	s.metrics = newMetrics(cfg.Registerer, s.limit)
	s.cfg.Observer.Signalled = s.metrics.signalled
	s.observer.Store(&s.cfg.Observer)
	return s
}

// currentObserver returns the observer with the current keys.
func (s *Server) currentObserver() *pixel.Observer {
	o := s.observer.Load()
	if s.cfg.Keys == nil {
		return o
	}
	if ring := s.cfg.Keys(); ring != o.Ring {
		changed := *o
		changed.Ring = ring
		s.observer.Store(&changed)
		return &changed
	}
	return o
}

// Serve serves l until Shutdown, over TLS if configured, then returns nil. It
// closes l.
func (s *Server) Serve(l net.Listener) error { return s.serve(l, s.cfg.TLS) }

// ServePlain is Serve without TLS, beside it, for mail sent before the pixel
// had a certificate.
func (s *Server) ServePlain(l net.Listener) error { return s.serve(l, nil) }

func (s *Server) serve(l net.Listener, secure *tls.Config) error {
	defer func() { _ = l.Close() }()
	s.mu.Lock()
	s.listeners = append(s.listeners, l)
	s.mu.Unlock()
	for pauses := (backoff.Backoff{First: 5 * time.Millisecond, Last: time.Second}); !s.draining.Load(); {
		accepted, err := l.Accept()
		switch {
		case err == nil:
			pauses.Reset()
			s.start(accepted, secure)
		case s.draining.Load():
		case passing(err):
			time.Sleep(pauses.Next())
		default:
			return err
		}
	}
	return nil
}

// passing reports whether accepting may succeed later: after a lack of
// descriptors or memory, or a client that disconnected.
func passing(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// start serves a connection in its own goroutine. It may close another one,
// which has waited for longest, to make room.
func (s *Server) start(accepted net.Conn, secure *tls.Config) {
	c := &conn{server: s, net: accepted, secure: secure}
	s.mu.Lock()
	if s.draining.Load() {
		s.mu.Unlock()
		_ = accepted.Close()
		return
	}
	s.conns[c] = struct{}{}
	s.running.Add(1)
	s.mu.Unlock()
	c.place = s.limit.Enter(accepted)
	go c.serve()
}

func (s *Server) ended(c *conn) {
	c.place.Leave()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.running.Done()
}

// Shutdown accepts no more connections, closes idle ones and waits until the
// others are answered. If ctx ends first, it closes these too and returns the
// error of ctx. Afterwards Write is not called any more.
func (s *Server) Shutdown(ctx context.Context) error {
	s.drain(func(c *conn) bool { return c.idle.Load() })
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.drain(func(*conn) bool { return true })
		<-done // without its socket a connection ends quickly
		return ctx.Err()
	}
}

// drain closes the listeners and the connections for which which returns true.
func (s *Server) drain(which func(*conn) bool) {
	var closing []*conn
	s.mu.Lock()
	s.draining.Store(true)
	for _, l := range s.listeners {
		_ = l.Close() // Serve returns
	}
	for c := range s.conns {
		if which(c) {
			closing = append(closing, c)
		}
	}
	s.mu.Unlock()
	for _, c := range closing { // without the lock: Close waits for the connection's reader
		_ = c.net.Close()
	}
}
