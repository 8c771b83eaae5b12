package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/batch"
	"glint/ingest/receiver"
	"glint/ingest/receiver/codec"
	"glint/ingest/wal"
)

// openLog opens the write-ahead log with its two lanes, and returns the marks of
// its disk. It waits for Config.LockWait while another process has the log: one
// that is about to end, as a rule.
func openLog(ctx context.Context, cfg *Config) (*wal.Lanes, marks, error) {
	m, err := logMarks(cfg.LogDir)
	if err != nil {
		return nil, m, fmt.Errorf("open the write-ahead log: %w", err)
	}
	// Between the marks there is room for new bodies only if old ones go.
	lane := wal.Options{Retain: cfg.LogRetain, MinFree: m.resume, Logger: cfg.Logger}
	live, replay := lane, lane
	live.MaxBytes, replay.MaxBytes = cfg.LiveLogBytes, cfg.ReplayLogBytes
	lanes, err := wal.OpenLanes(cfg.LogDir, live, replay)
	for until := time.Now().Add(cfg.LockWait); errors.Is(err, wal.ErrLocked) && time.Now().Before(until); {
		select {
		case <-ctx.Done():
			return nil, m, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		lanes, err = wal.OpenLanes(cfg.LogDir, live, replay)
	}
	if err != nil {
		return nil, m, fmt.Errorf("open the write-ahead log: %w", err)
	}
	return lanes, m, nil
}

// The answers while the log has no room. The sender keeps the lines.
var (
	logFull = &receiver.Refusal{
		Status: http.StatusTooManyRequests, Reason: "log_full",
		Message: "the log's quota is used up until the warehouse has caught up; send the lines again", RetryAfter: 10 * time.Second,
	}
	diskFull = &receiver.Refusal{
		Status: http.StatusServiceUnavailable, Reason: "disk_full",
		Message: "the log's disk is full; make room and send the lines again", RetryAfter: 10 * time.Second,
	}
)

// appendTo stores a body by appending it to the log as it came.
func appendTo(lanes *wal.Lanes) receiver.Store {
	return func(ctx context.Context, b *receiver.Body) error {
		at, err := lanes.Lane(string(b.Lane)).Append(ctx, &wal.Record{
			ReceivedAt: b.ReceivedAt, Source: b.Source, Codec: wal.Codec(b.Codec),
			DecodedBytes: uint64(b.DecodedBytes), Lines: uint32(b.Lines), Body: b.Bytes,
		})
		switch {
		case errors.Is(err, wal.ErrQuota):
			return logFull
		case errors.Is(err, wal.ErrNoSpace):
			return diskFull
		}
		b.Record = at.Record
		return err
	}
}

// laneLog is a lane of the write-ahead log as a batch.Log: it decodes bodies.
type laneLog struct {
	log    *wal.Log
	logger *slog.Logger
}

func (l laneLog) Read(first uint64) func(context.Context) (batch.Body, error) {
	r := l.log.NewReader(wal.Position{Record: first})
	return func(ctx context.Context) (batch.Body, error) {
		record, at, err := r.Next(ctx)
		for err != nil && ctx.Err() == nil && !errors.Is(err, wal.ErrClosed) {
			// A lack of descriptors or a fault of the disk: it may pass.
			l.logger.Warn("log not read, trying again", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
			record, at, err = r.Next(ctx)
		}
		if err != nil {
			return batch.Body{}, err
		}
		body := batch.Body{Record: at.Record, ReceivedAt: record.ReceivedAt, Source: record.Source, Count: int(record.Lines)}
		// One byte more, so that the end is found without growing.
		body.Lines, body.Free = lineBuffer(int(record.DecodedBytes) + 1)
		body.Lines, err = codec.AppendDecoded(body.Lines, codec.Codec(record.Codec), record.Body, int64(record.DecodedBytes))
		if err != nil {
			return batch.Body{}, fmt.Errorf("decode record %d: %w", at.Record, err) // it could be decoded when it came
		}
		return body, nil
	}
}

// lineBuffers keep memory for the lines of large bodies between batches.
var lineBuffers sync.Pool // of *[]byte

// minPooledBytes is below what is worth it.
const minPooledBytes = 64 << 10

// lineBuffer returns memory for n bytes, and what takes it back.
func lineBuffer(n int) (empty []byte, free func()) {
	if n < minPooledBytes {
		return make([]byte, 0, n), nil
	}
	buffer, _ := lineBuffers.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	*buffer = slices.Grow((*buffer)[:0], n)
	return *buffer, func() { lineBuffers.Put(buffer) }
}

func (l laneLog) Last() uint64 { return l.log.Recovery().Next.Record - 1 }

func (l laneLog) Release(before uint64) (oldest uint64) {
	l.log.Release(wal.Position{Record: before})
	return l.log.Oldest()
}

// registerLog exposes the state of the log's lanes.
func registerLog(r prometheus.Registerer, lanes *wal.Lanes) {
	for name, log := range map[string]*wal.Log{wal.LaneLive: lanes.Live, wal.LaneReplay: lanes.Replay} {
		gauge := func(metric, help string, value func(wal.Stats) float64) {
			r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: metric, Help: help, ConstLabels: prometheus.Labels{"lane": name},
			}, func() float64 { return value(log.Stats()) }))
		}
		counter := func(metric, help string, value func(wal.Stats) float64) {
			r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
				Name: metric, Help: help, ConstLabels: prometheus.Labels{"lane": name},
			}, func() float64 { return value(log.Stats()) }))
		}
		gauge("glint_wal_bytes", "Bytes of the lane's segments on disk.", func(s wal.Stats) float64 { return float64(s.Bytes) })
		gauge("glint_wal_backlog_bytes", "Bytes of records that are not yet in the warehouse.", func(s wal.Stats) float64 { return float64(s.BacklogBytes) })
		gauge("glint_wal_backlog_records", "Records that are not yet in the warehouse.", func(s wal.Stats) float64 { return float64(s.BacklogRecords) })
		gauge("glint_wal_backlog_age_seconds", "Age of the oldest record that is not yet in the warehouse.", func(s wal.Stats) float64 { return s.BacklogAge.Seconds() })
		gauge("glint_wal_limit_bytes", "The lane's quota.", func(s wal.Stats) float64 { return float64(s.MaxBytes) })
		gauge("glint_wal_disk_free_bytes", "Free bytes of the log's disk; NaN: unknown.", func(s wal.Stats) float64 {
			if s.DiskFree < 0 {
				return math.NaN()
			}
			return float64(s.DiskFree)
		})
		counter("glint_wal_durable_records_total", "Records that were synced to disk and answered.", func(s wal.Stats) float64 { return float64(s.AppendedRecords) })
		counter("glint_wal_durable_bytes_total", "Bytes of records that were synced to disk.", func(s wal.Stats) float64 { return float64(s.AppendedBytes) })
		counter("glint_wal_syncs_total", "Group syncs that succeeded.", func(s wal.Stats) float64 { return float64(s.Syncs) })
		counter("glint_wal_sync_seconds_total", "Time spent in group syncs.", func(s wal.Stats) float64 { return s.SyncTime.Seconds() })
		counter("glint_wal_failed_commits_total", "Groups of records of which none was acknowledged.", func(s wal.Stats) float64 { return float64(s.FailedCommits) })
		counter("glint_wal_damages_total", "Stretches of the log that could not be read; see the quarantine.", func(s wal.Stats) float64 { return float64(s.Damages) })
		counter("glint_wal_lost_records_total", "Records in what could not be read, as far as they are known.", func(s wal.Stats) float64 { return float64(s.LostRecords) })
		gauge("glint_wal_quarantine_bytes", "Damaged bytes that are kept aside until somebody deletes them.", func(s wal.Stats) float64 { return float64(s.QuarantineBytes) })
	}
}
