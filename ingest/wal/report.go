package wal

import (
	"time"
)

// Reason is the kind of a damage.
type Reason string

// The reasons.
const (
	BadHeader   Reason = "header"    // one copy of a segment's header; the other one is good
	LostHeader  Reason = "no_header" // both copies, so the segment cannot be read
	BadFrame    Reason = "frame"     // invalid bytes between good frames
	Truncated   Reason = "truncated" // a sealed segment is shorter than it was
	MissingData Reason = "missing"   // record numbers that are in no segment
	DoubtfulEnd Reason = "end"       // the last bytes are invalid, and not the beginning of an interrupted write
)

// Damage is a stretch of a log that cannot be read.
type Damage struct {
	Segment uint64 `json:"segment"`
	File    string `json:"file"`
	Offset  int64  `json:"offset"`
	Bytes   int64  `json:"bytes"`
	Reason  Reason `json:"reason"`
	// FirstRecord and Records identify the lost records; zero if none was lost,
	// or if it cannot be known.
	FirstRecord uint64 `json:"first_record,omitempty"`
	Records     uint64 `json:"records,omitempty"`
	// Acknowledged means that the bytes had been on disk, so a client may have
	// got 2xx for them. Otherwise a power cut may have caused the damage.
	Acknowledged bool `json:"acknowledged"`
}

// SegmentReport describes the contents of one segment.
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
	LostRecords uint64    `json:"lost_records"` // records in gap frames of earlier repairs; their bytes are in quarantine
}

// Report is the result of Inspect and Repair. The json tags are a contract:
// cli/JSON.md.
type Report struct {
	Dir      string          `json:"dir"`
	Lane     string          `json:"lane"`
	Segments []SegmentReport `json:"segments"`
	Damages  []Damage        `json:"damages"` // repaired, if Repair made the report
	// TornBytes are bytes at the end of a record that was never acknowledged:
	// the process or the machine stopped while writing it.
	TornBytes int64 `json:"torn_bytes"`
	// QuarantineFiles and QuarantineBytes measure the quarantine.
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
