package wal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"glint/ingest/host/disk"
)

// Reader returns the records of a log in order, and waits for new ones. Its
// memory is one window of 256 KiB, or one record if that is larger, whatever
// the backlog. A Reader is not safe for concurrent use; a log may have many.
//
// Unreadable bytes are copied into quarantine, reported and counted, and the
// reader continues with the next good record. The gap shows in the positions,
// which then skip numbers.
type Reader struct {
	log    *Log
	next   uint64 // number of the record to return next
	seg    *segment
	final  bool // seg does not grow any more
	file   disk.File
	sc     *scanner
	source string // source of the last record, reused if equal
}

// NewReader returns a reader from that position on, or from the oldest record
// if older ones have been deleted.
func (l *Log) NewReader(from Position) *Reader {
	return &Reader{log: l, next: max(from.Record, 1)}
}

// Next returns the next record that is on disk, and waits for it. The
// body is valid until the next call. It returns ErrClosed after the log's
// Close, the error of ctx, or an error of the disk; after the latter two Next
// may be called again.
func (r *Reader) Next(ctx context.Context) (Record, Position, error) {
	for {
		if r.sc == nil {
			if err := r.enter(ctx); err != nil {
				return Record{}, Position{}, err
			}
		}
		it, err := r.sc.scan()
		switch {
		case errors.Is(err, io.EOF):
			if err := r.more(ctx); err != nil {
				return Record{}, Position{}, err
			}
		case err != nil:
			return Record{}, Position{}, err
		case it.hole:
			r.damaged(&it)
		case it.frame.kind == kindRecord:
			r.next = it.frame.number + 1
			return r.record(&it), Position{Segment: r.seg.seq, Record: it.frame.number}, nil
		}
	}
}

// Close ends the reader.
func (r *Reader) Close() error {
	r.sc, r.seg = nil, nil
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

func (r *Reader) record(it *item) Record {
	if string(it.source) != r.source {
		r.source = string(it.source)
	}
	return Record{
		ReceivedAt: time.UnixMilli(it.frame.at).UTC(), Source: r.source, Codec: it.frame.codec,
		DecodedBytes: it.frame.decoded, Lines: it.frame.lines, Body: it.body,
	}
}

// enter opens the segment of the next record, once there is one.
func (r *Reader) enter(ctx context.Context) error {
	for {
		entered, wait, err := r.tryEnter()
		if entered || err != nil {
			return err
		}
		if err := awaitChange(ctx, wait); err != nil {
			return err
		}
	}
}

// tryEnter opens the segment of the next record, or returns a channel to wait
// on.
func (r *Reader) tryEnter() (entered bool, wait <-chan struct{}, err error) {
	l := r.log
	l.deleting.Lock() // so that the segment is not deleted before it is opened
	defer l.deleting.Unlock()
	l.mu.Lock()
	s := l.segmentOf(r.next)
	if l.closed {
		l.mu.Unlock()
		return false, nil, ErrClosed
	}
	if s == nil || (s.active && s.end <= r.next) {
		defer l.mu.Unlock()
		return false, l.onChange(), nil
	}
	size, end, final, oldest := s.size, s.end, !s.active, s == l.segments[0]
	l.mu.Unlock()
	if s.first > r.next && !oldest {
		r.log.damaged(&Damage{
			Segment: s.seq, File: s.name, Reason: MissingData,
			FirstRecord: r.next, Records: s.first - r.next, Acknowledged: true,
		}, nil, 0)
	}
	r.next = max(r.next, s.first)
	f, err := l.opt.FS.Open(filepath.Join(l.opt.Dir, s.name), false)
	if err != nil {
		return false, nil, fmt.Errorf("wal: open segment: %w", err)
	}
	avail, err := f.Size()
	if err != nil {
		return false, nil, errors.Join(fmt.Errorf("wal: open segment: %w", err), f.Close())
	}
	r.file, r.seg, r.final = f, s, final
	r.sc = newScanner(f, &s.header, avail, size)
	r.sc.skip = r.next
	if final {
		r.sc.end = end
	}
	return true, nil, nil
}

// more is called at the end of the known part of the segment: it learns of new
// records, waits, or moves to the next segment.
func (r *Reader) more(ctx context.Context) error {
	l := r.log
	l.mu.Lock()
	switch {
	case l.closed:
		l.mu.Unlock()
		return ErrClosed
	case r.seg.size > r.sc.limit:
		r.sc.limit, r.sc.avail = r.seg.size, r.seg.size
		r.final = !r.seg.active
		l.mu.Unlock()
		return nil
	case r.seg.active:
		wait := l.onChange()
		l.mu.Unlock()
		return awaitChange(ctx, wait)
	}
	end := r.seg.end
	l.mu.Unlock()
	if r.sc.next < end {
		r.damaged(&item{off: r.sc.off, end: r.sc.off, first: r.sc.next, lost: end - r.sc.next})
	}
	r.next = max(r.next, end)
	return r.Close()
}

// onChange returns a channel that is closed at the next change. The caller
// holds l.mu.
func (l *Log) onChange() <-chan struct{} {
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.changed
}

func awaitChange(ctx context.Context, wait <-chan struct{}) error {
	select {
	case <-wait:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wal: wait for records: %w", ctx.Err())
	}
}

// damaged reports a hole in the segment that is being read.
func (r *Reader) damaged(it *item) {
	d := Damage{
		Segment: r.seg.seq, File: r.seg.name, Offset: it.off, Bytes: it.end - it.off, Reason: BadFrame,
		FirstRecord: it.first, Records: it.lost, Acknowledged: true,
	}
	switch {
	case it.trailing && r.final:
		d.Records = r.seg.end - it.first // no frame follows in a finished segment, so all its remaining records are lost
		r.sc.next = r.seg.end
		if r.sc.avail < r.sc.limit {
			d.Reason = Truncated
		}
	case it.off == it.end:
		d.Reason = MissingData
	}
	if d.Records == 0 {
		d.FirstRecord = 0
	}
	r.log.damaged(&d, r.file, r.sc.avail)
}

// damaged quarantines the bytes of a damage, logs and counts it, once.
func (l *Log) damaged(d *Damage, from disk.File, size int64) {
	key := d.key()
	l.mu.Lock()
	known := l.reported[key]
	l.reported[key] = true
	if !known {
		l.counts.damages++
		l.counts.lostRecords += d.Records
	}
	l.mu.Unlock()
	if known {
		return
	}
	l.logDamage(d)
	if d.Bytes == 0 {
		return
	}
	if err := quarantine(l.opt.FS, l.opt.Dir, d, l.opt.Now(), from, size); err != nil {
		l.opt.Logger.Error("damaged bytes not kept", "dir", l.opt.Dir, "file", d.File, "error", err)
		return
	}
	files, bytes := measureQuarantine(l.opt.FS, l.opt.Dir)
	l.mu.Lock()
	l.counts.quarantineFiles, l.counts.quarantineBytes = files, bytes
	l.mu.Unlock()
}
