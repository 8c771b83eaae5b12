package ingest

import (
	"errors"
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

func TestSharesLeaveRoomForEverySource(t *testing.T) {
	// Of 1,200 bytes, 600 are anyone's, and each of three sources has 200 for certain.
	for _, c := range []struct {
		name     string
		sources  []string
		own, all []int64
		want     string // o open, c closed
	}{
		{"a flood, then its end", []string{"a", "b", "d"}, []int64{0, 599, 600, 600, 500, 161, 160, 199, 200}, []int64{0, 599, 600, 800, 600, 600, 600, 600, 700}, "oocccc" + "ooc"},
		{"taken again since others hold little", []string{"a", "b", "d"}, []int64{600, 480, 480}, []int64{600, 481, 480}, "cco"},
		{"below its share a source always gets in", []string{"a", "b", "d"}, []int64{0, 199, 199}, []int64{599, 600, 1150}, "ooo"},
		{"one alone has all", []string{"a"}, []int64{0, 600, 1199}, []int64{0, 600, 1199}, "ooo"},
		{"a label of several tokens is one source", []string{"a", "a"}, []int64{1199}, []int64{1199}, "o"},
		{"one whose token is gone still counts", []string{"b"}, []int64{299, 300}, []int64{600, 600}, "oc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var own, all int64
			s := &shares{
				backlog: func(string) (int64, int64) { return own, all },
				room:    func() int64 { return 1200 }, sources: func() []string { return c.sources }, closed: map[string]bool{},
			}
			got := ""
			for i := range c.own {
				own, all = c.own[i], c.all[i]
				switch err := s.admit("a"); {
				case err == nil:
					got += "o"
				case errors.Is(err, sourceFull):
					got += "c"
				default:
					t.Fatal(err)
				}
			}
			if got != c.want {
				t.Errorf("gate was %s, want %s", got, c.want)
			}
		})
	}
}

func TestMarksFitTheDisk(t *testing.T) {
	for _, c := range []struct {
		name string
		disk int64
		want marks
	}{
		{"large", 1 << 40, marks{512 << 20, 1 << 30}},
		{"small", 64 << 20, marks{64 << 20 / 20, 64 << 20 / 10}},
		{"unknown", -1, marks{512 << 20, 1 << 30}},
	} {
		if got := marksOf(c.disk); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestRoomIsTheQuotaOrWhatTheDiskHas(t *testing.T) {
	m := marks{stop: 100}
	for _, c := range []struct {
		name string
		give wal.Stats
		want int64
	}{
		{"a large disk", wal.Stats{MaxBytes: 1000, Bytes: 400, DiskFree: 5000}, 1000},
		{"a small disk", wal.Stats{MaxBytes: 1000, Bytes: 400, DiskFree: 300}, 600},
		{"a full disk", wal.Stats{MaxBytes: 1000, Bytes: 400, DiskFree: 50}, 400},
		{"an unknown disk", wal.Stats{MaxBytes: 1000, Bytes: 400, DiskFree: -1}, 1000},
	} {
		if got := roomOf(c.give, m); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

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
	noisy, _ := lanes.Live.Backlog("noisy")
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
