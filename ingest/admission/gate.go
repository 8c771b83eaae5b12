// Package admission decides whether the write-ahead log takes a body of lines, and
// appends the body. Admit is called before a body is read and refuses it
//
//   - while the log's disk is nearly full (disk_full, 503) or the lane's backlog
//     nearly fills its quota (log_full, 429): the watermarks, for every source;
//   - while its source holds more than a fair share of the lane (source_full,
//     429): see fairShare.
//
// Store refuses a body in the same way if the quota or the disk has become full since
// then. A refusal loses nothing: the sender keeps the lines and sends them again. The
// package does not authenticate, and does not look into bodies.
package admission

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/admission/fairshare"
	"glint/ingest/receiver"
	"glint/ingest/wal"
)

// logFull is the refusal of every source while the lane's backlog nearly fills its quota.
var logFull = &receiver.Refusal{
	Status: http.StatusTooManyRequests, Reason: "log_full",
	Message: "the log's quota is used up until the warehouse has caught up; send the lines again", RetryAfter: 10 * time.Second,
}

// DiskFull is the refusal of every source while the log's disk is nearly full.
var DiskFull = &receiver.Refusal{
	Status: http.StatusServiceUnavailable, Reason: "disk_full",
	Message: "the log's disk is full; make room and send the same again", RetryAfter: 10 * time.Second,
}

// The watermarks of a lane's backlog, as parts of its quota. Bodies are refused
// before they are read, and admitted again only once there is clearly room.
const (
	backlogStop   = 0.95
	backlogResume = 0.80
)

// Gate admits the bodies of both lanes and appends them. It is safe for
// concurrent use.
type Gate struct {
	live        *laneGate
	replay      *laneGate
	backlogDesc *prometheus.Desc
}

// laneGate admits the bodies of one lane.
type laneGate struct {
	log        *wal.Log
	watermarks []*watermark
	share      *fairShare
}

// New returns the gate of the lanes. Sources returns the labels of the tokens
// that may post now; liveSources are further sources of the live lane.
func New(lanes *wal.Lanes, m DiskWatermarks, sources func() []string, liveSources ...string) *Gate {
	live := func() []string { return slices.Concat(sources(), liveSources) }
	return &Gate{
		live: newLaneGate(lanes.Live, m, live), replay: newLaneGate(lanes.Replay, m, sources),
		backlogDesc: prometheus.NewDesc("glint_wal_source_backlog_bytes",
			"Bytes of a source's records that are not yet in the warehouse, by the label of its token.", []string{"lane", "source"}, nil),
	}
}

func newLaneGate(log *wal.Log, m DiskWatermarks, sources func() []string) *laneGate {
	quota := float64(log.MaxBytes())
	return &laneGate{
		log: log,
		watermarks: []*watermark{
			{level: func() int64 { return diskFree(log) }, stop: m.Stop, resume: m.Resume, refusal: DiskFull},
			{level: log.BacklogBytes, stop: int64(quota * backlogStop), resume: int64(quota * backlogResume), refusal: logFull},
		},
		share: &fairShare{
			backlog: func(source string) (own, all int64) { return log.SourceBacklogBytes(source), log.BacklogBytes() },
			capacity: func() int64 {
				return int64(float64(capacityOf(log.MaxBytes(), log.Bytes(), log.DiskFree(), m)) * backlogStop)
			},
			sources: sources, refused: map[string]bool{},
		},
	}
}

// diskFree returns the free bytes of the log's disk. A disk whose space is unknown
// counts as one with room: if it is full, the append fails.
func diskFree(log *wal.Log) int64 {
	if free := log.DiskFree(); free >= 0 {
		return free
	}
	return math.MaxInt64
}

// capacityOf returns the number of bytes that a lane can hold: its quota, or its bytes so
// far and what its disk has above the watermark, if that is less. Free bytes
// below 0 are unknown.
func capacityOf(quota, bytes, free int64, m DiskWatermarks) int64 {
	if free < 0 {
		return quota
	}
	return min(quota, bytes+max(free-m.Stop, 0))
}

func (g *Gate) lane(lane receiver.Lane) *laneGate {
	if lane == receiver.LaneReplay {
		return g.replay
	}
	return g.live
}

// Admit returns nil if the lane takes a body of that source now, else the
// *receiver.Refusal to answer. It is cheap: it reads a few counters.
func (g *Gate) Admit(lane receiver.Lane, source string) error {
	if r := g.Refusal(lane); r != nil {
		return r
	}
	return g.AdmitShare(lane, source)
}

// Refusal returns the refusal that every source of a lane gets now, nil while
// bodies are admitted.
func (g *Gate) Refusal(lane receiver.Lane) *receiver.Refusal {
	for _, w := range g.lane(lane).watermarks {
		if r := w.admit(); r != nil {
			return r
		}
	}
	return nil
}

// DiskRefusal returns DiskFull while the log's disk is nearly full, else nil.
func (g *Gate) DiskRefusal() *receiver.Refusal { return g.live.watermarks[0].admit() }

// AdmitShare is Admit without the watermarks: it returns SourceFull while the
// source holds more than its fair share of the lane, else nil.
func (g *Gate) AdmitShare(lane receiver.Lane, source string) error {
	return g.lane(lane).share.admit(source)
}

// Store appends a body to its lane as it came, waits for the fsync and sets
// b.Record. It is a receiver.Store: without room the error is a
// *receiver.Refusal.
func (g *Gate) Store(ctx context.Context, b *receiver.Body) error {
	at, err := g.lane(b.Lane).log.Append(ctx, &wal.Record{
		ReceivedAt: b.ReceivedAt, Source: b.Source, Codec: wal.Codec(b.Codec),
		DecodedBytes: uint64(b.DecodedBytes), Lines: uint32(b.Lines), Body: b.Bytes,
	})
	switch {
	case errors.Is(err, wal.ErrQuota):
		return logFull
	case errors.Is(err, wal.ErrNoSpace):
		return DiskFull
	}
	b.Record = at.Record
	return err
}

// Describe implements prometheus.Collector.
func (g *Gate) Describe(c chan<- *prometheus.Desc) { c <- g.backlogDesc }

// Collect implements prometheus.Collector: the backlog of each source that may
// write now. The records of other sources count in the lane's backlog only.
func (g *Gate) Collect(c chan<- prometheus.Metric) {
	for _, lane := range []receiver.Lane{receiver.LaneLive, receiver.LaneReplay} {
		gate := g.lane(lane)
		for _, source := range fairshare.Sources(gate.share.sources()) {
			bytes := float64(gate.log.SourceBacklogBytes(source))
			c <- prometheus.MustNewConstMetric(g.backlogDesc, prometheus.GaugeValue, bytes, string(lane), source)
		}
	}
}
