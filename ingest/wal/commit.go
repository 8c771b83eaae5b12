package wal

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"glint/ingest/host/disk"
)

const (
	groupBytes = 16 << 20  // largest group; a single record may be larger
	copyBelow  = 32 << 10  // smaller bodies are copied together into one write
	writeBytes = 512 << 10 // largest write of small records
)

// committer writes groups of records. It runs in one goroutine, which owns all
// its fields.
type committer struct {
	log     *Log
	nextSeq uint64
	next    uint64 // number of the next record
	file    disk.File
	seg     *segment // the segment in file; nil: no segment is open
	buf     []byte
	off     int64 // offset of buf in the file
	group   []*request
	salt    func() uint32 // for a new segment
}

func randomSalt() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint32(b[:])
}

// run works until the log is closed and the queue is empty.
func (c *committer) run() {
	defer close(c.log.done)
	for {
		for c.take() {
			c.work()
		}
		select {
		case <-c.log.wake:
		case <-c.log.stop:
			if c.take() { // a record was queued before Close
				c.work()
				continue
			}
			c.end()
			return
		}
	}
}

// take removes the next group from the queue: records up to groupBytes, or one
// operation.
func (c *committer) take() bool {
	c.gather()
	l := c.log
	l.mu.Lock()
	defer l.mu.Unlock()
	c.group = c.group[:0]
	n, size := 0, int64(0)
	for _, q := range l.queue {
		if n > 0 && (q.op != nil || size+q.size > groupBytes) {
			break
		}
		n, size = n+1, size+q.size
		if q.op != nil {
			break
		}
	}
	c.group = append(c.group, l.queue[:n]...)
	rest := copy(l.queue, l.queue[n:])
	clear(l.queue[rest:])
	l.queue = l.queue[:rest]
	l.queued -= size
	return n > 0
}

// gather waits briefly for the next records of writers that were just answered,
// so that these share this fsync instead of waiting for the next one.
func (c *committer) gather() {
	for before := -1; ; {
		c.log.mu.Lock()
		n := len(c.log.queue)
		c.log.mu.Unlock()
		if n == before {
			return
		}
		before = n
		runtime.Gosched()
	}
}

func (c *committer) work() {
	if op := c.group[0].op; op != nil {
		c.answer(op())
		return
	}
	c.answer(c.commit())
}

func (c *committer) answer(err error) {
	for i, q := range c.group {
		q.err = err
		c.group[i] = nil
		q.done <- struct{}{}
	}
}

// commit writes and syncs the group.
func (c *committer) commit() error {
	var size int64
	for _, q := range c.group {
		size += q.size
	}
	done := Commit{Records: len(c.group), Bytes: size}
	start := c.log.opt.Now()
	done.Err = c.write()
	if errors.Is(done.Err, ErrNoSpace) && c.log.reclaim(size) {
		done.Err = c.write()
	}
	written := c.log.opt.Now()
	done.Write = written.Sub(start)
	if done.Err == nil {
		done.Err = c.sync()
		done.Sync = c.log.opt.Now().Sub(written)
	}
	if done.Err == nil {
		c.publish(size)
	}
	c.log.count(&done)
	if done.Err == nil && c.seg.size >= c.log.opt.SegmentBytes {
		if err := c.seal(); err != nil {
			c.log.opt.Logger.Warn("segment not sealed", "error", err)
		}
	}
	return done.Err
}

// write writes the group into the page cache. After an error it leaves nothing
// of the group in the file.
func (c *committer) write() error {
	if err := c.open(); err != nil {
		return err
	}
	c.buf, c.off = c.buf[:0], c.seg.size
	number := c.next
	for _, q := range c.group {
		if err := c.record(q, number); err != nil {
			return c.undo(err)
		}
		number++
	}
	if err := c.flush(); err != nil {
		return c.undo(err)
	}
	return nil
}

// record encodes one frame. A large body is not copied but written from its own
// memory.
func (c *committer) record(q *request, number uint64) error {
	r := q.record
	head := frame{
		kind: kindRecord, codec: r.Codec, sourceLen: uint8(len(r.Source)), bodyLen: uint32(len(r.Body)), lines: r.Lines,
		number: number, at: r.ReceivedAt.UnixMilli(), decoded: r.DecodedBytes, durable: c.seg.size, bodySum: q.sum,
	}
	q.position = Position{Segment: c.seg.seq, Record: number}
	c.buf = head.append(c.buf, c.seg.salt)
	c.buf = append(c.buf, r.Source...)
	if len(r.Body) < copyBelow {
		c.buf = append(c.buf, r.Body...)
	} else {
		if err := c.flush(); err != nil {
			return err
		}
		if _, err := c.file.WriteAt(r.Body, c.off); err != nil {
			return err
		}
		c.off += int64(len(r.Body))
	}
	c.buf = append(c.buf, padding(len(r.Source)+len(r.Body))...)
	if len(c.buf) < writeBytes {
		return nil
	}
	return c.flush()
}

func (c *committer) flush() error {
	if len(c.buf) == 0 {
		return nil
	}
	_, err := c.file.WriteAt(c.buf, c.off)
	c.off += int64(len(c.buf))
	c.buf = c.buf[:0]
	return err
}

