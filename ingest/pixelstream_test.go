package ingest

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
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
			lanes, _, err := openLog(t.Context(), &cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = lanes.Close(t.Context()) }()
			g := &gate{shares: &shares{
				backlog: func(string) (int64, int64) { return c.own, c.all }, room: func() int64 { return 100 },
				sources: func() []string { return []string{tokenLabel, pixelLabel} }, closed: map[string]bool{},
			}}
			stream := newPixelStream(&cfg, lanes.Live, g, prometheus.NewRegistry())
			stream.Add([]byte("a line"))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.dropped > 0 { // it would wait for ever
				time.AfterFunc(10*time.Millisecond, cancel)
			}
			stream.Close(ctx)
			if stream.Sent() != c.sent || stream.Dropped() != c.dropped || lanes.Live.Stats().AppendedRecords != c.sent {
				t.Errorf("%d sent, %d dropped, %d in the log, want %d and %d", stream.Sent(), stream.Dropped(),
					lanes.Live.Stats().AppendedRecords, c.sent, c.dropped)
			}
		})
	}
}
