package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"glint/ingest/archive"
	"glint/ingest/receipts"
	"glint/ingest/warehouse/enginetest"
)

// spread is the event of a number; the benchmark's SQL has the same.
const spread = 0x9e3779b97f4a7c15

// BenchmarkAudit compares the receipts of one hour with as many opens, in records
// of 5,000 lines.
func BenchmarkAudit(b *testing.B) {
	for _, events := range []int{1_000_000, 10_000_000} {
		b.Run(fmt.Sprintf("events=%d", events), func(b *testing.B) {
			w := newWorld(b)
			w.fill(events)
			for b.Loop() {
				if r := w.audit(); !r.Accounted() || r.Total.InOpens != uint64(events) {
					b.Fatalf("%+v", r)
				}
			}
			b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkLiveStream reads an archive of a million lines and compares it with
// the receipts.
func BenchmarkLiveStream(b *testing.B) {
	const events = 1_000_000
	w := newWorld(b)
	w.fill(events)
	file, err := os.Create(filepath.Join(b.TempDir(), "archive"))
	if err != nil {
		b.Fatal(err)
	}
	for i := range uint64(events) {
		if _, err := file.WriteString(line(i*spread, now, nil) + "\n"); err != nil {
			b.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if r := w.audit(func(o *Options) { o.Archive = []archive.File{{Path: file.Name()}} }); r.Live.NeverArrived != 0 || r.Live.Archived != events {
			b.Fatalf("%+v", r.Live)
		}
	}
	b.ReportMetric(events*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// fill stores that many events as if they had come.
func (w *world) fill(events int) {
	w.t.Helper()
	w.engine.Text(w.t, enginetest.WarehouseUser, fmt.Sprintf(
		"INSERT INTO opens (campaign_id, message_id, opened_at, event_id, received_at, source) "+
			"SELECT 1, generateUUIDv4(), fromUnixTimestamp64Milli(%[1]d), number * %[2]d, fromUnixTimestamp64Milli(%[1]d), 'edge' FROM numbers(%[3]d)",
		now.UnixMilli(), uint64(spread), events), nil)
	const lines = 5000
	for first := 0; first < events; first += lines {
		a := accepted{lane: "live", source: "edge", at: now, record: uint64(first/lines + 1)}
		for i := range uint64(lines) {
			a.events = append(a.events, (uint64(first)+i)*spread)
		}
		w.testify(&a, func(r *receipts.Receipt) { r.Lines = lines })
	}
}
