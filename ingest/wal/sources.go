package wal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync/atomic"

	"glint/ingest/host/disk"
)

// BacklogBytes returns the bytes of the records that are not released; within a
// partly released segment it is an estimate. It takes no lock.
func (l *Log) BacklogBytes() int64 { return l.backlog.Load() }

// SourceBacklogBytes returns one source's part of BacklogBytes. It takes no
// lock.
func (l *Log) SourceBacklogBytes(source string) int64 {
	if n, ok := l.sourceBacklog.Load(source); ok {
		return n.(*atomic.Int64).Load()
	}
	return 0
}

// addBacklog adds a segment's part of the backlog, times sign. It is called
// with -1 before, and with 1 after, every change of the segment or of
// l.released. The caller holds l.mu.
func (l *Log) addBacklog(s *segment, sign int64) {
	from := max(s.first, l.released)
	if s.end <= from {
		return
	}
	l.backlog.Add(sign * s.backlog(s.size, from))
	for source, bytes := range s.sources {
		n, ok := l.sourceBacklog.Load(source)
		if !ok {
			n, _ = l.sourceBacklog.LoadOrStore(source, new(atomic.Int64))
		}
		n.(*atomic.Int64).Add(sign * s.backlog(bytes, from))
	}
}

// backlog returns the share of bytes that belongs to the segment's records from
// that number on, assuming an even distribution.
func (s *segment) backlog(bytes int64, from uint64) int64 {
	return int64(float64(bytes) * float64(s.end-from) / float64(s.end-s.first))
}

// countSources counts each source's bytes in the segments found by Open. It
// reads the heads of the records, not their bodies.
func (l *Log) countSources() error {
	for _, s := range l.segments {
		f, err := l.opt.FS.Open(filepath.Join(l.opt.Dir, s.name), false)
		if err != nil {
			return fmt.Errorf("wal: open segment: %w", err)
		}
		s.sources, err = sourcesOf(f, s)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("segment %s: %w", s.name, err)
		}
	}
	return nil
}

// sourcesOf returns the bytes of each source in a segment, without damaged
// records.
func sourcesOf(f disk.File, s *segment) (map[string]int64, error) {
	avail, err := f.Size()
	if err != nil {
		return nil, fmt.Errorf("wal: open segment: %w", err)
	}
	sources := map[string]int64{}
	sc := newScanner(f, &s.header, avail, s.size)
	sc.heads = true
	if s.end > s.first {
		sc.end = s.end
	}
	for {
		it, err := sc.scan()
		switch {
		case errors.Is(err, io.EOF):
			return sources, nil
		case err != nil:
			return nil, err
		case !it.hole && it.frame.kind == kindRecord:
			sources[string(it.source)] += it.end - it.off
		}
	}
}
