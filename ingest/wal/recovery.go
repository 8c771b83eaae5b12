package wal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"glint/ingest/host/disk"
)

// segment is the state of one file of the log.
type segment struct {
	header
	name   string
	size   int64  // valid bytes; later bytes were never acknowledged
	end    uint64 // number of the record after its last one
	found  uint64 // end according to a scan; 0: not scanned
	active bool   // being written

	sources    map[string]int64 // bytes of the frames of each source's records
	firstAt    time.Time        // approximate time at which its oldest record was received
	releasedAt time.Time        // time at which its last record was released; zero: not yet
}

// recoverer checks the files of a log, reports damage and, if fix is set,
// repairs it. Damaged bytes are copied into quarantine before they are
// repaired.
type recoverer struct {
	fs     disk.FS
	dir    string
	fix    bool
	deep   bool // scan every segment, not only the last one
	now    func() time.Time
	log    *slog.Logger
	report Report

	segments []*segment // readable ones, oldest first
	nextSeq  uint64
	next     uint64 // number of the next record
	clean    bool   // the last segment was sealed
	putOff   bool   // the disk is too full for a repair, so the last segment is not continued
}

func (w *recoverer) run() error {
	w.report.Dir = w.dir
	names, err := w.fs.ReadDir(w.dir)
	if err != nil {
		return fmt.Errorf("wal: list segments: %w", err)
	}
	w.nextSeq, w.next, w.clean = 1, 1, true
	if err := w.headers(names); err != nil {
		return err
	}
	for i, s := range w.segments {
		if err := w.segment(i, s); err != nil {
			return fmt.Errorf("segment %s: %w", s.name, err)
		}
	}
	if w.deep {
		if err := w.gaps(); err != nil {
			return err
		}
	}
	w.report.QuarantineFiles, w.report.QuarantineBytes = measureQuarantine(w.fs, w.dir)
	return nil
}

// headers reads the header of every segment.
func (w *recoverer) headers(names []string) error {
	type file struct {
		name       string
		seq, first uint64
	}
	var files []file
	for _, name := range names {
		if seq, first, ok := parseFileName(name); ok {
			files = append(files, file{name, seq, first})
		}
	}
	slices.SortFunc(files, func(a, b file) int {
		if a.seq < b.seq {
			return -1
		}
		return 1
	})
	for i, f := range files {
		end := f.first // number after its last record, from the names
		if i+1 < len(files) {
			end = files[i+1].first
		}
		if err := w.header(f.name, f.seq, f.first, end); err != nil {
			return fmt.Errorf("segment %s: %w", f.name, err)
		}
		w.nextSeq, w.next = f.seq+1, max(w.next, f.first)
	}
	for i, s := range w.segments[:max(len(w.segments)-1, 0)] {
		after := w.segments[i+1]
		s.end = after.first
		if after.prevSeq == s.seq {
			s.size = after.prevEnd
		}
	}
	return nil
}

func (w *recoverer) header(name string, seq, first, end uint64) error {
	path := filepath.Join(w.dir, name)
	f, err := w.fs.Open(path, w.fix)
	if errors.Is(err, fs.ErrNotExist) && !w.fix {
		return nil // deleted by the running log
	}
	if err != nil {
		return fmt.Errorf("wal: open segment: %w", err)
	}
	defer func() { _ = f.Close() }()
	size, err := f.Size()
	if err != nil {
		return fmt.Errorf("wal: open segment: %w", err)
	}
	h, damaged, err := readHeader(f, size)
	switch {
	case errors.Is(err, errHeader) && size <= dataOffset && end <= first:
		// The process stopped while it created the file: the first record is
		// written only after the header is on disk.
		return w.unfinished(path, size)
	case errors.Is(err, errHeader), err == nil && (h.seq != seq || h.first != first):
		return w.lostHeader(name, seq, first, end, size)
	case err != nil:
		return err
	}
	if damaged {
		if err := w.fixHeader(f, &h, name, size); err != nil {
			return err
		}
	}
	w.report.Lane = h.lane
	w.segments = append(w.segments, &segment{header: h, name: name, size: size, end: h.first, firstAt: h.createdAt})
	return nil
}

func (w *recoverer) unfinished(path string, size int64) error {
	w.report.TornBytes += size
	if !w.fix {
		return nil
	}
	if err := w.fs.Remove(path); err != nil {
		return fmt.Errorf("wal: remove unfinished segment: %w", err)
	}
	return nil // the next segment's directory sync makes this durable before the next record
}

// lostHeader quarantines a whole segment: without its salt, frames cannot be
// distinguished from other bytes.
func (w *recoverer) lostHeader(name string, seq, first, end uint64, size int64) error {
	d := Damage{Segment: seq, File: name, Bytes: size, Reason: LostHeader, Acknowledged: true}
	if size <= dataOffset {
		d.Reason = Truncated
	}
	if end > first {
		d.FirstRecord, d.Records = first, end-first
	} else {
		w.next = max(w.next, first+uint64(size)/frameSize) // no number of its records is reused
	}
	w.note(&d)
	if !w.fix {
		return nil
	}
	return w.later(&d, quarantineSegment(w.fs, w.dir, &d, w.now()))
}

