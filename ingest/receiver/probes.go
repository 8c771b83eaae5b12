package receiver

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"glint/ingest/host/loopback"
)

// challenge returns Fastly's proof that the owner of a host accepts a service's
// logs: one line per service id, its SHA-256 in hex, or * for any service.
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

// answerChallenge requires no token and no client certificate: Fastly sends
// neither.
func (s *Server) answerChallenge(w http.ResponseWriter, _ *http.Request) { writeText(w, s.challenge) }

func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	if reasons := s.unready(); reasons != nil {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "reasons": reasons})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"ready": true})
}

// status answers GET /v1/status for holders of a token of any scope, and for
// programs on this machine.
func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	if _, _, ok := s.Tokens.identify(r.Header.Values("Authorization")); !ok && !fromHere(r) {
		unauthorized.write(w)
		return
	}
	_ = s.readiness.get(time.Now()) // its result is part of the status
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, s.Status())
}

// fromHere reports whether a request comes from this machine and is addressed
// to it. A proxy on this machine forwards requests of others: it adds a header
// or passes on their Host. A web page whose name resolves to loopback (DNS
// rebinding) sends that name as Host.
func fromHere(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via", "Origin"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback() && loopback.Is(strings.Trim(host, "[]"))
}

// unready returns the reasons why the server should get no bodies; nil means
// ready.
func (s *Server) unready() (reasons []string) {
	if s.draining.Load() {
		reasons = append(reasons, "draining")
	}
	if err := s.readiness.get(time.Now()); err != nil {
		reasons = append(reasons, err.Error())
	}
	return reasons
}

// isReady returns unready as a number for a metric.
func (s *Server) isReady() int64 {
	if s.unready() != nil {
		return 0
	}
	return 1
}

// readiness caches Ready for a second, since anyone may call /readyz.
type readiness struct {
	check func() error
	mu    sync.Mutex
	until time.Time
	last  error
}

func (r *readiness) get(now time.Time) error {
	if r.check == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !now.Before(r.until) {
		r.last = r.check()
		r.until = now.Add(time.Second)
	}
	return r.last
}

// throttle lets one of many equal reports pass every ten seconds.
type throttle struct {
	mu    sync.Mutex
	until time.Time
	held  int
}

// pass reports whether to report now, and how many reports were held back since
// the last one.
func (t *throttle) pass(now time.Time) (held int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Before(t.until) {
		t.held++
		return 0, false
	}
	held, t.held = t.held, 0
	t.until = now.Add(10 * time.Second)
	return held, true
}
