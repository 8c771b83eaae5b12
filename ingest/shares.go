package ingest

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/receiver"
)

// sourceFull is the answer to a source that has used up its share while others
// go on. The sender keeps the lines.
var sourceFull = &receiver.Refusal{
	Status: http.StatusTooManyRequests, Reason: "source_full",
	Message:    "this source's share of the log is used up until the warehouse has caught up; send the lines again",
	RetryAfter: 10 * time.Second,
}

// shares divide a lane's room between the sources. The first half is for whoever
// needs it; the second half is divided equally, and once the first is used up, a
// source that holds more than its part of the second is refused. So each of n
// sources can always put down half of the room by n, whatever the others do, and
// one alone half of all. A single source has nobody to leave room for.
type shares struct {
	backlog func(source string) (own, all int64)
	room    func() int64
	sources func() []string // that may write now

	mu     sync.Mutex
	closed map[string]bool // sources that are refused until they, or all, hold clearly less
}

// shareResume is the part of a mark below which a source is taken again.
const shareResume = 0.8

// admit returns sourceFull while the source has to wait.
func (s *shares) admit(source string) error {
	n := len(s.names(source))
	if n < 2 {
		return nil
	}
	own, all := s.backlog(source)
	half := float64(s.room()) / 2
	share := half / float64(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case float64(all) >= half && float64(own) >= share:
		s.closed[source] = true
	case float64(all) <= half*shareResume || float64(own) <= share*shareResume:
		delete(s.closed, source)
	}
	if s.closed[source] {
		return sourceFull
	}
	return nil
}

// names returns the sources that the room is divided between, each once. More
// are some that are counted in any case.
func (s *shares) names(more ...string) []string {
	names := slices.Concat(s.sources(), more)
	slices.Sort(names)
	return slices.Compact(names)
}

// Describe implements prometheus.Collector.
func (g gates) Describe(c chan<- *prometheus.Desc) { c <- sourceBacklog }

// Collect implements prometheus.Collector: a backlog for each source that may
// write now. What others have left is in the lane's backlog only.
func (g gates) Collect(c chan<- prometheus.Metric) {
	for lane, gate := range g {
		for _, source := range gate.shares.names() {
			own, _ := gate.shares.backlog(source)
			c <- prometheus.MustNewConstMetric(sourceBacklog, prometheus.GaugeValue, float64(own), string(lane), source)
		}
	}
}

var sourceBacklog = prometheus.NewDesc("glint_wal_source_backlog_bytes",
	"Bytes of a source's records that are not yet in the warehouse, by the label of its token.", []string{"lane", "source"}, nil)
