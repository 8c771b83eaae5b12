// Package receiver is the HTTP server of ingest. It authenticates a request,
// reads its body of log lines within limits, detects the codec, checks that the
// body decodes, counts the lines, and answers 2xx once Store has returned.
//
// Requests of strangers cost a bounded amount of memory: undecoded bodies share
// MaxInFlightBytes, there is one decoder per processor, and decoded bytes are
// not kept. A body that arrives too slowly is cut off with 408, and above
// MaxConnections the connection that has been idle for longest is closed. The
// package parses lines only to explain why none is an event, leaves the state
// of disk and log to Admit, and logs nothing about senders.
//
// HTTP/1.1 only, with TLS if configured: https://www.rfc-editor.org/rfc/rfc9112
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

// Server answers ingest's routes. Create one with New.
type Server struct {
	Config
	http      *http.Server
	mux       *http.ServeMux
	slots     *semaphore.Weighted // bodies
	decoders  *semaphore.Weighted // compressed bodies being decoded
	asking    *semaphore.Weighted // look-ups of outcomes in progress
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
	after    func(time.Duration) <-chan time.Time // time.After; tests replace it
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
		// Messages of net/http contain addresses of clients.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	s.http.Protocols = new(http.Protocols)
	s.http.Protocols.SetHTTP1(true)
	return s, nil
}

// ServeHTTP answers one request. Deadlines apply only to connections of Serve.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mux.ServeHTTP(w, r)
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Now().Add(answerTimeout))
	if r.ContentLength != 0 {
		// After a refusal net/http reads up to 256 kB of the body before it
		// closes the connection, so that the client receives the answer.
		_ = rc.SetReadDeadline(time.Now().Add(lingerTimeout))
	}
}

const (
	lingerTimeout = 2 * time.Second
	answerTimeout = 10 * time.Second
)

// Serve answers requests on l until Shutdown, and closes l. It uses TLS if
// Config.TLS is set.
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

// Shutdown drains the server. First, for DrainDelay, /readyz fails while bodies
// are still accepted, so that a load balancer moves to other instances. Then no
// connection is accepted, and bodies in progress have DrainTimeout to finish. A
// body that is incomplete by then gets no 2xx, and its connection is closed.
// Shutdown returns when no Store runs any more, or with the error of ctx. A
// second call waits for the first and returns its result.
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
		_ = s.http.Close() // disconnects clients that still send
	}
	return s.slots.Acquire(ctx, int64(s.MaxConcurrent)) // all bodies have released their slots, and no new one gets one
}
