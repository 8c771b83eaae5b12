package pixelserver

import (
	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/pixel"
)

// metrics count requests. Their labels never say anything of a client.
type metrics struct {
	images, others, rescued prometheus.Counter
}

func newMetrics(r prometheus.Registerer) metrics {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "glint_pixel_requests_total", Help: "Requests of the standalone pixel by answer: image, or other (robots.txt, not found).",
	}, []string{"answer"})
	m := metrics{
		images: requests.WithLabelValues("image"), others: requests.WithLabelValues("other"),
		rescued: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "glint_pixel_rescued_total", Help: "Requests that net/http refused and that were answered nevertheless.",
		}),
	}
	if r != nil {
		r.MustRegister(requests, m.rescued)
	}
	return m
}

func (m *metrics) answered(a *pixel.Answer) {
	if a.Kind == "" {
		m.others.Inc()
		return
	}
	m.images.Inc()
}
