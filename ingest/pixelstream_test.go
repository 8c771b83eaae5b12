package ingest

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/wal"
)

// TestThePixelKeepsToItsShare: strangers decide how much the pixel writes, so it
// must not crowd out the senders of tokens.
func TestThePixelKeepsToItsShare(t *testing.T) {
	for _, c := range []struct {
		name          string
		own, all      int64
		sent, dropped uint64
	}{
		{"more than its share while the log is half full", 60, 60, 0, 1},
		{"less than its share", 10, 90, 1, 0},
		{"a log with room", 49, 49, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := Default()
			cfg.LogDir, cfg.Logger = filepath.Join(t.TempDir(), "log"), slog.New(slog.DiscardHandler)
			cfg.LiveLogBytes = 1 << 20
			lanes, marks, err := openLog(t.Context(), &cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = lanes.Close(t.Context()) }()
			before := fillLane(t, lanes.Live, map[string]int64{pixelLabel: c.own, tokenLabel: c.all - c.own})
			g := newGate(lanes, marks, func() []string { return []string{tokenLabel} }, true)
			stream := newPixelStream(&cfg, lanes.Live, g, prometheus.NewRegistry())
			stream.Add([]byte("a line"))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.dropped > 0 { // it would wait without end
				time.AfterFunc(10*time.Millisecond, cancel)
			}
			stream.Close(ctx)
			if stream.Sent() != c.sent || stream.Dropped() != c.dropped || lanes.Live.Stats().AppendedRecords-before != c.sent {
				t.Errorf("%d sent, %d dropped, %d in the log, want %d and %d", stream.Sent(), stream.Dropped(),
					lanes.Live.Stats().AppendedRecords-before, c.sent, c.dropped)
			}
		})
	}
}

// fillLane gives each source that many percent of a lane of 1 MiB, and returns how
// many records that took.
func fillLane(t *testing.T, log *wal.Log, percent map[string]int64) (records uint64) {
	t.Helper()
	for source, n := range percent {
		if n == 0 {
			continue
		}
		body := make([]byte, n*(1<<20)*95/100/100) // fair shares are of 95 % of the quota
		if _, err := log.Append(t.Context(), &wal.Record{ReceivedAt: time.Now(), Source: source, Lines: 1, Body: body}); err != nil {
			t.Fatal(err)
		}
		records++
	}
	return records
}
