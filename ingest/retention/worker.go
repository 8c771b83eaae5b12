package retention

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/archive/archiver"
	"glint/ingest/deadletters"
	"glint/ingest/host/backoff"
	"glint/ingest/objects"
	"glint/ingest/warehouse"
)

// Worker deletes data according to the settings. Set its fields before Run.
type Worker struct {
	Settings  func() (Settings, error) // called before each pass; nil: nothing is deleted
	Warehouse *warehouse.Warehouse
	Archive   objects.Store       // nil: no archive
	Letters   *deadletters.Folder // nil: no dead letters
	Logger    *slog.Logger

	expired *prometheus.CounterVec
}

// New returns a worker and registers its metrics.
func New(settings func() (Settings, error), logger *slog.Logger, r prometheus.Registerer) *Worker {
	w := &Worker{Settings: settings, Logger: logger, expired: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "glint_retention_expired_total", Help: "What was let go of since it had been kept for long enough: messages without recipient, archived files, dead letters.",
	}, []string{"kind"})}
	r.MustRegister(w.expired)
	for _, kind := range []string{"messages", "archive", "dead_letters"} {
		w.expired.WithLabelValues(kind) // so that a rate exists before the first one
	}
	return w
}

// The pauses between two passes: a fraction of the shortest period.
const (
	shortPause = time.Second
	longPause  = 10 * time.Minute
	pauseParts = 10
)

// Run works until ctx ends.
func (w *Worker) Run(ctx context.Context) {
	if w.Settings == nil {
		return
	}
	for {
		s, err := w.Settings()
		pause := longPause
		if err == nil {
			pause = s.pause()
			err = w.pass(ctx, &s, time.Now())
		}
		if err != nil && ctx.Err() == nil {
			w.Logger.Error("what has been kept for long enough is not gone yet, trying again", "error", err, "pause", pause)
		}
		if w.sleep(ctx, s, pause) != nil {
			return
		}
	}
}

// sleep returns early when the settings change.
func (w *Worker) sleep(ctx context.Context, before Settings, pause time.Duration) error {
	for until := time.Now().Add(pause); time.Now().Before(until); {
		if err := backoff.Sleep(ctx, min(shortPause, pause)); err != nil {
			return err
		}
		if s, err := w.Settings(); err == nil && s != before {
			return nil
		}
	}
	return ctx.Err()
}

func (s *Settings) pause() time.Duration {
	pause := longPause
	for _, k := range Kinds {
		if p := time.Duration(*k.Of(s)); p > 0 {
			pause = min(pause, max(shortPause, p/pauseParts))
		}
	}
	return pause
}

func (w *Worker) pass(ctx context.Context, s *Settings, now time.Time) error {
	err := errors.Join(
		w.Warehouse.SetFactsLifetime(ctx, time.Duration(s.Facts)),
		w.Warehouse.SetWebLifetime(ctx, time.Duration(s.Web)),
	)
	messages, e := w.Warehouse.ForgetRecipients(ctx, s.Identified.cutoff(now), s.Pseudonymous.cutoff(now))
	err = errors.Join(err, e)
	w.expired.WithLabelValues("messages").Add(float64(messages))
	if before := s.Archive.cutoff(now); w.Archive != nil && !before.IsZero() {
		n, e := archiver.RemoveOlder(ctx, w.Archive, before)
		err = errors.Join(err, e)
		w.expired.WithLabelValues("archive").Add(float64(n))
	}
	if before := s.DeadLetters.cutoff(now); w.Letters != nil && !before.IsZero() {
		n, e := w.Letters.RemoveOlder(before)
		err = errors.Join(err, e)
		w.expired.WithLabelValues("dead_letters").Add(float64(n))
	}
	return err
}
