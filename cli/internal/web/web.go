// Package web serves glint's pages for people: the campaigns, the report of each,
// its recipients, and the opens, page views and events as they arrive.
//
// A browser signs in with a one-time link, which `glint web` makes with a key that
// only the user who runs glint can read. Sessions, used links and the key live as
// long as the process. Every page but the live one works without a script; nothing
// is loaded from another server. Without TLS the pages answer on loopback only.
//
// The pages are documents of package report, in a frame with the navigation. Package
// report and html/template escape untrusted text.
package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"glint/cli/internal/report"
	"glint/ingest/host/connlimit"
	"glint/ingest/host/loopback"
	"glint/ingest/host/tlsfiles"
)

// Config configures a Server.
type Config struct {
	Listen string         // host:port; port 0 takes a free one
	TLS    tlsfiles.Files // zero: no TLS, which only a loopback address allows
	Hosts  []string       // further host names of the pages, besides loopback and the listener's address
	Key    string         // of one-time links
	Settle func(*report.Data)
	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: nothing is logged
}

// The errors of Config.Validate.
var (
	ErrListen = errors.New("web: the address is not host:port")
	ErrNoTLS  = errors.New("web: pages contain recipients, so they need TLS beyond loopback")
	ErrHost   = errors.New("web: a host is a name, without scheme, port and path")
)

// Hint returns advice about the errors of Validate.
func Hint(err error) string {
	if errors.Is(err, ErrNoTLS) {
		return "--web-tls-cert FILE --web-tls-key FILE, or --web-listen 127.0.0.1:8704 and a proxy with TLS before it, whose name is given with --web-host"
	}
	return ""
}

// Validate returns all faults in one error.
func (c *Config) Validate() error {
	var faults []error
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		faults = append(faults, fmt.Errorf("web-listen: %q: %w", c.Listen, ErrListen))
	} else if !loopback.Is(strings.ToLower(host)) && c.TLS.Empty() {
		faults = append(faults, fmt.Errorf("web-listen %s: %w", c.Listen, ErrNoTLS))
	}
	if err := c.TLS.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("web-tls-cert: %w", err))
	}
	for _, name := range c.Hosts {
		if name == "" || strings.ContainsAny(name, "/:@ ") {
			faults = append(faults, fmt.Errorf("web-host: %q: %w", name, ErrHost))
		}
	}
	return errors.Join(faults...)
}

// Limits of the server.
const (
	maxConnections = 256
	maxQueries     = 4                // pages that query the warehouse concurrently; others wait
	pageTimeout    = 60 * time.Second // of one page's queries
)

// Server serves the pages. Until Use is called, it answers that the warehouse is being
// started.
type Server struct {
	hosts    []string
	cookie   string
	settle   func(*report.Data)
	now      func() time.Time
	logger   *slog.Logger
	listener net.Listener
	tls      bool
	http     *http.Server
	links    *links
	sessions *sessions
	live     *live
	streams  streams
	queries  chan struct{}
	source   atomic.Pointer[Source]
	ended    context.Context
}

// Listen opens the port and returns a server on it, which answers once Serve runs.
func Listen(c Config) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Server{settle: c.Settle, now: c.Now, logger: c.Logger, queries: make(chan struct{}, maxQueries)}
	if s.now == nil {
		s.now = time.Now
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	for _, name := range c.Hosts {
		s.hosts = append(s.hosts, strings.ToLower(name))
	}
	var certificates *tlsfiles.Source
	if !c.TLS.Empty() {
		var err error
		if certificates, err = tlsfiles.Open(c.TLS, c.Logger); err != nil {
			return nil, err
		}
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, err
	}
	s.listener = listener
	if certificates != nil {
		s.tls, s.listener = true, tls.NewListener(listener, certificates.Config())
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String()) // the listener's own
	s.cookie = "glint_session_" + port                        // ports of one machine share their cookies
	s.links, s.sessions, s.live = newLinks(c.Key), newSessions(s.now), newLive(s)
	ended, end := context.WithCancel(context.Background())
	s.ended = ended
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * pageTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ConnState:         connlimit.New(maxConnections).ConnState(),
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // its messages name addresses
	}
	s.http.RegisterOnShutdown(end)
	return s, nil
}

// URL returns the address of the pages without a final slash: with TLS, by the first of
// Config.Hosts.
func (s *Server) URL() string {
	host, port, _ := net.SplitHostPort(s.listener.Addr().String()) // the listener's own
	if !s.tls {
		return "http://" + net.JoinHostPort(host, port)
	}
	if len(s.hosts) > 0 {
		host = s.hosts[0]
	} else if isUnspecified(host) {
		host = "localhost"
	}
	return "https://" + net.JoinHostPort(host, port)
}

// Use sets the source of the pages. It may be called again.
func (s *Server) Use(source Source) { s.source.Store(&source) }

// Live returns the watcher that shows opens as they are stored.
func (s *Server) Live() *Live { return (*Live)(s.live) }

// Serve serves until Shutdown, and then returns nil, or until the listener fails.
func (s *Server) Serve() error {
	go s.live.run(s.ended)
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve web: %w", err)
	}
	return nil
}

// Close closes the port of a server that does not serve.
func (s *Server) Close() error { return s.listener.Close() }

// Shutdown ends the streams, and waits for other answers until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		_ = s.http.Close()
	}
	return err
}

// route is a route of the pages.
type route struct {
	pattern string
	handler http.HandlerFunc
}

func (s *Server) routes() []route {
	return []route{
		{"GET " + signInPath + "{link}", s.signIn},
		{"POST /sign-out", s.signedIn(Viewer, s.signOut)},
		{"GET /{$}", s.signedIn(Viewer, s.page(s.campaigns))},
		{"GET /campaigns/{id}", s.signedIn(Viewer, s.page(s.campaign))},
		{"GET /campaigns/{id}/recipients", s.signedIn(Owner, s.page(s.recipients))},
		{"GET /live", s.signedIn(Viewer, s.page(s.livePage))},
		{"GET /live/events", s.signedIn(Viewer, s.stream)},
		{"GET " + liveTextPath, s.signedIn(Viewer, s.textStream)},
		{"GET /live.js", s.script},
		{"GET /robots.txt", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = w.Write([]byte("User-agent: *\nDisallow: /\n")) // a client that is gone
		}},
		{"/", func(w http.ResponseWriter, r *http.Request) {
			s.refuse(w, r, http.StatusNotFound, "Not found", "There is no such page.")
		}},
	}
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.HandleFunc(r.pattern, r.handler)
	}
	return s.guard(mux)
}
