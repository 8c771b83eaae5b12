package ingest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/admission"
	"glint/ingest/wal"
)

// openLog opens the lanes of the write-ahead log and returns the watermarks
// of its disk. If another process, usually one that is about to end, has the
// log open, it retries for Config.LockWait.
func openLog(ctx context.Context, cfg *Config) (*wal.Lanes, admission.DiskWatermarks, error) {
	m, err := admission.WatermarksOfFolder(cfg.LogDir)
	if err != nil {
		return nil, m, fmt.Errorf("open the write-ahead log: %w", err)
	}
	// Between the watermarks, old segments must be deleted to make room for new
	// bodies.
	lane := wal.Options{Retain: cfg.LogRetain, MinFree: m.Resume, Logger: cfg.Logger}
	live, replay, sends := lane, lane, lane
	live.MaxBytes, replay.MaxBytes = cfg.LiveLogBytes, cfg.ReplayLogBytes
	sends.MaxBytes, sends.Retain = maxSendLogBytes, 0 // the recipients of these records are kept in the warehouse only
	lanes, err := wal.OpenLanes(cfg.LogDir, live, replay, sends)
	for until := time.Now().Add(cfg.LockWait); errors.Is(err, wal.ErrLocked) && time.Now().Before(until); {
		select {
		case <-ctx.Done():
			return nil, m, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		lanes, err = wal.OpenLanes(cfg.LogDir, live, replay, sends)
	}
	if err != nil {
		return nil, m, fmt.Errorf("open the write-ahead log: %w", err)
	}
	return lanes, m, nil
}

// maxSendLogBytes is the quota of registrations that are not yet in the warehouse.
// They are also in memory.
const maxSendLogBytes = 64 << 20

// walMetric is one metric of a lane's state.
type walMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*wal.Stats) float64
}

// walCollector exposes the state of the lanes. It reads each lane's state once
// per scrape.
type walCollector struct {
	lanes   *wal.Lanes
	metrics []walMetric
}

func newWALCollector(lanes *wal.Lanes) *walCollector {
	c := &walCollector{lanes: lanes}
	add := func(kind prometheus.ValueType, name, help string, value func(*wal.Stats) float64) {
		c.metrics = append(c.metrics, walMetric{prometheus.NewDesc(name, help, []string{"lane"}, nil), kind, value})
	}
	gauge := func(name, help string, value func(*wal.Stats) float64) { add(prometheus.GaugeValue, name, help, value) }
	counter := func(name, help string, value func(*wal.Stats) float64) {
		add(prometheus.CounterValue, name, help, value)
	}
	gauge("glint_wal_bytes", "Bytes of the lane's segments on disk.", func(s *wal.Stats) float64 { return float64(s.Bytes) })
	gauge("glint_wal_backlog_bytes", "Bytes of records that are not yet in the warehouse.", func(s *wal.Stats) float64 { return float64(s.BacklogBytes) })
	gauge("glint_wal_backlog_records", "Records that are not yet in the warehouse.", func(s *wal.Stats) float64 { return float64(s.BacklogRecords) })
	gauge("glint_wal_backlog_age_seconds", "Age of the oldest record that is not yet in the warehouse.", func(s *wal.Stats) float64 { return s.BacklogAge.Seconds() })
	gauge("glint_wal_limit_bytes", "The lane's quota.", func(s *wal.Stats) float64 { return float64(s.MaxBytes) })
	gauge("glint_wal_disk_free_bytes", "Free bytes of the log's disk; NaN: unknown.", func(s *wal.Stats) float64 {
		if s.DiskFree < 0 {
			return math.NaN()
		}
		return float64(s.DiskFree)
	})
	counter("glint_wal_durable_records_total", "Records that were synced to disk and answered.", func(s *wal.Stats) float64 { return float64(s.AppendedRecords) })
	counter("glint_wal_durable_bytes_total", "Bytes of records that were synced to disk.", func(s *wal.Stats) float64 { return float64(s.AppendedBytes) })
	counter("glint_wal_syncs_total", "Group syncs that succeeded.", func(s *wal.Stats) float64 { return float64(s.Syncs) })
	counter("glint_wal_sync_seconds_total", "Time spent in group syncs.", func(s *wal.Stats) float64 { return s.SyncTime.Seconds() })
	counter("glint_wal_failed_commits_total", "Groups of records of which none was acknowledged.", func(s *wal.Stats) float64 { return float64(s.FailedCommits) })
	counter("glint_wal_damages_total", "Stretches of the log that could not be read; see the quarantine.", func(s *wal.Stats) float64 { return float64(s.Damages) })
	counter("glint_wal_lost_records_total", "Records in what could not be read, as far as they are known.", func(s *wal.Stats) float64 { return float64(s.LostRecords) })
	counter("glint_wal_refused_records_total", "Records that were refused since the lane's quota was used up.", func(s *wal.Stats) float64 { return float64(s.RefusedQuota) })
	counter("glint_wal_early_deletions_total", "Acknowledged segments deleted before their time, to make room.", func(s *wal.Stats) float64 { return float64(s.DeletedEarly) })
	gauge("glint_wal_quarantine_files", "Damaged stretches that are kept aside until the operator deletes them.", func(s *wal.Stats) float64 { return float64(s.QuarantineFiles) })
	gauge("glint_wal_quarantine_bytes", "Damaged bytes that are kept aside until the operator deletes them.", func(s *wal.Stats) float64 { return float64(s.QuarantineBytes) })
	return c
}

// Describe implements prometheus.Collector.
func (c *walCollector) Describe(descs chan<- *prometheus.Desc) {
	for i := range c.metrics {
		descs <- c.metrics[i].desc
	}
}

// Collect implements prometheus.Collector.
func (c *walCollector) Collect(metrics chan<- prometheus.Metric) {
	for _, lane := range wal.LaneNames {
		s := c.lanes.Lane(lane).Stats()
		for i := range c.metrics {
			m := &c.metrics[i]
			metrics <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(&s), lane)
		}
	}
}
