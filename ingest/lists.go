package ingest

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/networks"
)

// listWatch logs and counts what becomes of files that are read again.
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
			w.reloads.WithLabelValues(list, outcome) // so that a rate exists before the first one
		}
	}
	return w
}

// notify counts and logs a list that was taken anew or, with a fault, was not.
func (w *listWatch) notify(list string, fault error) {
	if fault != nil {
		w.reloads.WithLabelValues(list, "refused").Inc()
		w.logger.Error("list not taken, the one of before stays in use", "list", list, "error", fault)
		return
	}
	w.reloads.WithLabelValues(list, "taken").Inc()
	w.logger.Info("changed list taken", "list", list)
}

// listDates exposes the dates of the lists of networks as metrics, for an alert on old
// ones. It reads them anew for each scrape.
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

// newUpdater returns what fetches the lists, if the operator allows it.
func newUpdater(cfg *Config, r prometheus.Registerer) *networks.Updater {
	u := &networks.Updater{Home: cfg.Pixel.ListsHome, Every: cfg.Pixel.UpdateEvery, Logger: cfg.Logger}
	if u.Home == "" {
		u.Every = 0
	}
	u.Register(r)
	return u
}
