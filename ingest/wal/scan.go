package wal

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"glint/ingest/host/disk"
	"glint/ingest/host/filewindow"
)

// scanner iterates over the frames of one segment. It returns each good frame,
// and each stretch of bytes between good frames as a hole. Its memory is one
// window: scanWindow bytes, or one frame if that is larger.
type scanner struct {
	file  filewindow.Window
	salt  uint32
	off   int64
	avail int64  // bytes in the file
	limit int64  // bytes that the file should have
	next  uint64 // number of the next record
	skip  uint64 // bodies of records before this one are skipped unread
	end   uint64 // records from this number on belong to the next segment; 0: no limit
	heads bool   // bodies are skipped, unread and unchecked; records have only their source
}

const (
	scanWindow = 256 << 10
	headWindow = 16 << 10 // for scans of heads, which skip most of a large body
	maxNumber  = 1 << 62  // largest record number; leaves room for additions
	keepWindow = 8 << 20  // a larger buffer is not kept for small frames
	sector     = 4096     // unit in which unreadable bytes are skipped
)

// item is a frame or a hole. Its bytes are valid until the next call of scan.
type item struct {
	off, end int64
	frame    frame  // of a frame
	source   []byte // of a record
	body     []byte // of a record

	hole     bool
	trailing bool   // a hole that is not followed by a good frame
	first    uint64 // number of the first record lost in a hole
	lost     uint64 // their number; unknown, and 0, in a trailing hole
}

func newScanner(file io.ReaderAt, h *header, avail, limit int64) *scanner {
	return &scanner{file: filewindow.Window{File: salvage{file}, Ahead: scanWindow, Keep: keepWindow}, salt: h.salt, off: dataOffset, avail: min(avail, limit), limit: limit, next: h.first}
}

// scan returns the next item, or io.EOF at the limit.
func (s *scanner) scan() (item, error) {
	for s.off < s.limit {
		it, good, err := s.frameAt(s.off)
		if err != nil {
			return item{}, err
		}
		if !good {
			return s.hole(it)
		}
		if s.end > 0 && it.frame.kind == kindRecord && it.frame.number >= s.end {
			s.off = s.limit
			break
		}
		if it.frame.number > s.next {
			lost := item{hole: true, off: s.off, end: s.off, first: s.next, lost: it.frame.number - s.next}
			s.next = it.frame.number
			return lost, nil
		}
		s.off = it.end
		switch it.frame.kind {
		case kindRecord:
			s.next++
			if it.frame.number < s.skip {
				continue
			}
		case kindGap:
			s.next += it.frame.decoded
		}
		return it, nil
	}
	return item{}, io.EOF
}

// frameAt returns the frame at off and whether it is entirely good. If only its
// head is good, the item has the frame and its end.
func (s *scanner) frameAt(off int64) (it item, good bool, err error) {
	w, err := s.window(off, frameSize)
	if err != nil {
		return item{}, false, err
	}
	f, ok := parseFrame(w, s.salt)
	if !ok || f.number < s.next || f.number > maxNumber || off+f.size() > s.avail {
		return item{}, false, nil
	}
	it = item{off: off, end: off + f.size(), frame: f}
	switch {
	case f.kind == kindGap:
		return it, f.decoded <= maxNumber, nil
	case f.kind != kindRecord && f.kind != kindSeal:
		return item{}, false, nil
	case f.kind == kindRecord && f.number < s.skip:
		return it, true, nil
	case f.kind == kindRecord && s.heads:
		if w, err = s.window(off, frameSize+int64(f.sourceLen)); err == nil {
			it.source = w[frameSize:][:f.sourceLen]
		}
		return it, err == nil, err
	}
	if w, err = s.window(off, f.size()); err != nil {
		return item{}, false, err
	}
	rest := w[frameSize:f.size()]
	it.source = rest[:f.sourceLen]
	it.body = rest[f.sourceLen:][:f.bodyLen:f.bodyLen]
	return it, sumOf(rest) == f.bodySum, nil
}

// hole returns the bad bytes from s.off to the next good frame. If the head of
// the bad frame is good, the search starts after the frame.
func (s *scanner) hole(bad item) (item, error) {
	it := item{hole: true, off: s.off, first: s.next}
	at := s.off + alignment
	if bad.end > 0 {
		at = bad.end
	}
	for {
		pos, err := s.findMagic(at)
		if err != nil {
			return item{}, err
		}
		if pos < 0 {
			it.trailing = true
			it.end, s.off = s.limit, s.limit
			return it, nil
		}
		f, good, err := s.frameAt(pos)
		if err != nil {
			return item{}, err
		}
		if good {
			it.end, s.off = pos, pos
			it.lost = f.frame.number - s.next
			s.next = f.frame.number
			return it, nil
		}
		if at = pos + alignment; f.end > 0 {
			at = f.end
		}
	}
}

// findMagic returns the first offset from off on where a frame may begin, or
// -1.
func (s *scanner) findMagic(off int64) (int64, error) {
	at, err := s.file.Find(frameMagic, off, alignment, frameSize, s.avail)
	return at, wrapRead(err)
}

// window returns at least n bytes from off on, or fewer at the end of the file.
func (s *scanner) window(off, n int64) ([]byte, error) {
	s.file.Ahead = scanWindow
	if s.heads {
		s.file.Ahead = headWindow
	}
	b, err := s.file.At(off, n, s.avail)
	return b, wrapRead(err)
}

func wrapRead(err error) error {
	if err != nil {
		return fmt.Errorf("wal: read segment: %w", err)
	}
	return nil
}

// salvage is a file whose unreadable sectors are read as zeros.
type salvage struct{ io.ReaderAt }

func (s salvage) ReadAt(b []byte, off int64) (int, error) {
	if err := readAt(s.ReaderAt, b, off); err != nil {
		return 0, err
	}
	return len(b), nil
}

// readAt fills b. Unreadable sectors are returned as zeros, which are never a
// frame, so they are reported as a hole.
func readAt(file io.ReaderAt, b []byte, off int64) error {
	if len(b) == 0 {
		return nil
	}
	_, err := file.ReadAt(b, off)
	if !errors.Is(err, syscall.EIO) {
		return err
	}
	for len(b) > 0 {
		n := min(len(b), int(sector-off%sector))
		_, err := file.ReadAt(b[:n], off)
		switch {
		case errors.Is(err, syscall.EIO):
			clear(b[:n])
		case err != nil:
			return err
		}
		b, off = b[n:], off+int64(n)
	}
	return nil
}

// readHeader reads both copies of a segment's header. It returns the good one,
// and whether the other is damaged.
func readHeader(file disk.File, size int64) (h header, damaged bool, err error) {
	b := make([]byte, min(dataOffset, size))
	if err := readAt(file, b, 0); err != nil {
		return header{}, false, fmt.Errorf("wal: read segment: %w", err)
	}
	h1, err1 := parseHeader(b[:min(headerSize, len(b))])
	h2, err2 := parseHeader(b[min(headerSize, len(b)):])
	switch {
	case errors.Is(err1, ErrVersion), err1 != nil && errors.Is(err2, ErrVersion):
		return header{}, false, errors.Join(err1, err2)
	case err1 != nil && err2 != nil:
		return header{}, true, errHeader
	case err1 != nil:
		return h2, true, nil //nolint:nilerr // the other copy is good
	case err2 != nil, h1 != h2:
		return h1, true, nil //nolint:nilerr // this copy is good
	}
	return h1, false, nil
}
