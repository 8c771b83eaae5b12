package wal

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"
)

// Release acknowledges all records before that position. Segments that hold
// only released records are deleted after Options.Retain, or earlier if the
// quota or the disk is full. The position is not stored: after Open, no record
// counts as released.
func (l *Log) Release(before Position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release(max(l.released, min(before.Record, l.next)))
	now := l.opt.Now()
	for _, s := range l.segments {
		if s.active || s.end > l.released {
			break
		}
		if s.releasedAt.IsZero() {
			s.releasedAt = now
		}
	}
}

// release sets the number up to which records are released. The caller holds
// l.mu.
func (l *Log) release(to uint64) {
	n := 0 // number of segments that can change
	for n < len(l.segments) && l.segments[n].first < to {
		l.addBacklog(l.segments[n], -1)
		n++
	}
	l.released = to
	for _, s := range l.segments[:n] {
		l.addBacklog(s, 1)
	}
}

// Oldest returns the number of the oldest record in the log, or the next number
// if the log is empty.
func (l *Log) Oldest() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.segments) == 0 {
		return l.next
	}
	return l.segments[0].first
}

// runHousekeeping seals segments by age and deletes released ones.
func (l *Log) runHousekeeping() {
	defer close(l.kept)
	t := time.NewTicker(housekeeping)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			l.tidy(l.opt.Now())
		case <-l.stop:
			return
		}
	}
}

// tidy runs one round of housekeeping.
func (l *Log) tidy(now time.Time) {
	short := l.diskShort()
	err := l.do(context.Background(), func() error { return l.committer.age(now) })
	l.Release(Position{}) // updates segments sealed since the last call
	if err == nil && l.lastIsReleased(short > 0) {
		// The newest segment carries the next record number, so it stays until
		// there is a newer one.
		err = l.do(context.Background(), func() error { return l.committer.open() })
	}
	if err != nil && !errors.Is(err, ErrClosed) {
		l.opt.Logger.Warn("housekeeping of the log", "error", err)
	}
	for l.deleteOldest(func(s *segment) bool { return now.Sub(s.releasedAt) >= l.opt.Retain }) {
	}
	l.reclaim(short)
}

// diskShort returns the number of bytes that the disk lacks to MinFree.
func (l *Log) diskShort() int64 {
	free, _ := l.measureDisk()
	if l.opt.MinFree <= 0 || free < 0 {
		return 0
	}
	return max(l.opt.MinFree-free, 0)
}

// measureDisk returns the free bytes and the size of the disk, or -1 if
// unknown, and stores the free bytes for DiskFree.
func (l *Log) measureDisk() (free, total int64) {
	free, total, err := l.opt.FS.Space(l.opt.Dir)
	if err != nil {
		free, total = -1, -1
	}
	l.diskFree.Store(free)
	return free, total
}

// lastIsReleased reports whether the newest segment could be deleted if it were
// not the newest: its retention is over, or the quota or the disk needs the
// space.
func (l *Log) lastIsReleased(pressed bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.segments)
	if n == 0 {
		return false
	}
	s := l.segments[n-1]
	pressed = pressed || l.opt.MaxBytes > 0 && l.bytes.Load() > l.opt.MaxBytes/2
	return !s.active && !s.releasedAt.IsZero() && (pressed || l.opt.Now().Sub(s.releasedAt) >= l.opt.Retain)
}

// reclaim deletes released segments before their retention ends until that many
// bytes are free. It reports whether it deleted any.
func (l *Log) reclaim(bytes int64) bool {
	any := false
	for bytes > 0 {
		var size int64
		if !l.deleteOldest(func(s *segment) bool { size = s.size; return true }) {
			break
		}
		any = true
		bytes -= size
		l.mu.Lock()
		l.counts.deletedEarly++
		l.mu.Unlock()
	}
	return any
}

// deleteOldest deletes the oldest segment if it is released, is not the newest,
// and may returns true. Each deletion syncs the directory, so that a power cut
// never keeps an older segment and loses a newer one.
func (l *Log) deleteOldest(may func(*segment) bool) bool {
	l.deleting.Lock()
	defer l.deleting.Unlock()
	l.mu.Lock()
	if len(l.segments) < 2 || l.segments[0].releasedAt.IsZero() || !may(l.segments[0]) {
		l.mu.Unlock()
		return false
	}
	s := l.segments[0]
	l.mu.Unlock()
	err := l.opt.FS.Remove(filepath.Join(l.opt.Dir, s.name))
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = l.opt.FS.SyncDir(l.opt.Dir)
	}
	if err != nil {
		l.opt.Logger.Warn("released segment not deleted", "file", s.name, "error", err)
		return false
	}
	l.mu.Lock()
	l.segments = l.segments[1:]
	l.bytes.Add(-s.size)
	l.mu.Unlock()
	return true
}
