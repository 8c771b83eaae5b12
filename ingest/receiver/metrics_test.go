package receiver

import (
	"bytes"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// measured returns the samples whose value does not depend on time.
func (w *world) measured(t *testing.T) string {
	t.Helper()
	r := httptest.NewRecorder()
	promhttp.HandlerFor(w.registry, promhttp.HandlerOpts{}).ServeHTTP(r, httptest.NewRequest("GET", "/metrics", nil))
	var lines []string
	timed := regexp.MustCompile(`_seconds_(bucket|sum)|_connections `)
	for line := range strings.Lines(r.Body.String()) {
		if !strings.HasPrefix(line, "#") && !timed.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func TestMetricsCountEveryBody(t *testing.T) {
	w := start(t, func(c *Config) { c.MaxLineBytes = 20 })
	text := []byte(two + "{\"long\":\"" + strings.Repeat("x", 20) + "\"}\n")
	w.post(t, bytes.NewReader(text))
	w.do(t, "POST", "/v1/logs?lane=replay", bytes.NewReader(gzipped(text)))
	w.post(t, strings.NewReader(two), "Authorization", "Bearer alice@example.org")
	w.post(t, strings.NewReader(two), "Content-Encoding", "alice@example.org")
	w.do(t, "POST", "/v1/logs?lane=alice@example.org", strings.NewReader(two))
	got := w.measured(t)
	if strings.Contains(got, "alice") || strings.Contains(got, "127.0.0.1") || strings.Contains(got, secret) {
		t.Error("a metric holds what a client said")
	}
	want, err := os.ReadFile("testdata/metrics.golden")
	if err != nil {
		t.Fatal(err)
	}
	text = gzipped(text)
	want = bytes.Replace(want, []byte("$GZIPPED"), strconv.AppendInt(nil, int64(len(text)), 10), 1) // Go's own affair
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s\ngot:\n%s", diff, got)
	}
}
