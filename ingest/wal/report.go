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
	Segment     uint64    `json:"segment"`
	File        string    `json:"file"`
	FirstRecord uint64    `json:"first_record"`
	Records     uint64    `json:"records"` // good ones
	Lines       uint64    `json:"lines"`
	BodyBytes   uint64    `json:"body_bytes"` // as stored
	FileBytes   int64     `json:"file_bytes"`
	CreatedAt   time.Time `json:"created_at"`
	Sealed      bool      `json:"sealed"`
	Damages     int       `json:"damages"`
	LostRecords uint64    `json:"lost_records"` // repaired before: their bytes are in quarantine
}

// Report is what Inspect and Repair found in a log. The json tags here are a
// contract: cli/JSON.md.
type Report struct {
	Dir      string          `json:"dir"`
	Lane     string          `json:"lane"`
	Segments []SegmentReport `json:"segments"`
	Damages  []Damage        `json:"damages"` // repaired, if Repair made the report
	// TornBytes at the end belong to a record that was never acknowledged: it
	// was being written when the process or the machine stopped.
	TornBytes int64 `json:"torn_bytes"`
	// QuarantineFiles and QuarantineBytes are kept aside from damage.
	QuarantineFiles int   `json:"quarantine_files"`
	QuarantineBytes int64 `json:"quarantine_bytes"`
}

// Records returns the number of good records.
func (r *Report) Records() (n uint64) {
	for i := range r.Segments {
		n += r.Segments[i].Records
	}
	return n
}
