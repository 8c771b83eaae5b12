package status

import (
	"strings"
	"testing"
	"time"

	"glint/cli/internal/home"
	"glint/ingest"
)

// TestNoCellBeginsInTheMiddle: the engine has no address before it is started.
func TestNoCellBeginsInTheMiddle(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	var s ingest.Status
	s.StartedAt, s.Warehouse.State, s.Warehouse.Embedded, s.Warehouse.Since = now, "disk_full", true, now.Add(-time.Minute)
	var out strings.Builder
	if err := write(&out, &home.State{}, &s, now); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "  not started yet, 1 min") {
		t.Error(out.String())
	}
}
