package batch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"glint/ingest/host/backoff"
	"glint/ingest/receiver/codec"
	"glint/ingest/wal"
)

// Body is the lines of one record of the log, decompressed.
type Body struct {
	Record     uint64 // number in the log, from 1, without gaps
	ReceivedAt time.Time
	Source     string
	Count      int    // number of lines, from the log's header
	Lines      []byte // not to be changed: rows share these bytes
	Free       func() // called when Lines is no longer needed; may be nil
}

// Source is the origin of a pipeline's records: a lane of the write-ahead log.
type Source interface {
	// Read returns an iterator over the records from number first, or from the
	// oldest one left. Each call waits for the next record until ctx ends; it
	// returns durable records only.
	Read(first uint64) func(ctx context.Context) (Body, error)
	// Last returns the number of the newest record, or 0 if the log is empty.
	Last() uint64
	// Release lets the log delete the records before that number, which are in
	// the warehouse. It returns the number of the oldest record left.
	Release(before uint64) (oldest uint64)
}

// logSource reads one lane of the write-ahead log and decodes its bodies.
type logSource struct {
	log    *wal.Log
	logger *slog.Logger
}

// NewSource returns the Source that reads and decodes the records of a lane of
// the write-ahead log. It retries a record that cannot be read every second.
func NewSource(log *wal.Log, logger *slog.Logger) Source { return logSource{log, logger} }

// Read implements Source.
func (l logSource) Read(first uint64) func(context.Context) (Body, error) {
	r := l.log.NewReader(wal.Position{Record: first})
	return func(ctx context.Context) (Body, error) {
		record, at, err := l.next(ctx, r)
		if err != nil {
			return Body{}, err
		}
		return decodeRecord(&record, at)
	}
}

// next waits for the next record. It fails when ctx ends or the log is closed.
func (l logSource) next(ctx context.Context, r *wal.Reader) (wal.Record, wal.Position, error) {
	record, at, err := r.Next(ctx)
	for err != nil && ctx.Err() == nil && !errors.Is(err, wal.ErrClosed) {
		// A lack of descriptors or a disk error may be temporary.
		l.logger.Warn("record not read, trying again", "error", err)
		_ = backoff.Sleep(ctx, time.Second) // Next returns the error of ctx
		record, at, err = r.Next(ctx)
	}
	return record, at, err
}

// decodeRecord returns the lines of a record. It fails only if the record
// differs from the number counted when it was received.
func decodeRecord(r *wal.Record, at wal.Position) (b Body, err error) {
	b = Body{Record: at.Record, ReceivedAt: r.ReceivedAt, Source: r.Source, Count: int(r.Lines)}
	// One byte more, so that the end is detected without growing the buffer.
	b.Lines, b.Free = lineBuffer(int(r.DecodedBytes) + 1)
	b.Lines, err = codec.AppendDecoded(b.Lines, codec.Codec(r.Codec), r.Body, int64(r.DecodedBytes))
	if err != nil {
		return Body{}, fmt.Errorf("decode record %d: %w", at.Record, err)
	}
	return b, nil
}

// lineBuffers pools memory for the lines of large bodies.
var lineBuffers sync.Pool // of *[]byte

// minPooledBytes is the smallest size of memory that is pooled.
const minPooledBytes = 64 << 10

// lineBuffer returns an empty slice with room for n bytes. free returns the
// memory to the pool; nil: it is not pooled.
func lineBuffer(n int) (empty []byte, free func()) {
	if n < minPooledBytes {
		return make([]byte, 0, n), nil
	}
	buffer, _ := lineBuffers.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	*buffer = slices.Grow((*buffer)[:0], n)
	return *buffer, func() { lineBuffers.Put(buffer) }
}

// Last implements Source.
func (l logSource) Last() uint64 {
	_, next := l.log.Position()
	return next - 1
}

// Release implements Source.
func (l logSource) Release(before uint64) (oldest uint64) {
	l.log.Release(wal.Position{Record: before})
	return l.log.Oldest()
}
