package wal

import (
	"fmt"
	"math"
	"time"
)

// Codec is the number of a body's compression, which the log keeps and never
// looks into: see receiver/codec, whose numbers are part of the format.
type Codec uint8

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
