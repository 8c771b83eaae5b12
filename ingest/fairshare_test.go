package ingest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/receiver/linegen"
	"glint/ingest/wal"
)

const (
	noisyToken = "the-token-of-the-noisy-one"
	quietToken = "the-token-of-the-quiet-one"
)

// TestANoisySourceLeavesRoomForOthers is a flood while the warehouse takes
// nothing, with a restart in the middle, and then the catching up.
func TestANoisySourceLeavesRoomForOthers(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte("noisy:logs:"+noisyToken+"\nquiet:logs:"+quietToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "log")
	const quota = 4 << 20
	body := linegen.Body(1, 100)

	lanes, address := startServer(t, dir, quota, tokens, prometheus.NewRegistry())
	posted := flood(t, address, body)
	checkOthersGetIn(t, address, body)
	if err := lanes.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	registry := prometheus.NewRegistry()
	lanes, address = startServer(t, dir, quota, tokens, registry)
	if status, answer, _ := postAs(t, address, noisyToken, body); status != http.StatusTooManyRequests || !strings.Contains(answer, `"source_full"`) {
		t.Errorf("after a restart the noisy one got %d %s, want 429 source_full", status, answer)
	}
	checkOthersGetIn(t, address, body)
	noisy := lanes.Live.SourceBacklogBytes("noisy")
	if least := int64(posted * len(body)); noisy < least {
		t.Errorf("the noisy one has a backlog of %d bytes after a restart, %d were posted", noisy, least)
	}
	w := httptest.NewRecorder()
	metricsHandler(registry).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		fmt.Sprintf("{lane=\"live\",source=\"noisy\"} %v\n", float64(noisy)), `{lane="live",source="default"} `, `{lane="replay",source="quiet"} 0`,
	} {
		if want = "glint_wal_source_backlog_bytes" + want; !strings.Contains(w.Body.String(), want) {
			t.Errorf("the metrics lack %q", want)
		}
	}

	next := lanes.Live.Recovery().Next.Record
	lanes.Live.Release(wal.Position{Record: next}) // what was there at the start reached the warehouse
	if status, answer, _ := postAs(t, address, noisyToken, body); status != http.StatusOK {
		t.Errorf("after the catching up the noisy one got %d %s, want 200", status, answer)
	}
}

// flood posts as the noisy one until it is refused, and returns how many bodies
// were taken.
func flood(t *testing.T, address string, body []byte) (posted int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); posted++ {
		status, answer, retryAfter := postAs(t, address, noisyToken, body)
		if status == http.StatusOK {
			continue
		}
		if status != http.StatusTooManyRequests || !strings.Contains(answer, `"source_full"`) || retryAfter == "" {
			t.Fatalf("the noisy one got %d %s, Retry-After %q, want 429 source_full", status, answer, retryAfter)
		}
		return posted
	}
	t.Fatal("the noisy one was never refused")
	return 0
}

func checkOthersGetIn(t *testing.T, address string, body []byte) {
	t.Helper()
	for _, token := range []string{quietToken, testToken} {
		if status, answer, _ := postAs(t, address, token, body); status != http.StatusOK {
			t.Errorf("another source got %d %s, want 200", status, answer)
		}
	}
}
