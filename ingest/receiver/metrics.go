package receiver

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/receiver/codec"
)

type metrics struct {
	requests     *prometheus.CounterVec
	rejects      *prometheus.CounterVec
	lines        *prometheus.CounterVec
	longLines    prometheus.Counter
	sentBytes    *prometheus.CounterVec
	decodedBytes *prometheus.CounterVec
	seconds      prometheus.Histogram
	storeSeconds prometheus.Histogram
	bodies       atomic.Int64 // in flight
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		requests: counters("glint_ingest_requests_total", "Bodies of log lines and other events, by HTTP status of the answer.", "status"),
		rejects:  counters("glint_ingest_rejected_bodies_total", "Bodies answered other than 2xx, by the reason in the answer.", "reason"),
		lines:    counters("glint_ingest_accepted_lines_total", "Log lines answered with 2xx, by lane and by the label of the token.", "lane", "source"),
		longLines: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "glint_ingest_long_lines_total", Help: "Accepted lines that are longer than an edge writes them.",
		}),
		sentBytes:    counters("glint_ingest_accepted_bytes_total", "Bytes of accepted bodies as they came, by codec.", "codec"),
		decodedBytes: counters("glint_ingest_accepted_decoded_bytes_total", "Bytes of accepted bodies decoded, by codec.", "codec"),
		seconds:      seconds("glint_ingest_request_seconds", "Time from the headers of a body to its answer."),
		storeSeconds: seconds("glint_ingest_store_seconds", "Time until an accepted body was stored, part of the request."),
	}
	for _, r := range refusals { // so that each rate exists before the first refusal
		m.rejects.WithLabelValues(r.Reason)
	}
	for _, c := range codec.All {
		m.sentBytes.WithLabelValues(c.String())
		m.decodedBytes.WithLabelValues(c.String())
	}
	s.Registerer.MustRegister(m.requests, m.rejects, m.lines, m.longLines, m.sentBytes, m.decodedBytes, m.seconds, m.storeSeconds,
		gauge("glint_ready", "1 while /readyz says yes, else 0.", s.isReady),
		gauge("glint_ingest_in_flight_bodies", "Bodies that are read or stored right now.", m.bodies.Load),
		gauge("glint_ingest_in_flight_bytes", "Memory of bodies that are read or stored right now.", s.memory.used.Load),
		gauge("glint_ingest_in_flight_limit_bytes", "The most that glint_ingest_in_flight_bytes can be.",
			func() int64 { return s.memory.limit }),
		gauge("glint_ingest_connections", "Open connections.", func() int64 { return int64(s.conns.Open()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "glint_ingest_evicted_connections_total", Help: "Waiting connections closed to make room for new ones.",
		}, func() float64 { return float64(s.conns.Evicted()) }))
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func seconds(name, help string) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(0.0005, 2, 17), // to 33 s
	})
}

func gauge(name, help string, value func() int64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
}

func (m *metrics) accepted(b *Body, took time.Duration) {
	m.requests.WithLabelValues("200").Inc()
	m.seconds.Observe(took.Seconds())
	m.lines.WithLabelValues(string(b.Lane), b.Source).Add(float64(b.Lines))
	m.longLines.Add(float64(b.longLines))
	m.sentBytes.WithLabelValues(b.Codec.String()).Add(float64(len(b.Bytes)))
	m.decodedBytes.WithLabelValues(b.Codec.String()).Add(float64(b.DecodedBytes))
}

// answered counts an answer to a body of events other than opens.
func (m *metrics) answered(status int, took time.Duration) {
	m.requests.WithLabelValues(strconv.Itoa(status)).Inc()
	m.seconds.Observe(took.Seconds())
}

func (m *metrics) rejected(r *Refusal, took time.Duration) {
	m.requests.WithLabelValues(strconv.Itoa(r.Status)).Inc()
	m.rejects.WithLabelValues(r.Reason).Inc()
	m.seconds.Observe(took.Seconds())
}
