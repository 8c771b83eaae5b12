package feed

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The states of a feed.
const (
	StateOff        = "off"
	StateWaiting    = "waits for the warehouse"
	StateDelivering = "delivers"
	StateDown       = "fails"
	StateStopped    = "stopped by 410"
)

// Status is the state of a feed. It does not contain the target's path, which may be secret.
type Status struct {
	Host            string     `json:"host"`
	State           string     `json:"state"`
	PendingEvents   int        `json:"pending_events"`       // tried, or waiting because the target fails
	OldestSeconds   float64    `json:"oldest_seconds"`       // age of the oldest pending event; 0: none
	LastDeliveredAt *time.Time `json:"last_delivered_at"`    // in this run; null: none
	LastFault       string     `json:"last_fault,omitempty"` // while the target fails
	oldest          time.Time  // receipt of the oldest pending event
}

// Status returns the state of the feed; nil without a feed.
func (f *Feed) Status() *Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.status.State == StateOff {
		return nil
	}
	s := f.status
	if !s.oldest.IsZero() {
		s.OldestSeconds = max(0, f.now().Sub(s.oldest).Seconds())
	}
	return &s
}

func (f *Feed) setState(state string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status.State = state
}

func (f *Feed) setPending() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status.PendingEvents, f.status.oldest = len(f.state.Pending), time.Time{}
	for _, l := range f.state.Pending {
		if f.status.oldest.IsZero() || l.Event.ReceivedAt.Before(f.status.oldest) {
			f.status.oldest = l.Event.ReceivedAt
		}
	}
}

func (f *Feed) delivered(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at = at.UTC().Truncate(time.Millisecond)
	f.status.LastDeliveredAt = &at
}

// report logs that the target fails, or that it accepts events again.
func (f *Feed) report(down bool, fault error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status.State, f.status.LastFault = StateDelivering, ""
	if !down {
		f.logger.Warn("the webhook takes events again")
		return
	}
	f.status.State, f.status.LastFault = StateDown, fault.Error()
	f.logger.Error("the webhook fails, its events wait", "error", fault, "give_up", f.config.GiveUp.String())
}

// The outcomes of tries and events, as metric labels.
const (
	outcomeDelivered = "delivered"
	outcomeFailed    = "failed"
	outcomeRefused   = "address_refused"
	outcomeGivenUp   = "given_up"
)

type metrics struct {
	outcomes *prometheus.CounterVec
	seconds  prometheus.Histogram
}

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "glint_webhook_posts_total",
			Help: "Tries to post an event to the webhook: delivered, failed, or not begun since the address is refused; and events that were given up.",
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "glint_webhook_post_seconds", Help: "How long the webhook takes to answer.", Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 15},
		}),
	}
	for _, outcome := range []string{outcomeDelivered, outcomeFailed, outcomeRefused, outcomeGivenUp} {
		m.outcomes.WithLabelValues(outcome) // so that a rate exists before the first one
	}
	r.MustRegister(m.outcomes, m.seconds)
	return m
}

// gauges exposes the queue of a feed.
func (m *metrics) gauges(r prometheus.Registerer, f *Feed) {
	gauge := func(name, help string, value func(*Status) float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			if s := f.Status(); s != nil {
				return value(s)
			}
			return 0
		}))
	}
	gauge("glint_webhook_pending_events", "Events that the webhook has not taken yet.", func(s *Status) float64 { return float64(s.PendingEvents) })
	gauge("glint_webhook_oldest_seconds", "Age of the oldest event that the webhook has not taken yet; 0 without one.",
		func(s *Status) float64 { return s.OldestSeconds })
	gauge("glint_webhook_failing", "1 while the webhook is left alone, since it fails or wants no more.", func(s *Status) float64 {
		if s.State == StateDown || s.State == StateStopped {
			return 1
		}
		return 0
	})
}
