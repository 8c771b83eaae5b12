package warehouse

import (
	"fmt"
	"path/filepath"
	"testing"

	"glint/ingest/warehouse/enginetest"
)

// BenchmarkInsertIntoShards inserts batches into one server and into two shards, and prints
// how many rows a second the second does of the first one's. On one machine both have the
// same cores.
func BenchmarkInsertIntoShards(b *testing.B) {
	const rows = 50_000
	var perSecond [3]float64
	for _, n := range []int{1, 2} {
		s, err := enginetest.StartShards(filepath.Join(b.TempDir(), "shards"), n)
		if err != nil {
			b.Fatal(err)
		}
		w, err := ConnectCluster(b.Context(), s.DSN(0), enginetest.Cluster)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := w.Migrate(b.Context()); err != nil {
			b.Fatal(err)
		}
		_ = w.Close()
		if w, err = Connect(b.Context(), s.DSN(0)); err != nil {
			b.Fatal(err)
		}
		opens, inserted := manyOpens(1, rows), 0
		b.Run(fmt.Sprint("servers=", n), func(b *testing.B) {
			for b.Loop() {
				for i := range opens {
					opens[i].EventID++
				}
				inserted++
				if err := w.InsertOpens(b.Context(), fmt.Sprint("batch ", inserted), opens); err != nil {
					b.Fatal(err)
				}
			}
			perSecond[n] = rows * float64(b.N) / b.Elapsed().Seconds()
			b.ReportMetric(perSecond[n], "rows/s")
			if n == 2 {
				b.ReportMetric(perSecond[2]/perSecond[1], "x-of-one")
			}
		})
		_ = w.Close()
		if err := s.Stop(); err != nil {
			b.Fatal(err)
		}
	}
}
