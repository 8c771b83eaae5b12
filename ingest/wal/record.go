package wal

import (
	"fmt"
	"math"
	"time"
)

// Codec is the compression of a body. The log stores it without interpretation:
// package receiver/codec defines the numbers, which are part of the format.
type Codec uint8

// Record is one body of lines with its metadata.
type Record struct {
	ReceivedAt   time.Time // truncated to milliseconds, UTC
	Source       string    // label of the sender, at most 255 bytes
	Codec        Codec     // of Body
	DecodedBytes uint64    // size of the decoded body
	Lines        uint32    // lines in the body
	Body         []byte    // as received
}

// Position identifies a record by its number. Numbers start at 1, grow by one,
// and are never reused for acknowledged records. Segment is the file in which
// the record was found. The zero Position is before every record.
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
