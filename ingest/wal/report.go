package wal

import (
	"time"
)

// Reason says what is wrong with a stretch of bytes.
type Reason string

// The reasons.
const (
	BadHeader   Reason = "header"    // one copy of a segment's header; the other one is good
	LostHeader  Reason = "no_header" // both copies: the segment cannot be read
	BadFrame    Reason = "frame"     // bytes between good frames that are no good frame
	Truncated   Reason = "truncated" // a finished segment is shorter than it was
	MissingData Reason = "missing"   // record numbers that are in no segment
	DoubtfulEnd Reason = "end"       // the last bytes are no good frame, and were not cut off in the middle of one
)

// Damage is a stretch of a log that cannot be read.
type Damage struct {
	Segment uint64 `json:"segment"`
	File    string `json:"file"`
	Offset  int64  `json:"offset"`
	Bytes   int64  `json:"bytes"`
	Reason  Reason `json:"reason"`
	// FirstRecord and Records are the numbers of the records lost in it; zero
	// if none is, or if it cannot be known.
	FirstRecord uint64 `json:"first_record,omitempty"`
	Records     uint64 `json:"records,omitempty"`
	// Acknowledged says that the bytes had been on disk, and may have been
	// promised to a client. Without it, a power cut can have caused them too.
	Acknowledged bool `json:"acknowledged"`
}

// SegmentReport is what one segment holds.
type SegmentReport struct {
	Segment     uint64
	File        string
	FirstRecord uint64
	Records     uint64 // good ones
	Lines       uint64
	BodyBytes   uint64 // as stored
	FileBytes   int64
	CreatedAt   time.Time
	Sealed      bool
	Damages     int
	LostRecords uint64 // repaired before: their bytes are in quarantine
}

// Report is what Inspect and Repair found in a log.
type Report struct {
	Dir      string
	Lane     string
	Segments []SegmentReport
	Damages  []Damage // repaired, if Repair made the report
	// TornBytes at the end belong to a record that was never acknowledged: it
	// was being written when the process or the machine stopped.
	TornBytes int64
	// QuarantineFiles and QuarantineBytes are kept aside from damage.
	QuarantineFiles int
	QuarantineBytes int64
}

// Records returns the number of good records.
func (r *Report) Records() (n uint64) {
	for i := range r.Segments {
		n += r.Segments[i].Records
	}
	return n
}
