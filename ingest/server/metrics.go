package server

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	requests *prometheus.CounterVec
	lines    prometheus.Counter
	bytes    prometheus.Counter
	seconds  prometheus.Histogram
}

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "glint_ingest_requests_total", Help: "Bodies of log lines, by HTTP status of the answer.",
		}, []string{"status"}),
		lines: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "glint_ingest_accepted_lines_total", Help: "Log lines answered with 2xx.",
		}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "glint_ingest_accepted_bytes_total", Help: "Decoded bytes of bodies answered with 2xx.",
		}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "glint_ingest_request_seconds", Help: "Time from the headers of a body to its answer.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 14),
		}),
	}
	r.MustRegister(m.requests, m.lines, m.bytes, m.seconds)
	return m
}

func (m *metrics) observe(status, lines, bytes int, took time.Duration) {
	m.requests.WithLabelValues(strconv.Itoa(status)).Inc()
	m.seconds.Observe(took.Seconds())
	if status/100 == 2 {
		m.lines.Add(float64(lines))
		m.bytes.Add(float64(bytes))
	}
}
