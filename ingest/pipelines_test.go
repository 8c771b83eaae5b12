package ingest

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/consent"
)

// TestABatchThatHangsDoesNotBlockTheStop has work that heeds no context.
func TestABatchThatHangsDoesNotBlockTheStop(t *testing.T) {
	dir := t.TempDir()
	cfg := Default()
	cfg.LogDir, cfg.DeadLetterDir, cfg.Logger = filepath.Join(dir, "log"), filepath.Join(dir, "dead"), slog.New(slog.DiscardHandler)
	lanes, _, err := openLog(t.Context(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lanes.Close(t.Context()) }()
	registry := prometheus.NewRegistry()
	l := newPipelines(&cfg, registry, newListWatch(cfg.Logger, registry), &consent.Set{}, func() []string { return nil })
	if err := l.open(lanes); err != nil {
		t.Fatal(err)
	}
	hangs := make(chan struct{})
	defer close(hangs)
	l.working.Go(func() { <-hangs })
	stopped := make(chan error, 1)
	go func() { stopped <- l.stop(t.Context()) }()
	select {
	case err := <-stopped:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("the stop waits for the batch")
	}
}
