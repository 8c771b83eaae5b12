package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"glint/ingest/receiver/linegen"
)

// TestATrickleIsFewInserts posts a line now and then: the engine shall not make a
// part of each, nor shall the lines wait long. The lag is logged, not asserted.
func TestATrickleIsFewInserts(t *testing.T) {
	e := newEngine(t)
	s := runService(t, t.TempDir(), e.dsn, nil)
	began := time.Now()
	const bodies = 20
	for seed := range uint64(bodies) {
		s.post(t, linegen.Body(seed, 1))
		time.Sleep(300 * time.Millisecond)
	}
	took := time.Since(began)
	s.drained(t)
	if got := e.count(t, "SELECT count() FROM opens"); got != bodies {
		t.Errorf("%d rows, want %d", got, bodies)
	}
	m := s.metrics(t)
	inserts := m[`glint_batch_insert_seconds_count{lane="live"}`]
	if most := took.Seconds()/2 + 2; inserts > most || inserts < 1 {
		t.Errorf("%v inserts in %v, want one per 2 s, at most %.0f", inserts, took, most)
	}
	t.Logf("%d lines in %.1f s: %v inserts, lag %s", bodies, took.Seconds(), inserts, lagOf(m, "live"))
}

// lagOf returns the buckets of a lane's lag that have batches.
func lagOf(m map[string]float64, lane string) string {
	const prefix = "glint_batch_lag_seconds_bucket{"
	at := map[float64]float64{}
	for name, n := range m {
		var le float64
		if _, le_, found := strings.Cut(name, `le="`); found && strings.HasPrefix(name, prefix) && strings.Contains(name, fmt.Sprintf("lane=%q", lane)) {
			if _, err := fmt.Sscanf(le_, "%g", &le); err == nil {
				at[le] = n
			}
		}
	}
	var text []string
	before := 0.0
	for _, le := range slices.Sorted(maps.Keys(at)) {
		if at[le] > before {
			text = append(text, fmt.Sprintf("≤ %g s: %g", le, at[le]-before))
		}
		before = at[le]
	}
	return strings.Join(text, ", ")
}
