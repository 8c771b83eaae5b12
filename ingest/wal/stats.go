package wal

import (
	"time"
)

// counts are the log's counters since Open, guarded by its mutex.
type counts struct {
	records, bytes, syncs, failedCommits uint64
	syncTime                             time.Duration
	lastReceivedAt                       time.Time
	refusedQuota, deletedEarly           uint64
	damages, lostRecords                 uint64
	quarantineFiles                      int
	quarantineBytes                      int64
}

// Stats is the state of a log. Counters count since Open.
type Stats struct {
	Bytes    int64 // size of all segments on disk
	Segments int
	MaxBytes int64 // the quota; 0: none

	BacklogBytes   int64         // bytes of the records that are not released; approximate within a segment
	BacklogRecords uint64        // number of records that are not released
	BacklogAge     time.Duration // age of the oldest of them; too high by a segment's age at most

	DiskFree  int64 // -1: unknown
	DiskBytes int64 // size of the disk; -1: unknown

	LastReceivedAt  time.Time // time of the newest record since Open; zero: none
	AppendedRecords uint64    // acknowledged
	AppendedBytes   uint64    // of their frames
	Syncs           uint64    // group commits that succeeded
	SyncTime        time.Duration
	FailedCommits   uint64 // groups that failed; no record of them was acknowledged
	RefusedQuota    uint64 // records refused with ErrQuota
	DeletedEarly    uint64 // released segments deleted before Options.Retain

	Damages         uint64 // stretches of unreadable bytes
	LostRecords     uint64 // records lost in them, as far as known
	QuarantineFiles int
	QuarantineBytes int64
}

// MaxBytes returns the quota in bytes, 0 for none.
func (l *Log) MaxBytes() int64 { return l.opt.MaxBytes }

// Bytes returns the bytes of all segments on disk. It takes no lock.
func (l *Log) Bytes() int64 { return l.bytes.Load() }

// DiskFree returns the free bytes of the log's disk, or -1 if unknown. The
// value is from the last commit or at most a second old. It takes no lock.
func (l *Log) DiskFree() int64 { return l.diskFree.Load() }

// Stats returns the state of the log. It measures the disk and iterates over
// the segments; hot paths should use the methods of Log.
func (l *Log) Stats() Stats {
	free, total := l.measureDisk()
	now := l.opt.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &l.counts
	s := Stats{
		Bytes: l.bytes.Load(), BacklogBytes: l.backlog.Load(), Segments: len(l.segments), MaxBytes: l.opt.MaxBytes, DiskFree: free, DiskBytes: total,
		LastReceivedAt: c.lastReceivedAt, AppendedRecords: c.records, AppendedBytes: c.bytes, Syncs: c.syncs, SyncTime: c.syncTime,
		FailedCommits: c.failedCommits, RefusedQuota: c.refusedQuota, DeletedEarly: c.deletedEarly,
		Damages: c.damages, LostRecords: c.lostRecords,
		QuarantineFiles: c.quarantineFiles, QuarantineBytes: c.quarantineBytes,
	}
	for _, seg := range l.segments {
		from := max(seg.first, l.released)
		if seg.end <= from {
			continue
		}
		if s.BacklogRecords == 0 {
			s.BacklogAge = max(now.Sub(seg.firstAt), 0)
		}
		s.BacklogRecords += seg.end - from
	}
	return s
}

func (l *Log) count(done *Commit) {
	l.mu.Lock()
	if c := &l.counts; done.Err != nil {
		c.failedCommits++
	} else {
		c.records += uint64(done.Records)
		c.bytes += uint64(done.Bytes)
		c.syncs++
		c.syncTime += done.Sync
	}
	l.mu.Unlock()
	l.measureDisk()
	l.opt.OnSync(*done)
}
