package wal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"glint/ingest/host/disk"
)

// Visit calls visit for each good record of the log in dir, the oldest first,
// and returns the position after the last one. The record's body is valid until
// visit returns. An error of visit ends the reading and is returned unchanged.
//
// Visit changes nothing and may run while another process has the log open. It
// then sees the records of some moment during its run, and perhaps some whose
// Append has not returned yet. Damaged records are skipped: their numbers are
// missing.
func Visit(dir string, visit func(Position, *Record) error) (next Position, err error) {
	w := recoverer{fs: disk.OS{}, dir: dir, nextSeq: 1, next: 1}
	names, err := w.fs.ReadDir(dir)
	if err != nil {
		return next, fmt.Errorf("wal: list segments: %w", err)
	}
	if err := w.headers(names); err != nil {
		return next, err
	}
	for i, s := range w.segments {
		after, err := w.visit(s, i == len(w.segments)-1, visit)
		if err != nil {
			return next, err
		}
		w.next = max(w.next, after)
	}
	return Position{Segment: w.nextSeq, Record: w.next}, nil
}

// visit visits the records of one segment and returns the number after the last
// one.
func (w *recoverer) visit(s *segment, last bool, visit func(Position, *Record) error) (next uint64, err error) {
	f, err := w.fs.Open(filepath.Join(w.dir, s.name), false)
	if errors.Is(err, fs.ErrNotExist) {
		return s.first, nil // deleted by the running log
	}
	if err != nil {
		return 0, fmt.Errorf("wal: open segment: %w", err)
	}
	defer func() { _ = f.Close() }()
	avail, err := f.Size()
	if err != nil {
		return 0, fmt.Errorf("wal: open segment: %w", err)
	}
	if last {
		s.size = avail
	}
	sc := newScanner(f, &s.header, avail, s.size)
	if s.end > s.first {
		sc.end = s.end
	}
	var r Reader
	for {
		it, err := sc.scan()
		if errors.Is(err, io.EOF) {
			return sc.next, nil
		}
		if err != nil {
			return 0, fmt.Errorf("segment %s: %w", s.name, err)
		}
		if it.hole || it.frame.kind != kindRecord {
			continue
		}
		record := r.record(&it)
		if err := visit(Position{Segment: s.seq, Record: it.frame.number}, &record); err != nil {
			return 0, err
		}
	}
}
