package batch

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/receiver/linegen"
)

const benchLines = 20_000

// BenchmarkDecode makes rows of real-looking lines; of its time, the parts that
// are other packages' work are shown beside it.
func BenchmarkDecode(b *testing.B) {
	ring, err := token.NewRing(token.Key{ID: 1, State: token.Signing})
	if err != nil {
		b.Fatal(err)
	}
	body := linegen.Body(1, benchLines)
	lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
	received := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC) // after linegen's lines
	perLine := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchLines, "ns/line")
	}
	b.Run("parse", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var e event.Event
			for _, line := range lines {
				if err := e.Parse(line); err != nil {
					b.Fatal(err)
				}
			}
		}
		perLine(b)
	})
	// Half of linegen's user agents come but once in a body; in real mail most
	// come again and again.
	rows := func(body []byte) func(b *testing.B) {
		return func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				d := decoder{ring: ring, bodies: []Body{{Source: "live", ReceivedAt: received, Lines: body, Count: benchLines}}}
				if err := d.decode(b.Context()); err != nil {
					b.Fatal(err)
				}
				if len(d.opens.rows) != benchLines {
					b.Fatalf("%d of %d lines became opens", len(d.opens.rows), benchLines)
				}
			}
			perLine(b)
		}
	}
	b.Run("rows", rows(body))
	b.Run("rows of few user agents", rows(bytes.Repeat(linegen.Body(1, benchLines/40), 40)))
}
