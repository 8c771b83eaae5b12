package wal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"glint/ingest/host/atomicfile"
	"glint/ingest/host/disk"
)

// Content is the new content of a rewritten record.
type Content struct {
	Codec        Codec
	DecodedBytes uint64
	Lines        uint32
	Body         []byte // zstd, if its new content is shorter than the old; the rest of its place becomes a skippable frame
}

// Rewritten is the result of Rewrite.
type Rewritten struct {
	Records uint64 // number of records that changed
	Dropped int    // segments that were deleted, since a record did not fit in its place
}

// ErrNoFit is returned by Rewrite if a record's new content is larger than the
// old one and its segment has unreleased records.
var ErrNoFit = errors.New("wal: a record that has to be rewritten does not fit in its place yet")

// Rewrite replaces the content of existing records. change is called with each
// record, and returns nil to keep it. Numbers, offsets and sizes stay the same,
// and each segment is replaced atomically, so readers and a power cut see
// either the old records or the new ones. Records appended meanwhile are not
// visited.
//
// If a record's new content does not fit, its segment and all older ones are
// deleted, provided that all are released; otherwise Rewrite returns ErrNoFit.
// Rewrite works on the real file system only.
func (l *Log) Rewrite(ctx context.Context, change func(Position, *Record) (*Content, error)) (done Rewritten, err error) {
	if _, ok := l.opt.FS.(disk.OS); !ok {
		return done, errors.New("wal: rewrite: not a file system of the machine")
	}
	if err := l.Seal(ctx); err != nil {
		return done, err
	}
	l.mu.Lock()
	var segments []*segment
	for _, s := range l.segments {
		if !s.active && s.end > s.first {
			segments = append(segments, s)
		}
	}
	l.mu.Unlock()
	var noFit *segment
	for _, s := range segments {
		if ctx.Err() != nil {
			return done, ctx.Err()
		}
		n, err := l.rewriteSegment(s, change)
		done.Records += n
		if errors.Is(err, ErrNoFit) {
			noFit, err = s, nil
		}
		if err != nil {
			return done, fmt.Errorf("rewrite segment %s: %w", s.name, err)
		}
	}
	if noFit != nil {
		done.Dropped, err = l.dropThrough(ctx, noFit)
	}
	return done, err
}

// edit is a record to be changed.
type edit struct {
	offset, size int64 // of its frame
	frame        frame
	source       string
	content      *Content
}

// rewriteSegment replaces one segment if any of its records changes.
func (l *Log) rewriteSegment(s *segment, change func(Position, *Record) (*Content, error)) (records uint64, err error) {
	edits, err := l.edits(s, change)
	if err != nil || len(edits) == 0 {
		return 0, err
	}
	l.deleting.Lock() // so that it is not deleted while it is replaced
	defer l.deleting.Unlock()
	path := filepath.Join(l.opt.Dir, s.name)
	old, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer func() { _ = old.Close() }()
	fits := error(nil)
	err = atomicfile.Write(path, func(w io.Writer) error {
		var at int64
		for i := range edits {
			e := &edits[i]
			b, ok := e.encode(s.salt)
			if !ok {
				fits = ErrNoFit
				continue // the other records still change
			}
			if _, err := io.Copy(w, io.NewSectionReader(old, at, e.offset-at)); err != nil {
				return err
			}
			if _, err := w.Write(b); err != nil {
				return err
			}
			at = e.offset + e.size
			records++
		}
		_, err := io.Copy(w, io.NewSectionReader(old, at, 1<<62))
		return err
	})
	return records, errors.Join(err, fits)
}

// edits returns the records of a segment to be changed.
func (l *Log) edits(s *segment, change func(Position, *Record) (*Content, error)) (edits []edit, err error) {
	f, err := l.opt.FS.Open(filepath.Join(l.opt.Dir, s.name), false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the segment was deleted
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	avail, err := f.Size()
	if err != nil {
		return nil, err
	}
	sc := newScanner(f, &s.header, avail, s.size)
	sc.end = s.end
	var r Reader
	for {
		it, err := sc.scan()
		if errors.Is(err, io.EOF) {
			return edits, nil
		}
		if err != nil {
			return nil, err
		}
		if it.hole || it.frame.kind != kindRecord {
			continue
		}
		record := r.record(&it)
		content, err := change(Position{Segment: s.seq, Record: it.frame.number}, &record)
		if err != nil {
			return nil, err
		}
		if content != nil {
			edits = append(edits, edit{it.off, it.end - it.off, it.frame, record.Source, content})
		}
	}
}

// skippable is the magic number of a skippable zstd frame, which a decoder
// skips (RFC 8878 §3.1.2).
const skippable = "\x50\x2a\x4d\x18"

// encode returns the frame with its new content in the size of the old one, or
// false if it does not fit.
func (e *edit) encode(salt uint32) ([]byte, bool) {
	body := e.content.Body
	room := e.size - frameSize - int64(len(e.source)) // of body and padding
	switch free := room - int64(len(body)); {
	case free < 0:
		return nil, false
	case free >= alignment: // more than padding: at least eight bytes, the head of a skippable frame
		body = append(append(body[:len(body):len(body)], skippable...), 0, 0, 0, 0)
		binary.LittleEndian.PutUint32(body[len(body)-4:], uint32(free-alignment))
		body = append(body, make([]byte, free-alignment)...)
	}
	r := Record{Source: e.source, Body: body}
	f := e.frame
	f.codec, f.decoded, f.lines, f.bodyLen = e.content.Codec, e.content.DecodedBytes, e.content.Lines, uint32(len(body))
	var scratch [maxSource]byte
	f.bodySum = bodySum(&r, scratch[:])
	b := f.append(make([]byte, 0, e.size), salt)
	b = append(append(b, e.source...), body...)
	b = append(b, padding(len(e.source)+len(body))...)
	return b, int64(len(b)) == e.size
}

// dropThrough deletes the segments up to and including last, if all are
// released, and returns their number.
func (l *Log) dropThrough(ctx context.Context, last *segment) (dropped int, err error) {
	l.Release(Position{}) // updates segments sealed since the last call
	if err := l.do(ctx, func() error { return l.committer.open() }); err != nil {
		return 0, err // the newest segment stays, so a newer one is needed
	}
	for l.deleteOldest(func(s *segment) bool { return s.seq <= last.seq }) {
		dropped++
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.segments) > 0 && l.segments[0].seq <= last.seq {
		return dropped, ErrNoFit
	}
	return dropped, nil
}

// Position returns the number of the first record that is not released, and of the
// next one.
func (l *Log) Position() (released, next uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.released, l.next
}
