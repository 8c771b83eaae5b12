// Package server is ingest's HTTP side: it authenticates, decompresses under
// limits, and answers 2xx once Store has returned. It does not look into the
// lines, and it logs nothing about who sent them.
package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Store keeps the lines of one decoded body and returns their number. An error
// means that nothing is promised: the client gets 503 and sends again.
type Store func(ctx context.Context, source string, body []byte) (lines int, err error)

// Config is what a Server needs.
type Config struct {
	Token         string        // the bearer token; not empty
	Store         Store         // what makes lines durable
	Ready         func() error  // nil error: ready; asked by /readyz
	ServiceIDs    []string      // Fastly services whose logs are welcome; empty: "*"
	MaxBodyBytes  int64         // of a body, decoded; more is 413
	MaxConcurrent int           // bodies in memory at once; more wait
	StoreTimeout  time.Duration // for one body; more is 503
	Logger        *slog.Logger
	Registerer    prometheus.Registerer
}

// The sources of lines, as the table opens names them.
const (
	SourceLive   = "live"
	SourceReplay = "replay"
)

type server struct {
	Config
	slots     chan struct{}
	challenge string
	metrics   metrics
}

// New returns the handler of ingest's routes.
func New(cfg Config) http.Handler {
	s := &server{
		Config:    cfg,
		slots:     make(chan struct{}, cfg.MaxConcurrent),
		challenge: challenge(cfg.ServiceIDs),
		metrics:   newMetrics(cfg.Registerer),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/logs", s.logs)
	mux.HandleFunc("PUT /v1/logs", s.logs)
	mux.HandleFunc("GET /.well-known/fastly/logging/challenge", s.answerChallenge)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, "ok\n") })
	mux.HandleFunc("GET /readyz", s.ready)
	return mux
}

// logs takes one body of lines.
func (s *server) logs(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	lines, bytes, err := s.accept(w, r)
	status := http.StatusOK
	if err != nil {
		refusal, ok := errors.AsType[*refusal](err)
		if !ok {
			refusal = unavailable
			s.Logger.Error("body not stored", "error", err)
		}
		status = refusal.status
		refusal.write(w)
	} else {
		writeJSON(w, status, map[string]int{"lines": lines})
	}
	s.metrics.observe(status, lines, bytes, time.Since(start))
}

func (s *server) accept(w http.ResponseWriter, r *http.Request) (lines, bytes int, err error) {
	if !s.authorized(r) {
		return 0, 0, unauthorized
	}
	source, err := sourceOf(r)
	if err != nil {
		return 0, 0, err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-r.Context().Done():
		return 0, 0, unavailable
	}
	body, err := readBody(w, r, s.MaxBodyBytes)
	if err != nil {
		return 0, 0, err
	}
	// A client that leaves does not stop a body that is being stored: it would
	// be sent again, and half of the work would have been for nothing.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), s.StoreTimeout)
	defer cancel()
	lines, err = s.Store(ctx, source, body)
	return lines, len(body), err
}

// authorized compares digests, so that the time tells nothing about the token.
func (s *server) authorized(r *http.Request) bool {
	scheme, got, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	want, have := sha256.Sum256([]byte(s.Token)), sha256.Sum256([]byte(strings.TrimSpace(got)))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(want[:], have[:]) == 1
}

// sourceOf reads ?lane=live|replay; live is the default.
func sourceOf(r *http.Request) (string, error) {
	switch lane := r.URL.Query().Get("lane"); lane {
	case "", SourceLive:
		return SourceLive, nil
	case SourceReplay:
		return SourceReplay, nil
	}
	return "", badLane
}

// challenge is Fastly's proof that the owner of a host wants a service's logs:
// a line of hex SHA-256 per service id, or * for any service.
// https://www.fastly.com/documentation/guides/integrations/logging-endpoints/log-streaming-https/
func challenge(serviceIDs []string) string {
	if len(serviceIDs) == 0 {
		return "*\n"
	}
	var b strings.Builder
	for _, id := range serviceIDs {
		sum := sha256.Sum256([]byte(id))
		b.WriteString(hex.EncodeToString(sum[:]) + "\n")
	}
	return b.String()
}

func (s *server) answerChallenge(w http.ResponseWriter, _ *http.Request) { writeText(w, s.challenge) }

func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	if err := s.Ready(); err != nil {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "reasons": []string{err.Error()}})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"ready": true})
}

func writeText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(text)) // the client may have gone
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}
