package receiver

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestTheStatusIsForThisMachineAndForTokens asks as local programs, as remote
// ones, and in ways that only look local.
func TestTheStatusIsForThisMachineAndForTokens(t *testing.T) {
	tokens, err := NewTokens(Token{Label: "sends", Scopes: []Scope{ScopeSends}, Secret: "a-secret-of-the-tests"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{
		Tokens: tokens, Store: func(context.Context, *Body) error { return nil }, Registerer: prometheus.NewRegistry(),
		Status: func() any { return map[string]bool{"ready": false} },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, peer, host, header, value string
		want                            int
	}{
		{"from here", "127.0.0.1:4000", "127.0.0.1:8702", "", "", http.StatusOK},
		{"from here, by name", "[::1]:4000", "localhost:8702", "", "", http.StatusOK},
		{"from here, IPv6", "[::1]:4000", "[::1]:8702", "", "", http.StatusOK},
		{"a token of any scope", "203.0.113.1:4000", "ingest.example.com", "Authorization", "Bearer a-secret-of-the-tests", http.StatusOK},
		{"from elsewhere", "203.0.113.1:4000", "ingest.example.com", "", "", http.StatusUnauthorized},
		{"from elsewhere, with our host", "203.0.113.1:4000", "127.0.0.1:8702", "", "", http.StatusUnauthorized},
		{"a wrong token", "203.0.113.1:4000", "ingest.example.com", "Authorization", "Bearer another-secret-of-tests", http.StatusUnauthorized},
		{"a proxy here that passes the host on", "127.0.0.1:4000", "ingest.example.com", "", "", http.StatusUnauthorized},
		{"a proxy here that names its client", "127.0.0.1:4000", "127.0.0.1:8702", "X-Forwarded-For", "203.0.113.1", http.StatusUnauthorized},
		{"another proxy here", "127.0.0.1:4000", "127.0.0.1:8702", "Forwarded", "for=203.0.113.1", http.StatusUnauthorized},
		{"a web page", "127.0.0.1:4000", "127.0.0.1:8702", "Origin", "https://example.com", http.StatusUnauthorized},
		{"a name that points here", "127.0.0.1:4000", "rebound.example.com:8702", "", "", http.StatusUnauthorized},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/v1/status", nil)
			r.RemoteAddr, r.Host = c.peer, c.host
			if c.header != "" {
				r.Header.Set(c.header, c.value)
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("status %d, want %d", w.Code, c.want)
			}
		})
	}
}
