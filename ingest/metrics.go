package ingest

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"glint/ingest/logstream"
)

func newRegistry(version string) *prometheus.Registry {
	r := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "glint_build_info", Help: "Always 1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	})
	build.Set(1)
	r.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

func metricsHandler(r *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	return mux
}

func registerStream(r prometheus.Registerer, b *logstream.Batcher) {
	r.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "glint_pixel_events_total", Help: "Events of the standalone pixel that reached the log.",
		}, func() float64 { return float64(b.Sent()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "glint_pixel_events_lost_total", Help: "Events of the standalone pixel that were dropped.",
		}, func() float64 { return float64(b.Dropped()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "glint_pixel_pending_bytes", Help: "Bytes of the standalone pixel's events that wait in memory.",
		}, func() float64 { return float64(b.PendingBytes()) }),
	)
}
