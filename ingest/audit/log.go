package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"glint/ingest/batch"
	"glint/ingest/wal"
)

// lane is the state of a lane of the log when the audit began.
type lane struct {
	name         string
	logID        string // the id in receipts; "" if the lane never ran
	acknowledged uint64 // records up to this number have receipts
	next         uint64 // number of the next record
	byHour       map[time.Time][]entry
	numbers      []uint64 // of all records that are in the log
}

// entry is a record that is in the log.
type entry struct {
	record uint64
	at     time.Time
	source string
	lines  uint64
}

// readLog reads the positions of the lanes, and then the records of the log: live first,
// then replay.
func (a *auditor) readLog(ctx context.Context) ([]*lane, error) {
	var lanes []*lane
	for _, name := range []string{wal.LaneLive, wal.LaneReplay} {
		progress, err := batch.ReadProgress(filepath.Join(a.node.LogDir, "batches", name))
		if err != nil {
			return nil, fmt.Errorf("lane %s: %w", name, err)
		}
		l := &lane{name: name, logID: progress.LogID, acknowledged: progress.Acknowledged, byHour: map[time.Time][]entry{}}
		if err := a.readLane(ctx, l); err != nil {
			return nil, fmt.Errorf("lane %s: %w", name, err)
		}
		if l.acknowledged >= l.next {
			// The log was replaced by another one, and its lane has not run yet:
			// nothing of it has receipts.
			l.logID, l.acknowledged = "", 0
		}
		lanes = append(lanes, l)
	}
	return lanes, nil
}

func (a *auditor) laneDir(l *lane) string { return filepath.Join(a.node.LogDir, l.name) }

// readLane reads a lane's records, without their bodies.
func (a *auditor) readLane(ctx context.Context, l *lane) error {
	next, err := wal.Visit(a.laneDir(l), func(p wal.Position, r *wal.Record) error {
		l.numbers = append(l.numbers, p.Record)
		if a.within(r.ReceivedAt) {
			hour := r.ReceivedAt.Truncate(time.Hour)
			l.byHour[hour] = append(l.byHour[hour], entry{p.Record, r.ReceivedAt, r.Source, uint64(r.Lines)})
		}
		return ctx.Err()
	})
	if errors.Is(err, fs.ErrNotExist) {
		l.next = l.acknowledged + 1 // its folder does not exist
		return nil
	}
	l.next = next.Record
	return err
}
