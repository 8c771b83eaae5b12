package log

import (
	"fmt"
	"path/filepath"

	"glint/cli/internal/output"
	"glint/ingest/wal"
)

func segmentTable(reports []*wal.Report) *output.Table {
	t := output.NewTable("LOG", "SEGMENT", "FIRST RECORD", "RECORDS", "LINES", "BYTES", "CREATED AT", "STATE", "LOST", "DAMAGES").
		AlignRight(1, 2, 3, 4, 5, 8, 9)
	var segments int
	var sum wal.SegmentReport
	for _, r := range reports {
		for _, s := range r.Segments {
			t.Row(filepath.Base(r.Dir), fmt.Sprint(s.Segment), output.Count(s.FirstRecord), output.Count(s.Records),
				output.Count(s.Lines), output.Count(uint64(s.FileBytes)), output.Time(&s.CreatedAt), state(&s),
				output.Count(s.LostRecords), fmt.Sprint(s.Damages))
			sum.Records += s.Records
			sum.Lines += s.Lines
			sum.FileBytes += s.FileBytes
			sum.LostRecords += s.LostRecords
		}
		segments += len(r.Segments)
	}
	t.Row("total", fmt.Sprint(segments), "", output.Count(sum.Records), output.Count(sum.Lines),
		output.Count(uint64(sum.FileBytes)), "", "", output.Count(sum.LostRecords), fmt.Sprint(damages(reports)))
	return t
}

func state(s *wal.SegmentReport) string {
	if s.Sealed {
		return "sealed"
	}
	return "open"
}

func writeDamages(o *options, reports []*wal.Report) error {
	for _, r := range reports {
		noteTornEnd(o, r)
	}
	if o.format == "json" {
		return output.WriteJSON(o.app.Out, reports)
	}
	if damages(reports) == 0 {
		return nil
	}
	t := output.NewTable("LOG", "FILE", "OFFSET", "BYTES", "WHAT", "RECORDS LOST").AlignRight(2, 3)
	for _, r := range reports {
		for _, d := range r.Damages {
			t.Row(filepath.Base(r.Dir), d.File, fmt.Sprint(d.Offset), fmt.Sprint(d.Bytes), reason(&d), lost(&d))
		}
	}
	return t.Write(o.app.Out)
}

// reason returns the kind of damage in words.
func reason(d *wal.Damage) string {
	switch d.Reason {
	case wal.BadHeader:
		return "one of two copies of the header"
	case wal.LostHeader:
		return "no copy of the header is good"
	case wal.Truncated:
		return "shorter than it was"
	case wal.MissingData:
		return "records are missing"
	case wal.DoubtfulEnd:
		return "the end, damaged or not finished"
	}
	if !d.Acknowledged {
		return "in the last group, damaged or not finished"
	}
	return "damaged"
}

func lost(d *wal.Damage) string {
	switch {
	case d.Records == 1:
		return fmt.Sprintf("1 (%d)", d.FirstRecord)
	case d.Records > 1:
		return fmt.Sprintf("%d (%d–%d)", d.Records, d.FirstRecord, d.FirstRecord+d.Records-1)
	case d.Reason == wal.BadHeader:
		return "0"
	}
	return "unknown"
}
