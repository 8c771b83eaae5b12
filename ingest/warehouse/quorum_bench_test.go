//go:build cluster

package warehouse

import (
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// BenchmarkQuorumInsert inserts 10,000 rows at a time into the replicas at
// GLINT_TEST_REPLICAS, which have glint's schema, until a majority has them. They stay.
func BenchmarkQuorumInsert(b *testing.B) {
	w, err := Connect(b.Context(), os.Getenv("GLINT_TEST_REPLICAS"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	opens := manyOpens(uint64(time.Now().UnixNano()), 10_000)
	var took []time.Duration
	for b.Loop() {
		for i := range opens { // else ClickHouse knows the rows
			opens[i].EventID++
		}
		began := time.Now()
		if err := w.InsertOpens(b.Context(), "quorum "+strconv.FormatInt(began.UnixNano(), 36), opens); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}
