// Package receiver is ingest's HTTP side: it authenticates, takes a body of log
// lines within limits, finds out its codec, checks that it can be decoded and
// counts its lines, and answers 2xx once Store has returned.
//
// Requests of strangers cost a bounded amount of memory: bodies as they came share
// MaxInFlightBytes, there are as many decoders as processors, and nothing decoded is
// held. A body that comes too slowly is cut with 408, and beyond MaxConnections the
// connection that has been idle for longest is closed. The package looks into lines
// only to say why none is an event, leaves the state of disk and log to Admit, and
// logs nothing about senders.
//
// HTTP/1.1 only, with TLS if configured:
// https://www.rfc-editor.org/rfc/rfc9112
package receiver

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"glint/ingest/host/connlimit"
)

// Server answers ingest's routes. Make one with New.
type Server struct {
	Config
	http      *http.Server
	mux       *http.ServeMux
	slots     *semaphore.Weighted // bodies
	decoders  *semaphore.Weighted // compressed bodies that are decoded right now
	asking    *semaphore.Weighted // look-ups of outcomes under way
	decoded   *semaphore.Weighted // bytes of events other than opens
	memory    *memory
	conns     *connlimit.Limit
	readiness readiness
	metrics   *metrics
	failures  throttle
	challenge string

	draining atomic.Bool
	drain    sync.Once
	drainErr error
	after    func(time.Duration) <-chan time.Time // time.After; a test's own
}

// New returns a server of cfg, whose zero values it fills with defaults.
func New(cfg Config) (*Server, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &Server{
		Config:    cfg,
		slots:     semaphore.NewWeighted(int64(cfg.MaxConcurrent)),
		decoders:  semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))),
		asking:    semaphore.NewWeighted(1),
		decoded:   semaphore.NewWeighted(allDeliveryBytes),
		memory:    newMemory(cfg.MaxInFlightBytes, cfg.MaxBodyBytes+1, cfg.QueueWait),
		conns:     connlimit.New(cfg.MaxConnections),
		challenge: challenge(cfg.ServiceIDs),
		after:     time.After,
	}
	s.readiness.check = cfg.Ready
	s.metrics = newMetrics(s)
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("/v1/logs", s.logs)
	for i := range cfg.Routes {
		s.mux.HandleFunc(cfg.Routes[i].Path, s.document(&cfg.Routes[i]))
	}
	if cfg.Outcomes != nil {
		s.mux.HandleFunc(outcomesPath, getOnly(s.outcomes))
	}
	if cfg.Deliveries != nil {
		for _, path := range []string{"", "/{source}", "/{source}/{secret}"} {
			s.mux.HandleFunc("/v1/deliveries"+path, s.deliveries)
		}
	}
	if cfg.Status != nil {
		s.mux.HandleFunc("/v1/status", getOnly(s.status))
	}
	if cfg.Preferences != nil {
		s.mux.Handle("/preferences/", cfg.Preferences)
	}
	s.mux.HandleFunc("/.well-known/fastly/logging/challenge", getOnly(s.answerChallenge))
	s.mux.HandleFunc("/healthz", getOnly(func(w http.ResponseWriter, _ *http.Request) { writeText(w, "ok\n") }))
	s.mux.HandleFunc("/readyz", getOnly(s.ready))
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { noRoute.write(w) })
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: cfg.HeaderTimeout,
		IdleTimeout:       cfg.IdleTimeout,
		MaxHeaderBytes:    cfg.MaxHeaderBytes,
		ConnState:         s.conns.ConnState(),
		// net/http's messages name addresses of clients.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	s.http.Protocols = new(http.Protocols)
	s.http.Protocols.SetHTTP1(true)
	return s, nil
}

// ServeHTTP answers one request. Deadlines work on connections of Serve only.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mux.ServeHTTP(w, r)
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Now().Add(answerTimeout))
	if r.ContentLength != 0 {
		// Of a body that was refused net/http reads up to 256 kB before it
		// closes the connection, so that the client gets to see the answer.
		_ = rc.SetReadDeadline(time.Now().Add(lingerTimeout))
	}
}

const (
	lingerTimeout = 2 * time.Second
	answerTimeout = 10 * time.Second
)

// Serve answers on l until Shutdown; it closes l. With Config.TLS it speaks TLS.
func (s *Server) Serve(l net.Listener) error {
	var err error
	if s.TLS != nil {
		s.http.TLSConfig = s.TLS
		err = s.http.ServeTLS(l, "", "")
	} else {
		err = s.http.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Shutdown drains: first /readyz fails for DrainDelay while bodies are still taken,
// so that a balancer turns to other instances; then no connection is accepted, and
// bodies that have begun may end within DrainTimeout. A body
// that is not whole by then gets no 2xx and is cut off. It returns when no Store runs
// any more, or with the error of ctx. A second call waits for the first and
// returns what it did.
func (s *Server) Shutdown(ctx context.Context) error {
	s.drain.Do(func() { s.drainErr = s.shutdown(ctx) })
	return s.drainErr
}

func (s *Server) shutdown(ctx context.Context) error {
	s.draining.Store(true)
	select {
	case <-s.after(s.DrainDelay):
	case <-ctx.Done():
	}
	patient, cancel := context.WithTimeout(ctx, s.DrainTimeout)
	defer cancel()
	if s.http.Shutdown(patient) != nil {
		_ = s.http.Close() // cuts who still sends
	}
	return s.slots.Acquire(ctx, int64(s.MaxConcurrent)) // all bodies have left theirs, and none gets one any more
}
