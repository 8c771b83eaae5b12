package batch

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the counters of the lanes. A nil *Metrics counts nothing.
type Metrics struct {
	lines    *prometheus.CounterVec
	decoded  *prometheus.CounterVec
	inserted *prometheus.CounterVec
	retries  *prometheus.CounterVec
	notKept  *prometheus.CounterVec
	restored *prometheus.CounterVec
	rows     *prometheus.HistogramVec
	seconds  *prometheus.HistogramVec
	lag      *prometheus.HistogramVec
}

// NewMetrics registers the counters for the named lanes.
func NewMetrics(r prometheus.Registerer, lanes ...string) *Metrics {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, []string{"lane"})
	}
	seconds := prometheus.ExponentialBuckets(0.01, 2, 14) // up to 82 s
	m := &Metrics{
		lines:    counter("glint_ingest_lines_total", "Log lines by what became of them.", "outcome"),
		decoded:  counter("glint_batch_decoded_lines_total", "Lines of batches that are in the warehouse or set aside.", "lane"),
		inserted: counter("glint_batch_inserted_rows_total", "Rows that were inserted into opens; one that was there already counts again.", "lane"),
		retries:  counter("glint_batch_retries_total", "Tries to load a batch that failed and are made again.", "lane"),
		notKept:  counter("glint_dead_letters_not_kept_total", "Lines that cannot be stored and were not kept, since their source had used up its room among the dead letters, by the label of its token.", "source"),
		restored: counter("glint_batch_restored_rows_total", "Rows that the warehouse had lost although it knew the name of their insert, and that were inserted again.", "lane"),
		rows:     histogram("glint_batch_rows", "Rows of a batch.", prometheus.ExponentialBuckets(1, 4, 10)),
		seconds:  histogram("glint_batch_insert_seconds", "Time to decode and insert a batch, of the try that succeeded.", seconds),
		lag:      histogram("glint_batch_lag_seconds", "Age of a batch's oldest line, since it was received, when the batch can be queried.", seconds),
	}
	r.MustRegister(m.lines, m.decoded, m.inserted, m.retries, m.notKept, m.restored, m.rows, m.seconds, m.lag)
	for _, o := range Outcomes { // so that each rate exists before the first line
		m.lines.WithLabelValues(string(o))
	}
	for _, lane := range lanes {
		m.decoded.WithLabelValues(lane)
		m.inserted.WithLabelValues(lane)
		m.retries.WithLabelValues(lane)
		m.restored.WithLabelValues(lane)
	}
	return m
}

func (m *Metrics) retried(lane string) {
	if m != nil {
		m.retries.WithLabelValues(lane).Inc()
	}
}

func (m *Metrics) loaded(lane string, bodies []Body, r *Result, took, lag time.Duration) {
	if m == nil {
		return
	}
	for i := range r.Bodies {
		if n := r.Bodies[i].NotKept; n > 0 {
			m.notKept.WithLabelValues(bodies[i].Source).Add(float64(n))
		}
	}
	lines := 0
	for outcome, n := range r.Lines {
		lines += n
		m.lines.WithLabelValues(string(outcome)).Add(float64(n))
	}
	m.decoded.WithLabelValues(lane).Add(float64(lines))
	m.inserted.WithLabelValues(lane).Add(float64(r.Lines[Stored]))
	m.restored.WithLabelValues(lane).Add(float64(r.Restored))
	m.rows.WithLabelValues(lane).Observe(float64(r.Lines[Stored]))
	m.seconds.WithLabelValues(lane).Observe(took.Seconds())
	m.lag.WithLabelValues(lane).Observe(lag.Seconds())
}
