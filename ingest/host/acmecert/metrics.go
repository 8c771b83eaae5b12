package acmecert

import "github.com/prometheus/client_golang/prometheus"

type metrics struct{ faults *prometheus.CounterVec }

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "glint_pixel_certificate_faults_total", Help: "Failed tries to get or renew the certificate of a domain of --pixel-tls-auto.",
	}, []string{"domain"})}
	if r != nil {
		r.MustRegister(m.faults)
	}
	return m
}

// follow exposes when the certificate of a name ends.
func (m *metrics) follow(r prometheus.Registerer, n *name) {
	if r == nil {
		return
	}
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "glint_pixel_certificate_end_timestamp_seconds", Help: "When the certificate of a domain of --pixel-tls-auto ends; 0 without one.",
		ConstLabels: prometheus.Labels{"domain": n.domain},
	}, func() float64 {
		if at := n.state().EndsAt; !at.IsZero() {
			return float64(at.Unix())
		}
		return 0
	}))
}
