package wal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"glint/ingest/host/disk"
)

// lockFile is locked by the process that has the log open.
const lockFile = "LOCK"

// housekeeping is the period of sealing by age and of deleting segments.
const housekeeping = time.Second

// Log is an open log. It is safe for concurrent use.
type Log struct {
	opt       Options
	lock      io.Closer
	recovery  Recovery
	committer committer

	deleting sync.Mutex // held during the deletion of segments

	// Read without the mutex; bytes and the backlogs are changed under it.
	bytes         atomic.Int64 // of all segments
	backlog       atomic.Int64 // bytes of the records that are not released
	sourceBacklog sync.Map     // the same by source; values are *atomic.Int64
	diskFree      atomic.Int64 // measured by the last measureDisk

	mu       sync.Mutex
	segments []*segment    // oldest first
	next     uint64        // number of the record after the last durable one
	released uint64        // records before this one are acknowledged
	changed  chan struct{} // closed when next, or the last segment, changes; nil: no reader waits
	closed   bool
	queue    []*request
	queued   int64 // bytes of the queued frames
	counts   counts
	reported map[[2]uint64]bool // damages reported before, by key

	wake chan struct{} // wakes the committer; holds one signal
	stop chan struct{} // closed by Close
	done chan struct{} // closed when the committer has ended
	kept chan struct{} // closed when the housekeeper has ended
}

// Recovery is the result of Open's recovery.
type Recovery struct {
	Clean     bool     // the log was closed regularly, or is new
	TornBytes int64    // cut from the end; never acknowledged
	Damages   []Damage // copied into quarantine
	Segments  int
	Next      Position // of the next record
}

// Open opens the log in o.Dir, or creates one. It locks the directory, or
// returns ErrLocked. It repairs the effects of an unclean stop at the log's
// end: no acknowledged record is lost. Recovery returns its findings.
func Open(o Options) (*Log, error) {
	o.complete()
	if len(o.Lane) > maxLane {
		return nil, fmt.Errorf("wal: lane %q has more than %d bytes", o.Lane, maxLane)
	}
	if err := o.FS.MkdirAll(o.Dir); err != nil {
		return nil, writeError("make log directory", err)
	}
	lock, err := lockDir(o.FS, o.Dir)
	if err != nil {
		return nil, err
	}
	w := recoverer{fs: o.FS, dir: o.Dir, fix: true, now: o.Now, log: o.Logger}
	if err := w.run(); err != nil {
		return nil, errors.Join(fmt.Errorf("open log %s: %w", o.Dir, err), lock.Close())
	}
	l := &Log{
		opt: o, lock: lock, segments: w.segments, next: w.next, released: 1, reported: map[[2]uint64]bool{},
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}), kept: make(chan struct{}),
		recovery: Recovery{
			Clean: w.clean && len(w.report.Damages) == 0, TornBytes: w.report.TornBytes, Damages: w.report.Damages,
			Segments: len(w.segments), Next: Position{Segment: w.nextSeq, Record: w.next},
		},
	}
	l.counts.damages = uint64(len(w.report.Damages))
	l.counts.quarantineFiles, l.counts.quarantineBytes = w.report.QuarantineFiles, w.report.QuarantineBytes
	l.committer = committer{log: l, nextSeq: w.nextSeq, next: w.next, salt: randomSalt}
	for _, s := range w.segments {
		l.bytes.Add(s.size)
	}
	err = l.countSources()
	if err == nil {
		for _, s := range w.segments {
			l.addBacklog(s, 1)
		}
		l.measureDisk()
		err = l.committer.resume(w.clean || w.putOff)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open log %s: %w", o.Dir, err), lock.Close())
	}
	for i := range w.report.Damages {
		d := &w.report.Damages[i]
		l.reported[d.key()] = true
		l.counts.lostRecords += d.Records
		l.logDamage(d)
	}
	go l.committer.run()
	go l.runHousekeeping()
	return l, nil
}

func lockDir(fsys disk.FS, dir string) (io.Closer, error) {
	lock, err := fsys.Lock(filepath.Join(dir, lockFile))
	if held, ok := errors.AsType[*disk.HeldError](err); ok {
		return nil, &LockedError{Dir: dir, PID: held.PID}
	}
	if err != nil {
		return nil, writeError("lock log directory", err)
	}
	return lock, nil
}

// Recovery returns the findings of Open.
func (l *Log) Recovery() Recovery { return l.recovery }

// Close writes the queued records, seals the last segment and unlocks the
// directory. If ctx ends first, it returns the context's error and continues in
// the background. Later calls of the log's methods return ErrClosed.
func (l *Log) Close(ctx context.Context) error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return ErrClosed
	}
	l.closed = true
	close(l.stop)
	l.wakeReaders()
	l.mu.Unlock()
	closed := make(chan error, 1)
	go func() {
		<-l.done
		<-l.kept
		closed <- l.lock.Close()
	}()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
		return fmt.Errorf("wal: close: %w", ctx.Err())
	}
}

// wakeReaders wakes readers that wait for a change. The caller holds l.mu.
func (l *Log) wakeReaders() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// wakeCommitter wakes the committer if it sleeps. It does not wait.
func (l *Log) wakeCommitter() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// segmentOf returns the oldest segment that has, or will have, the record or
// later ones. The caller holds l.mu.
func (l *Log) segmentOf(record uint64) *segment {
	i, _ := slices.BinarySearchFunc(l.segments, record, func(s *segment, n uint64) int {
		if s.end <= n && !s.active {
			return -1
		}
		return 1
	})
	if i == len(l.segments) {
		return nil
	}
	return l.segments[i]
}

// key returns the same value each time the same damage is found.
func (d *Damage) key() [2]uint64 {
	if d.Offset == 0 && d.Records > 0 { // a whole segment is identified by its records, other damage by its offset
		return [2]uint64{0, d.FirstRecord}
	}
	return [2]uint64{d.Segment, uint64(d.Offset)}
}

func (l *Log) logDamage(d *Damage) {
	l.opt.Logger.Error("log is damaged", "dir", l.opt.Dir, "file", d.File, "offset", d.Offset, "bytes", d.Bytes,
		"reason", string(d.Reason), "first_record", d.FirstRecord, "records", d.Records)
}
