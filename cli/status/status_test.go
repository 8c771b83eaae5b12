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

// TestTheStateOfShardsIsARow: one that is away, one that is behind, and a lone replica.
func TestTheStateOfShardsIsARow(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for want, late := range map[string]ingest.LateStatus{
		"shard 2    away    does not answer; its opens wait in the log": {Shard: 2, State: "away"},
		"shard 3    behind  2 min; reports may lack its latest opens":   {Shard: 3, State: "behind", BehindSeconds: 120},
		"replica    behind  11.0 s; reports may lack its latest opens":  {State: "behind", BehindSeconds: 11},
		"log, sends  takes posts  0 records waiting, 0 B of 0 B":        {},
	} {
		var s ingest.Status
		s.StartedAt, s.Warehouse.Since = now, now
		if late.State != "" {
			s.Warehouse.Late = []ingest.LateStatus{late}
		} else {
			s.Lanes = []ingest.LaneStatus{{Lane: "sends"}}
		}
		var out strings.Builder
		if err := write(&out, &home.State{}, &s, now); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("no row %q:\n%s", want, out.String())
		}
	}
}
