package wal

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// request is a task for the committer: a record to write, or the function op.
type request struct {
	record *Record
	sum    uint32 // checksum of the record's body
	size   int64  // of its frame
	op     func() error

	scratch  [maxSource]byte
	position Position
	err      error
	done     chan struct{} // capacity 1
}

var requests = sync.Pool{New: func() any { return &request{done: make(chan struct{}, 1)} }}

// Append writes a record and returns its position once it is on disk. Records
// of concurrent callers share one fsync. Append owns r and its body until it
// returns. ctx can cancel the record only while it waits for its turn.
//
// After an error the record may or may not be in the log, and may be sent
// again. ErrQuota and ErrNoSpace last until there is room. ErrSync does not
// last: the next record goes to a new segment.
func (l *Log) Append(ctx context.Context, r *Record) (Position, error) {
	if err := r.check(l.opt.MaxRecordBytes); err != nil {
		return Position{}, err
	}
	if err := ctx.Err(); err != nil {
		return Position{}, fmt.Errorf("wal: append: %w", err)
	}
	q := requests.Get().(*request)
	q.record, q.sum = r, bodySum(r, q.scratch[:])
	q.size = padded(frameSize + int64(len(r.Source)) + int64(len(r.Body)))
	defer func() { q.record = nil; requests.Put(q) }()
	if err := l.enqueue(q); err != nil {
		return Position{}, err
	}
	if err := l.await(ctx, q); err != nil {
		return Position{}, err
	}
	return q.position, nil
}

// do makes the committer run op between two groups.
func (l *Log) do(ctx context.Context, op func() error) error {
	q := &request{op: op, done: make(chan struct{}, 1)}
	if err := l.enqueue(q); err != nil {
		return err
	}
	return l.await(ctx, q)
}

// Seal ends the current segment if it has records, so that they can be released
// and deleted without waiting for its size or age.
func (l *Log) Seal(ctx context.Context) error {
	return l.do(ctx, func() error { return l.committer.seal() })
}

func (l *Log) enqueue(q *request) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	if over := l.overQuota(q.size); over > 0 {
		l.mu.Unlock()
		l.reclaim(over)
		l.mu.Lock()
		if l.overQuota(q.size) > 0 {
			l.counts.refusedQuota++
			return ErrQuota
		}
		if l.closed {
			return ErrClosed
		}
	}
	l.queue = append(l.queue, q)
	l.queued += q.size
	l.wakeCommitter()
	return nil
}

// overQuota returns the number of bytes by which n more would exceed the quota. The caller
// holds l.mu.
func (l *Log) overQuota(n int64) int64 {
	if l.opt.MaxBytes <= 0 || n == 0 {
		return 0
	}
	return l.bytes.Load() + l.queued + n - l.opt.MaxBytes
}

// await returns q's result. If ctx ends while q waits for its turn, q is
// withdrawn; later it cannot be.
func (l *Log) await(ctx context.Context, q *request) error {
	select {
	case <-q.done:
		return q.err
	case <-ctx.Done():
	}
	l.mu.Lock()
	if i := slices.Index(l.queue, q); i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
		l.queued -= q.size
		l.mu.Unlock()
		return fmt.Errorf("wal: append: %w", ctx.Err())
	}
	l.mu.Unlock()
	<-q.done
	return q.err
}
