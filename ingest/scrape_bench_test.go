package ingest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/admission"
	"glint/ingest/receiver"
	"glint/ingest/wal"
)

// BenchmarkScrape reads the metrics of a log with that many segments in its
// backlog, and asks the gate, which happens for every body.
func BenchmarkScrape(b *testing.B) {
	for _, segments := range []int{1, 1000} {
		o := wal.Options{SegmentBytes: 1, MaxBytes: 1 << 30}
		lanes, err := wal.OpenLanes(b.TempDir(), o, o, o)
		if err != nil {
			b.Fatal(err)
		}
		for n := range segments {
			record := wal.Record{ReceivedAt: time.Now(), Source: fmt.Sprint("source", n%4), Lines: 1, Body: []byte("{}\n")}
			if _, err := lanes.Live.Append(b.Context(), &record); err != nil {
				b.Fatal(err)
			}
		}
		registry := prometheus.NewRegistry()
		registry.MustRegister(newWALCollector(lanes))
		gate := newGate(lanes, admission.DiskWatermarks{Stop: 1, Resume: 2}, func() []string { return []string{"source0", "source1", "source2", "source3"} }, false)
		registry.MustRegister(gate)
		h := metricsHandler(registry)
		b.Run(fmt.Sprintf("metrics/segments=%d", segments), func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
				if w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
		b.Run(fmt.Sprintf("admit/segments=%d", segments), func(b *testing.B) {
			for b.Loop() {
				if err := gate.Admit(receiver.LaneLive, "source0"); err != nil {
					b.Fatal(err)
				}
			}
		})
		if err := lanes.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
