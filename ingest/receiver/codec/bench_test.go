package codec

import (
	"testing"

	"glint/ingest/receiver/linegen"
)

// BenchmarkCount measures how fast one processor decodes and counts: the upper
// bound for a server that must know the number of lines.
func BenchmarkCount(b *testing.B) {
	const lines = 10_000
	text := linegen.Body(1, lines)
	for _, c := range []struct {
		codec Codec
		sent  []byte
	}{{Plain, text}, {Gzip, gzipped(string(text))}, {Zstd, zstded(string(text))}, {Snappy, snapped(string(text))}} {
		b.Run(c.codec.String(), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if got, err := Count(c.codec, c.sent, Limits{Bytes: 1 << 30, LineBytes: 4096}, nil); err != nil || got.Lines != lines {
					b.Fatal(got, err)
				}
			}
			b.ReportMetric(float64(b.N)*lines/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(len(c.sent))/lines, "sent_bytes/event")
		})
	}
}
