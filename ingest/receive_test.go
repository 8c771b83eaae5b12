package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/token"
	"glint/ingest/batch"
	"glint/ingest/receiver"
	"glint/ingest/receiver/linegen"
	"glint/ingest/wal"
)

const testToken = "a-token-of-the-tests"

// newLogAndServer starts the server before a log in dir.
func newLogAndServer(tb testing.TB, dir string, liveBytes int64) (lanes *wal.Lanes, address string) {
	tb.Helper()
	return startServer(tb, dir, liveBytes, "", prometheus.NewRegistry())
}

// startServer is newLogAndServer with more tokens, and its metrics.
func startServer(tb testing.TB, dir string, liveBytes int64, tokensFile string, registry *prometheus.Registry) (lanes *wal.Lanes, address string) {
	tb.Helper()
	cfg := Default()
	cfg.TokensFile = tokensFile
	cfg.IngestListen, cfg.Token, cfg.Ring, cfg.LogDir, cfg.LiveLogBytes = "127.0.0.1:0", testToken, &token.Ring{}, dir, liveBytes
	cfg.Logger = slog.New(slog.DiscardHandler)
	lanes, marks, err := openLog(tb.Context(), &cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tokens, err := openTokens(&cfg)
	if err != nil {
		tb.Fatal(err)
	}
	gate := newGate(lanes, marks, func() []string { return tokens.Labels(receiver.ScopeLogs) }, false)
	registry.MustRegister(gate)
	s, err := newLogServer(&cfg, tokens, gate, nil, nil, nil, func() error { return nil }, nil, registry)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", cfg.IngestListen)
	if err != nil {
		tb.Fatal(err)
	}
	go func() { _ = s.Serve(l) }() // ends with Shutdown
	tb.Cleanup(func() {
		if err := s.Shutdown(tb.Context()); err != nil && tb.Context().Err() == nil {
			tb.Error(err)
		}
		_ = lanes.Close(tb.Context()) // the test may have closed it
	})
	return lanes, "http://" + l.Addr().String()
}

func postBody(tb testing.TB, address string, body []byte) (status int, answer string, retryAfter string) {
	tb.Helper()
	return postAs(tb, address, testToken, body)
}

func postAs(tb testing.TB, address, token string, body []byte) (status int, answer string, retryAfter string) {
	tb.Helper()
	r, err := http.NewRequest(http.MethodPost, address+"/v1/logs", bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return exchange(tb, r)
}

// exchange returns the answer to a request.
func exchange(tb testing.TB, r *http.Request) (status int, answer, retryAfter string) {
	tb.Helper()
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return a.StatusCode, string(text), a.Header.Get("Retry-After")
}

// exchangeJSON decodes the answer to a request into v and returns its status. A 503
// must have Retry-After.
func exchangeJSON(tb testing.TB, r *http.Request, v any) (status int) {
	tb.Helper()
	status, text, retryAfter := exchange(tb, r)
	if err := json.Unmarshal([]byte(text), v); err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	if status == http.StatusServiceUnavailable && retryAfter == "" {
		tb.Error("503 without Retry-After")
	}
	return status
}

func TestAnsweredBodiesAreInTheLogAsTheyCame(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	lanes, address := newLogAndServer(t, dir, 1<<30)
	var sent [][]byte
	for seed := range 5 {
		body := linegen.Body(uint64(seed), 10+seed)
		status, answer, _ := postBody(t, address, body)
		if want := fmt.Sprintf("{\"lines\":%d}\n", 10+seed); status != http.StatusOK || answer != want {
			t.Fatalf("status %d, answer %q, want %q", status, answer, want)
		}
		sent = append(sent, body)
	}
	if err := lanes.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, _, err := openLog(t.Context(), &Config{LogDir: dir, Logger: slog.New(slog.DiscardHandler), LogRetain: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close(t.Context()) }()
	next := batch.NewSource(again.Live, slog.New(slog.DiscardHandler)).Read(1)
	for n, want := range sent {
		got, err := next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.Record != uint64(n+1) || got.Count != 10+n || got.Source != tokenLabel || !bytes.Equal(got.Lines, want) {
			t.Errorf("record %d is %d lines of %q, not the body that was sent", got.Record, got.Count, got.Source)
		}
	}
}

func TestAFullLogRefusesAndTakesAgainWithoutRestart(t *testing.T) {
	lanes, address := newLogAndServer(t, filepath.Join(t.TempDir(), "log"), 2<<20)
	body := linegen.Body(1, 500)
	accepted, status, answer, retryAfter := uint64(0), 0, "", ""
	for range 100 {
		if status, answer, retryAfter = postBody(t, address, body); status != http.StatusOK {
			break
		}
		accepted++
	}
	if status != http.StatusTooManyRequests || !bytes.Contains([]byte(answer), []byte(`"log_full"`)) || retryAfter == "" {
		t.Fatalf("status %d, %s, Retry-After %q after %d bodies; want 429 log_full", status, answer, retryAfter, accepted)
	}
	if accepted == 0 {
		t.Fatal("nothing was accepted before the log was full")
	}
	if err := lanes.Live.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	batch.NewSource(lanes.Live, slog.New(slog.DiscardHandler)).Release(accepted + 1) // all of it reached the warehouse
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if status, answer, _ = postBody(t, address, body); status == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still refused after the release: %d %s", status, answer)
		}
	}
}
