package sends

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// BenchmarkMillionRows reads, derives and writes a file of a million rows: all
// of registering but the warehouse. Beside it, encoding/csv alone.
func BenchmarkMillionRows(b *testing.B) {
	var text strings.Builder
	text.WriteString("recipient,first_name,segment\n")
	for i := range 1_000_000 {
		fmt.Fprintf(&text, "Reader.%07d@mail%d.example.com,Name%d,%d\n", i, i%50, i%1000, i%7)
	}
	b.Run("csv alone", func(b *testing.B) {
		b.SetBytes(int64(text.Len()))
		b.ReportAllocs()
		for b.Loop() {
			r, w := csv.NewReader(strings.NewReader(text.String())), csv.NewWriter(io.Discard)
			r.ReuseRecord = true
			for {
				cells, err := r.Read()
				if errors.Is(err, io.EOF) {
					break
				}
				if err == nil {
					err = w.Write(cells)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			w.Flush()
		}
	})
	b.Run("read derive write", func(b *testing.B) {
		b.SetBytes(int64(text.Len()))
		b.ReportAllocs()
		keys := ring(b)
		for b.Loop() {
			r, err := ReadRecipients(strings.NewReader(text.String()), ReadOptions{})
			if err != nil {
				b.Fatal(err)
			}
			batch := &Batch{Recipients: r, Campaign: campaign(), BaseURL: "https://pixel.example.com", Style: StyleToken, Ring: keys}
			if err := errors.Join(batch.Derive(), batch.WriteCSV(io.Discard)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