func (w *recoverer) fixHeader(f disk.File, h *header, name string, size int64) error {
	d := Damage{Segment: h.seq, File: name, Bytes: dataOffset, Reason: BadHeader, Acknowledged: true}
	w.note(&d)
	return w.repair(&d, f, size, func() error {
		_, err := f.WriteAt(h.encode(), 0)
		return err
	})
}

// segment scans one segment and repairs its holes.
func (w *recoverer) segment(i int, s *segment) error {
	last := i == len(w.segments)-1
	if !w.deep && !last {
		return nil
	}
	f, err := w.fs.Open(filepath.Join(w.dir, s.name), w.fix)
	if errors.Is(err, fs.ErrNotExist) && !w.fix {
		return nil
	}
	if err != nil {
		return fmt.Errorf("wal: open segment: %w", err)
	}
	defer func() { _ = f.Close() }()
	avail, err := f.Size()
	if err != nil {
		return fmt.Errorf("wal: open segment: %w", err)
	}
	if last {
		s.size = avail
	}
	v, err := scanSegment(f, s, avail)
	if err != nil {
		return err
	}
	r := v.report
	r.Segment, r.File, r.FirstRecord, r.FileBytes, r.CreatedAt = s.seq, s.name, s.first, avail, s.createdAt
	defer func() { w.report.Segments = append(w.report.Segments, r) }()
	if !v.firstAt.IsZero() {
		s.firstAt = v.firstAt
	}
	if last {
		s.end = v.next
		w.next, w.clean = max(w.next, v.next), r.Sealed
	}
	for _, h := range v.holes {
		if h.trailing && last {
			s.size = h.off
		}
		counted, err := w.hole(f, s, &v, h, last, avail)
		if err != nil {
			return err
		}
		if counted {
			r.Damages++
		}
	}
	s.found = v.next
	if !last || !w.fix || w.putOff {
		return nil // a later segment's header has the end of this one
	}
	err = w.finish(f, s, &v)
	if errors.Is(err, ErrNoSpace) {
		w.putOff = true
		w.log.Warn("end of the log left as it is: the disk is full", "segment", s.seq, "error", err)
		return f.Sync()
	}
	return err
}

// gaps finds record numbers that no segment contains, and creates a segment
// with a gap frame for them.
func (w *recoverer) gaps() error {
	for i, s := range w.segments[:max(len(w.segments)-1, 0)] {
		after := w.segments[i+1]
		if s.found == 0 || s.found >= after.first {
			continue
		}
		h := header{lane: s.lane, seq: s.seq + 1, first: s.found, createdAt: w.now(), salt: s.salt, prevSeq: s.seq, prevEnd: s.size}
		size := int64(dataOffset + frameSize)
		if after.prevSeq > s.seq {
			h.seq, size = after.prevSeq, max(size, after.prevEnd)
		}
		known := func(d Damage) bool { return d.Reason != BadFrame && d.FirstRecord == s.found }
		if !slices.ContainsFunc(w.report.Damages, known) {
			w.note(&Damage{
				Segment: h.seq, File: fileName(h.seq, h.first), Reason: MissingData,
				FirstRecord: s.found, Records: after.first - s.found, Acknowledged: true,
			})
		}
		if !w.fix || h.seq >= after.seq {
			continue
		}
		if err := w.writeGapSegment(&h, after.first-s.found, size); err != nil {
			return writeError("replace a lost segment", err)
		}
	}
	return nil
}

func (w *recoverer) writeGapSegment(h *header, lost uint64, size int64) error {
	err := writeFile(w.fs, filepath.Join(w.dir, fileName(h.seq, h.first)), func(f disk.File) error {
		if _, err := f.WriteAt(h.encode(), 0); err != nil {
			return err
		}
		s := &segment{header: *h}
		return writeGap(f, s, &item{off: dataOffset, end: size, first: h.first}, lost, 0)
	})
	if err != nil {
		return err
	}
	return w.fs.SyncDir(w.dir)
}

// hole reports one hole and repairs it. It returns false for a torn end, which
// is not damage.
func (w *recoverer) hole(f disk.File, s *segment, v *segmentScan, h item, last bool, avail int64) (bool, error) {
	d := Damage{
		Segment: s.seq, File: s.name, Offset: h.off, Bytes: h.end - h.off, Reason: BadFrame,
		FirstRecord: h.first, Records: h.lost, Acknowledged: !last || h.off < v.durableUpTo,
	}
	switch {
	case h.trailing && last:
		torn, err := isTorn(f, s, h.off, avail)
		if err != nil {
			return false, err
		}
		if torn {
			w.report.TornBytes += avail - h.off
			return false, nil
		}
		d.Reason, d.FirstRecord, d.Records = DoubtfulEnd, 0, 0
	case h.trailing:
		d.Records = s.end - v.next
		v.next = s.end
		if avail < s.size {
			d.Reason = Truncated
		}
	case h.off == h.end:
		d.Reason = MissingData
	}
	if d.Records == 0 {
		d.FirstRecord = 0
	}
	w.note(&d)
	if h.off == h.end {
		return true, nil // there are no bytes to repair
	}
	return true, w.repair(&d, f, avail, func() error {
		if h.trailing && last {
			return f.Truncate(h.off)
		}
		return writeGap(f, s, &h, d.Records, avail)
	})
}

