package pixelserver

import (
	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/pixel"
	"glint/ingest/host/connlimit"
)

// metrics count requests. Their labels contain nothing about clients.
type metrics struct {
	images, others, throttled prometheus.Counter
	reduced, dropped          prometheus.Counter // of requests that ask not to be tracked
}

func newMetrics(r prometheus.Registerer, limit *connlimit.Limit) metrics {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "glint_pixel_requests_total", Help: "Requests of the standalone pixel by answer: image, or other (robots.txt, not found, no request).",
	}, []string{"answer"})
	throttled := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "glint_pixel_throttled_total", Help: "Page views and bodies of events that were not taken, since their network or site wrote too often.",
	})
	signalled := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "glint_pixel_signalled_total", Help: "Opens, page views and events whose DNT or Sec-GPC left a line without a person (aggregate), or none (none), by --privacy-signals.",
	}, []string{"line"})
	m := metrics{
		images: requests.WithLabelValues("image"), others: requests.WithLabelValues("other"), throttled: throttled,
		reduced: signalled.WithLabelValues("aggregate"), dropped: signalled.WithLabelValues("none"),
	}
	if r != nil {
		r.MustRegister(requests, throttled, signalled,
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "glint_pixel_connections", Help: "Open connections of the standalone pixel.",
			}, func() float64 { return float64(limit.Open()) }),
			prometheus.NewCounterFunc(prometheus.CounterOpts{
				Name: "glint_pixel_evicted_connections_total", Help: "Waiting connections of the standalone pixel closed to make room for new ones.",
			}, func() float64 { return float64(limit.Evicted()) }))
	}
	return m
}

// signalled counts a request of which a privacy signal kept less.
func (m *metrics) signalled(line bool) {
	if line {
		m.reduced.Inc()
		return
	}
	m.dropped.Inc()
}

func (m *metrics) answered(a *pixel.Answer) {
	if a.Kind == "" {
		m.others.Inc()
		return
	}
	m.images.Inc()
}
