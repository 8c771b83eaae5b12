package wal

import (
	"fmt"
	"math"
	"time"
)

// Codec says how a record's body is compressed. The log stores bodies as they
// are and never looks into them.
type Codec uint8

// The codecs. The numbers are part of the format.
const (
	CodecNone   Codec = 0
	CodecGzip   Codec = 1
	CodecZstd   Codec = 2
	CodecSnappy Codec = 3
)

// String returns the codec's name as in Content-Encoding; "identity" for none.
func (c Codec) String() string {
	switch c {
	case CodecNone:
		return "identity"
	case CodecGzip:
		return "gzip"
	case CodecZstd:
		return "zstd"
	case CodecSnappy:
		return "snappy"
	}
	return fmt.Sprintf("codec %d", uint8(c))
}

// Record is one body of lines with what is known about it.
type Record struct {
	ReceivedAt   time.Time // kept to the millisecond, UTC
	Source       string    // label of who sent it, at most 255 bytes
	Codec        Codec     // of Body
	DecodedBytes uint64    // size of the body without compression
	Lines        uint32    // lines in the body
	Body         []byte    // as it came
}

// Position names a record. Record alone identifies it: numbers start at 1, go
// up by one from record to record, and are never used twice for records that
// were acknowledged. Segment says in which file it was found. The zero Position
// is before every record.
type Position struct {
	Segment uint64
	Record  uint64
}

// Next returns the position after p: where to go on reading, and what to
// Release when p is acknowledged.
func (p Position) Next() Position { return Position{Segment: p.Segment, Record: p.Record + 1} }

const maxSource = math.MaxUint8

func (r *Record) check(maxBytes int64) error {
	switch {
	case len(r.Source) > maxSource:
		return fmt.Errorf("%w: source of %d bytes, at most %d", ErrRecord, len(r.Source), maxSource)
	case int64(len(r.Body)) > maxBytes:
		return fmt.Errorf("%w: body of %d bytes, at most %d", ErrRecord, len(r.Body), maxBytes)
	}
	return nil
}
