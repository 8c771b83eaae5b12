package ingest

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"glint/ingest/server/linegen"
)

// TestReplayedFaultyLinesDoNotStopLiveOnes fills the dead letters as far as
// replayed lines may, as a replay of files that hold no events does.
func TestReplayedFaultyLinesDoNotStopLiveOnes(t *testing.T) {
	e, dir := newEngine(t), t.TempDir()
	s := runService(t, dir, e.dsn, nil)
	large := filepath.Join(dir, "deadletters", "0123456789abcdef01234567.ndjson")
	err := os.WriteFile(large, nil, 0o600)
	if err == nil {
		err = os.Truncate(large, replayLetterBytes) // sparse
	}
	if err != nil {
		t.Fatal(err)
	}
	s.postReplay(t, append([]byte("no event\n"), linegen.Body(1, 10)...))
	eventually(t, "the replay lane to wait", func() bool { return s.metrics(t)[`glint_batch_retries_total{lane="replay"}`] > 0 })
	s.post(t, append([]byte("no event either\n"), linegen.Body(2, 10)...))
	eventually(t, "the live lines to be stored", func() bool { return s.metrics(t)[`glint_log_backlog_records{lane="live"}`] == 0 })
	if n := e.count(t, "SELECT count() FROM opens FINAL"); n != 10 {
		t.Errorf("%d opens, want the 10 live ones", n)
	}
	if err := os.Remove(large); err != nil {
		t.Fatal(err)
	}
	s.drained(t)
	if n := e.count(t, "SELECT count() FROM opens FINAL"); n != 20 {
		t.Errorf("%d opens, want all 20", n)
	}
}

// postReplay posts to the replay lane a body that has to be taken.
func (s *service) postReplay(tb testing.TB, body []byte) {
	tb.Helper()
	r, err := http.NewRequest(http.MethodPost, s.Ingest+"/v1/logs?lane=replay", bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testToken)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	if err := a.Body.Close(); err != nil || a.StatusCode != http.StatusOK {
		tb.Fatalf("status %d, %v", a.StatusCode, err)
	}
}
