package judge

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/host/backoff"
	"glint/ingest/warehouse"
)

// Schedule configures the judge of the service.
type Schedule struct {
	Every    time.Duration // interval of runs; 0: never
	Settings Settings
}

// The pace of a schedule and the range that it examines. All facts that the
// rules use arrive within days: providers' events of delivery and of clicks,
// and late lines.
const (
	restRatio  = 20 // at most a twentieth of the time is spent on runs
	lookBack   = 7 * 24 * time.Hour
	firstTouch = 48 * time.Hour // range of a process' first run
	overlap    = 10 * time.Minute
)

// Scheduler runs judge periodically. Several may share a warehouse: only one of
// them runs at a time.
type Scheduler struct {
	schedule Schedule
	logger   *slog.Logger

	runs     *prometheus.CounterVec
	changed  prometheus.Counter
	lastRun  prometheus.Gauge
	duration prometheus.Gauge
}

// NewScheduler returns a Scheduler and registers its metrics.
func NewScheduler(s Schedule, logger *slog.Logger, r prometheus.Registerer) *Scheduler {
	out := &Scheduler{
		schedule: s, logger: logger,
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "glint_judge_runs_total", Help: "Runs of judge by the service: done, failed, or busy, which leaves it to another program.",
		}, []string{"outcome"}),
		changed:  prometheus.NewCounter(prometheus.CounterOpts{Name: "glint_judge_opens_changed_total", Help: "Opens and clicks whose verdict those runs have changed."}),
		lastRun:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "glint_judge_last_run_timestamp_seconds", Help: "When the last run of judge by the service was done; 0: none yet."}),
		duration: prometheus.NewGauge(prometheus.GaugeOpts{Name: "glint_judge_duration_seconds", Help: "How long the last run of judge by the service took."}),
	}
	for _, outcome := range []string{"done", "failed", "busy"} {
		out.runs.WithLabelValues(outcome) // so that each rate exists before the first run
	}
	r.MustRegister(out.runs, out.changed, out.lastRun, out.duration)
	return out
}

// Run works until ctx ends.
func (s *Scheduler) Run(ctx context.Context, w *warehouse.Warehouse) {
	if s.schedule.Every <= 0 {
		return
	}
	touched := time.Now().Add(-firstTouch)
	for pause := s.schedule.Every; backoff.Sleep(ctx, pause) == nil; {
		began := time.Now()
		result, err := Run(ctx, w, Options{Kind: warehouse.KindJudge, Since: began.Add(-lookBack), Touched: touched, Settings: s.schedule.Settings})
		pause = max(s.schedule.Every, restRatio*time.Since(began))
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, warehouse.ErrRunGoesOn):
			s.runs.WithLabelValues("busy").Inc()
		case err != nil:
			s.runs.WithLabelValues("failed").Inc()
			s.logger.Warn("opens not judged by time and context, trying again", "error", err, "pause", pause)
		default:
			touched = began.Add(-overlap)
			s.done(result, time.Since(began))
		}
	}
}

func (s *Scheduler) done(r *Result, took time.Duration) {
	s.runs.WithLabelValues("done").Inc()
	s.changed.Add(float64(r.Changed + r.Reclicked))
	s.lastRun.SetToCurrentTime()
	s.duration.Set(took.Seconds())
	if len(r.Touched) > 0 {
		s.logger.Info("opens judged by time and context", "run", r.Run, "changed", r.Changed, "clicks_changed", r.Reclicked)
	}
}
