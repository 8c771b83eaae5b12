// Package pixelserver is the standalone pixel: the edge's answer and event over
// net/http, for a machine without a CDN before it.
//
// It answers before it looks at the request, as the edge does, and it answers
// always: what net/http itself refuses (a target that is no URL, an unknown
// expectation, a header too large) gets its image as well, see rescue.go.
// Bodies of requests are never read. Headers are bounded in size and time, and
// the client's address is taken from the headers of declared proxies only. The
// package speaks HTTP/1.1 and nothing newer, and stores nothing.
package pixelserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/pixel"
)

// The limits of a connection.
const (
	maxHeaderBytes = 128 << 10 // Fastly admits 69 kB
	headerTimeout  = 10 * time.Second
	writeTimeout   = 10 * time.Second
	idleTimeout    = 2 * time.Minute
)

// Config says how a Server works. Observer, Write and Now must be set.
type Config struct {
	Observer pixel.Observer
	Lookup   func(netip.Addr) pixel.Network // what is known of an address; nil: nothing
	Proxies  Proxies                        // who may tell the client's address; zero: nobody
	TLS      *tls.Config                    // nil: plain HTTP
	Write    func(line []byte)              // takes one event line; must not wait or keep line
	Now      func() time.Time

	Logger     *slog.Logger          // nil: silent
	Registerer prometheus.Registerer // nil: no metrics

	headerTimeout time.Duration // of tests; 0: the constant
}

// Server answers pixels. It is safe for concurrent use.
type Server struct {
	cfg     Config
	http    *http.Server
	crowd   crowd
	metrics metrics
}

// New returns a Server; Serve starts it.
func New(cfg Config) *Server {
	if cfg.Lookup == nil {
		cfg.Lookup = func(netip.Addr) pixel.Network { return pixel.Network{} }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, metrics: newMetrics(cfg.Registerer)}
	s.http = &http.Server{
		Handler:                      s,
		DisableGeneralOptionsHandler: true, // OPTIONS * too is answered here
		ReadHeaderTimeout:            cmp.Or(cfg.headerTimeout, headerTimeout),
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeaderBytes,
		// What net/http logs names addresses of clients.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	return s
}

// Serve answers on l until Shutdown. It then returns http.ErrServerClosed.
func (s *Server) Serve(l net.Listener) error {
	if s.cfg.TLS != nil {
		l = tls.NewListener(l, s.cfg.TLS)
	}
	return s.http.Serve(&rescueListener{Listener: l, server: s})
}

// Shutdown takes no more connections and waits for the answers on their way.
func (s *Server) Shutdown(ctx context.Context) error { return s.http.Shutdown(ctx) }