// note adds a damage to the report.
func (w *recoverer) note(d *Damage) { w.report.Damages = append(w.report.Damages, *d) }

// repair quarantines the bytes of a damage and then repairs it. A full disk
// postpones the repair: the damage stays and is found again by the next Open.
func (w *recoverer) repair(d *Damage, f disk.File, size int64, right func() error) error {
	if !w.fix {
		return nil
	}
	err := quarantine(w.fs, w.dir, d, w.now(), f, size)
	if err == nil {
		if err = right(); err == nil {
			err = f.Sync()
		}
		if err != nil {
			err = writeError("repair segment", err)
		}
	}
	return w.later(d, err)
}

// later postpones a repair that failed with err for lack of space. It returns
// any other error.
func (w *recoverer) later(d *Damage, err error) error {
	if !errors.Is(err, ErrNoSpace) {
		return err
	}
	w.putOff = true
	w.log.Warn("repair put off: the disk is full", "segment", d.Segment, "offset", d.Offset, "error", err)
	return nil
}

// writeGap writes a gap frame with the numbers of the missing records over a
// hole.
func writeGap(f disk.File, s *segment, h *item, lost uint64, avail int64) error {
	gap := frame{kind: kindGap, number: h.first, decoded: lost, durable: h.off, bodyLen: uint32(h.end - h.off - frameSize)}
	if _, err := f.WriteAt(gap.append(nil, s.salt), h.off); err != nil {
		return err
	}
	if avail < h.end {
		return f.Truncate(h.end)
	}
	return nil
}

// finish makes the end of the last segment durable. Bytes written by a killed
// process may be in memory only, and after a failed fsync they may look clean
// there. So the bytes that no later frame declares durable are rewritten and
// synced.
func (w *recoverer) finish(f disk.File, s *segment, v *segmentScan) error {
	if err := f.Truncate(s.size); err != nil {
		return writeError("cut the end of a segment", err)
	}
	at := max(v.durableUpTo, dataOffset)
	b := make([]byte, min(scanWindow, max(s.size-at, 0)))
	for ; at < s.size; at += int64(len(b)) {
		b = b[:min(int64(len(b)), s.size-at)]
		if err := readAt(f, b, at); err != nil {
			return fmt.Errorf("wal: read segment: %w", err)
		}
		if _, err := f.WriteAt(b, at); err != nil {
			return writeError("rewrite the end of a segment", err)
		}
	}
	if _, err := f.WriteAt(s.encode(), 0); err != nil {
		return writeError("rewrite a segment's header", err)
	}
	if err := f.Sync(); err != nil {
		return writeError("sync segment", err)
	}
	return syncDir(w.fs, w.dir)
}

// isTorn reports whether the bytes from off to the end are the beginning of a
// frame, or zeros, as an interrupted write leaves them.
func isTorn(f disk.File, s *segment, off, avail int64) (bool, error) {
	if avail-off < frameSize {
		return true, nil
	}
	b := make([]byte, min(scanWindow, avail-off))
	for at := off; at < avail; at += int64(len(b)) {
		b = b[:min(int64(len(b)), avail-at)]
		if err := readAt(f, b, at); err != nil {
			return false, fmt.Errorf("wal: read segment: %w", err)
		}
		if at == off {
			if head, ok := parseFrame(b, s.salt); ok && off+head.size() > avail {
				return true, nil
			}
		}
		if len(bytes.TrimLeft(b, "\x00")) > 0 {
			return false, nil
		}
	}
	return true, nil
}

// segmentScan is the result of scanning a whole segment.
type segmentScan struct {
	report      SegmentReport
	holes       []item
	durableUpTo int64  // bytes before this offset were on disk before later ones were written
	next        uint64 // number after the last good record
	firstAt     time.Time
}

func scanSegment(f disk.File, s *segment, avail int64) (segmentScan, error) {
	v := segmentScan{next: s.first}
	sc := newScanner(f, &s.header, avail, s.size)
	if s.end > s.first {
		sc.end = s.end
	}
	for {
		it, err := sc.scan()
		if errors.Is(err, io.EOF) {
			v.next = sc.next
			return v, nil
		}
		if err != nil {
			return v, err
		}
		if it.hole {
			it.source, it.body = nil, nil
			v.holes = append(v.holes, it)
			continue
		}
		v.durableUpTo = max(v.durableUpTo, it.frame.durable)
		v.report.Sealed = it.frame.kind == kindSeal || (v.report.Sealed && it.frame.kind == kindGap)
		switch it.frame.kind {
		case kindRecord:
			if v.report.Records == 0 {
				v.firstAt = time.UnixMilli(it.frame.at).UTC()
			}
			v.report.Records++
			v.report.Lines += uint64(it.frame.lines)
			v.report.BodyBytes += uint64(it.frame.bodyLen)
		case kindGap:
			v.report.LostRecords += it.frame.decoded
		}
	}
}
