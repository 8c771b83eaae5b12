package ingest

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/networks"
)

// listWatch logs and counts the reloads of followed files.
type listWatch struct {
	logger  *slog.Logger
	reloads *prometheus.CounterVec
}

func newListWatch(logger *slog.Logger, r prometheus.Registerer) *listWatch {
	w := &listWatch{logger, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "glint_list_reloads_total",
		Help: "Files of lists that had changed, by outcome: taken, or refused, which keeps the old list.",
	}, []string{"list", "outcome"})}
	r.MustRegister(w.reloads)
	for _, list := range []string{networks.SourceOperator, networks.SourceRelay, networks.SourceASNs, ignoreList} {
		for _, outcome := range []string{"taken", "refused"} {
			w.reloads.WithLabelValues(list, outcome) // so that each rate exists before the first reload
		}
	}
	return w
}

// notify logs and counts a reload; fault is the reason why a file was not
// accepted.
func (w *listWatch) notify(list string, fault error) {
	if fault != nil {
		w.reloads.WithLabelValues(list, "refused").Inc()
		w.logger.Error("list not taken, the one of before stays in use", "list", list, "error", fault)
		return
	}
	w.reloads.WithLabelValues(list, "taken").Inc()
	w.logger.Info("changed list taken", "list", list)
}

// listDates exposes the dates of the network lists as metrics, for an alert on
// old lists. It reads them at each scrape.
type listDates struct {
	sources *networks.Sources
	desc    *prometheus.Desc
}

func registerListDates(r prometheus.Registerer, sources *networks.Sources) {
	r.MustRegister(&listDates{sources, prometheus.NewDesc("glint_networks_list_timestamp_seconds",
		"When the list was taken, the database was built or the operator's file was written.", []string{"list"}, nil)})
}

// Describe implements prometheus.Collector.
func (d *listDates) Describe(c chan<- *prometheus.Desc) { c <- d.desc }

// Collect implements prometheus.Collector.
func (d *listDates) Collect(c chan<- prometheus.Metric) {
	for list, at := range d.sources.Book().Dates() {
		c <- prometheus.MustNewConstMetric(d.desc, prometheus.GaugeValue, float64(at.Unix()), list)
	}
}

// newUpdater returns the downloader of the lists, or nil if the operator has
// not allowed it.
func newUpdater(cfg *Config, r prometheus.Registerer) *networks.Updater {
	u := &networks.Updater{Home: cfg.Pixel.ListsHome, Every: cfg.Pixel.UpdateEvery, Logger: cfg.Logger}
	if u.Home == "" {
		u.Every = 0
	}
	u.Register(r)
	return u
}
