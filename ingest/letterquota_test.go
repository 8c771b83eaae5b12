package ingest

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"glint/ingest/deadletters"
	"glint/ingest/receiver/linegen"
)

// usedUp makes a file that takes bytes of the dead letters for a source, without
// taking them of the disk.
func usedUp(t *testing.T, dir, source string, bytes int64) {
	t.Helper()
	path := filepath.Join(dir, "deadletters", "0123456789abcdef01234567.ndjson")
	head := fmt.Sprintf(`{"received_at":"2026-03-04T05:06:07.891Z","source":%q,"reason":"not_event","detail":"","line":"x"}`+"\n", source)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(head), 0o600)
	}
	if err == nil {
		err = os.Truncate(path, bytes) // sparse
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestASendersJunkStopsNobody has one source that has used up its room among the
// dead letters, for each lane. Its own good lines and all lines of another source
// go on; the other's dead letters are kept, and its own are counted.
func TestASendersJunkStopsNobody(t *testing.T) {
	for _, lane := range []string{"live", "replay"} {
		t.Run(lane, func(t *testing.T) {
			e, dir := newEngine(t), t.TempDir()
			quota := map[string]int64{"live": deadletters.DefaultMaxBytes, "replay": replayLetterBytes}[lane]
			usedUp(t, dir, tokenLabel, quota/2)
			tokens := filepath.Join(dir, "tokens")
			const other = "a-token-of-another-sender"
			if err := os.WriteFile(tokens, []byte("other:logs:"+other+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			var log safeBuffer
			s := runService(t, dir, e.dsn, func(c *Config) {
				c.TokensFile = tokens
				c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
			})
			s.postAs(t, testToken, lane, append([]byte("junk\nmore junk\n"), linegen.Body(1, 10)...))
			s.postAs(t, other, lane, append([]byte("an honest fault\n"), linegen.Body(2, 10)...))
			s.drained(t)
			if n := e.count(t, "SELECT count() FROM opens FINAL"); n != 20 {
				t.Errorf("%d opens, want 20", n)
			}
			m := s.metrics(t)
			if n := m[`glint_dead_letters_not_kept_total{source="default"}`]; n != 2 {
				t.Errorf("%v lines were not kept, want 2", n)
			}
			if n := m[`glint_dead_letters_not_kept_total{source="other"}`]; n != 0 {
				t.Errorf("%v lines of the other were not kept", n)
			}
			if n := m[`glint_batch_retries_total{lane="`+lane+`"}`]; n != 0 {
				t.Errorf("%v retries", n)
			}
			s.stop()
			if text := log.String(); strings.Count(text, "lines of a source cannot be stored") != 2 || !strings.Contains(text, `"source":"default"`) ||
				!strings.Contains(text, `"not_event":2,"not_kept":2`) || strings.Contains(text, "junk") {
				t.Errorf("log:\n%s", text)
			}
		})
	}
}

// TestASourceWithoutAnyEventIsWarnedOf is what the default level says of a log
// endpoint whose format is not that of an event.
func TestASourceWithoutAnyEventIsWarnedOf(t *testing.T) {
	e := newEngine(t)
	var log safeBuffer
	s := runService(t, t.TempDir(), e.dsn, func(c *Config) {
		c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	})
	for range 5 {
		s.post(t, []byte("192.0.2.1 - - GET /o/x.gif HTTP/1.1\n"))
		s.drained(t)
	}
	s.stop()
	if text := log.String(); strings.Count(text, "no line of a source is an event") != 1 || strings.Contains(text, "192.0.2.1") {
		t.Errorf("log:\n%s", text)
	}
}

// safeBuffer is a buffer for a logger.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// postAs posts to a lane, with a token, a body that has to be taken.
func (s *service) postAs(tb testing.TB, token, lane string, body []byte) {
	tb.Helper()
	r, err := http.NewRequest(http.MethodPost, s.Ingest+"/v1/logs?lane="+lane, bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	if err := a.Body.Close(); err != nil || a.StatusCode != http.StatusOK {
		tb.Fatalf("status %d, %v", a.StatusCode, err)
	}
}