// undo truncates the file to its durable size. If that fails, the file is
// abandoned.
func (c *committer) undo(cause error) error {
	if err := c.file.Truncate(c.seg.size); err != nil {
		c.abandon()
	}
	return writeError("write segment", cause)
}

// sync makes the group durable. When it fails, the state of the file on disk is
// unknown, and a second fsync would succeed falsely: the kernel may have marked the
// pages clean (https://lwn.net/Articles/752063/). So nothing is
// ever written to that file again.
func (c *committer) sync() error {
	err := c.file.Sync()
	if err == nil {
		return nil
	}
	c.abandon()
	return fmt.Errorf("%w: %w", ErrSync, writeError("sync segment", err))
}

// abandon stops using the file. Its acknowledged records stay readable.
func (c *committer) abandon() {
	_ = c.file.Truncate(c.seg.size) // if it fails, the next segment's header has this one's end
	c.closeFile()
}

func (c *committer) closeFile() {
	_ = c.file.Close() // all acknowledged bytes are synced
	l := c.log
	l.mu.Lock()
	c.seg.active = false
	l.wakeReaders()
	l.mu.Unlock()
	c.file, c.seg = nil, nil
}

// publish makes the group visible to readers.
func (c *committer) publish(size int64) {
	l := c.log
	l.mu.Lock()
	l.addBacklog(c.seg, -1)
	if c.seg.end == c.seg.first {
		c.seg.firstAt = c.group[0].record.ReceivedAt
	}
	for _, q := range c.group {
		c.seg.sources[q.record.Source] += q.size
	}
	c.next += uint64(len(c.group))
	c.seg.size += size
	l.bytes.Add(size)
	c.seg.end = c.next
	l.addBacklog(c.seg, 1)
	l.next = c.next
	l.counts.lastReceivedAt = c.group[len(c.group)-1].record.ReceivedAt
	l.wakeReaders()
	l.mu.Unlock()
}

// open creates a segment if none is open. The segment's header and name are on
// disk before its first record is.
func (c *committer) open() error {
	if c.seg != nil {
		return nil
	}
	l := c.log
	now := l.opt.Now()
	s := &segment{active: true, size: dataOffset, end: c.next, sources: map[string]int64{}, firstAt: now, header: header{
		lane: l.opt.Lane, seq: c.nextSeq, first: c.next, createdAt: now, salt: c.salt(),
	}}
	l.mu.Lock()
	if n := len(l.segments); n > 0 {
		s.prevSeq, s.prevEnd = l.segments[n-1].seq, l.segments[n-1].size
	}
	l.mu.Unlock()
	s.name = fileName(s.seq, s.first)
	path := filepath.Join(l.opt.Dir, s.name)
	c.nextSeq++ // even on failure: the rest of that file must never be read as this segment
	f, err := l.opt.FS.Create(path)
	if err != nil {
		return writeError("make segment", err)
	}
	_, err = f.WriteAt(s.encode(), 0)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = l.opt.FS.SyncDir(l.opt.Dir)
	}
	if err != nil {
		_, _ = f.Close(), l.opt.FS.Remove(path) // an empty segment that stays does no harm
		return writeError("make segment", err)
	}
	l.mu.Lock()
	l.segments = append(l.segments, s)
	l.bytes.Add(s.size)
	l.mu.Unlock()
	c.file, c.seg = f, s
	return nil
}

// seal ends the segment with a seal frame, if it has records.
func (c *committer) seal() error {
	if c.seg == nil || c.seg.end == c.seg.first {
		return nil
	}
	return c.writeSeal()
}

func (c *committer) writeSeal() error {
	end := frame{kind: kindSeal, number: c.next, at: c.log.opt.Now().UnixMilli(), durable: c.seg.size}
	_, err := c.file.WriteAt(end.append(nil, c.seg.salt), c.seg.size)
	if err == nil {
		err = c.file.Sync()
	}
	if err != nil {
		c.abandon()
		return writeError("seal segment", err)
	}
	c.log.mu.Lock()
	c.log.addBacklog(c.seg, -1)
	c.seg.size += frameSize
	c.log.addBacklog(c.seg, 1)
	c.log.bytes.Add(frameSize)
	c.log.mu.Unlock()
	c.closeFile()
	return nil
}

// end is the committer's last action.
func (c *committer) end() {
	if c.seg == nil {
		return
	}
	if err := c.writeSeal(); err != nil {
		c.log.opt.Logger.Warn("segment not sealed", "error", err)
	}
}

// resume takes over the last segment from Open. A segment without frames is
// written on; any other is sealed, unless leave is set.
func (c *committer) resume(leave bool) error {
	l := c.log
	if len(l.segments) == 0 || leave {
		return nil
	}
	s := l.segments[len(l.segments)-1]
	f, err := l.opt.FS.Open(filepath.Join(l.opt.Dir, s.name), true)
	if err != nil {
		return fmt.Errorf("wal: open segment: %w", err)
	}
	c.file, c.seg = f, s
	s.active = true
	if s.size == dataOffset && s.first == c.next {
		return nil
	}
	if err := c.writeSeal(); err != nil && !errors.Is(err, ErrNoSpace) {
		return err
	}
	return nil
}

// age seals the segment if it is old enough.
func (c *committer) age(now time.Time) error {
	if c.seg == nil || now.Sub(c.seg.createdAt) < c.log.opt.SegmentAge {
		return nil
	}
	return c.seal()
}
