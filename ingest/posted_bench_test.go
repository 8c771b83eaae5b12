package ingest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/ingest/warehouse"
)

// BenchmarkPostedMessage measures one message per post, as a sender waits for it: by
// one client, and by 16 at once. Its baseline is the engine's insert of one row into
// sends, without anything beside it; it comes last, since it leaves a part for each row.
func BenchmarkPostedMessage(b *testing.B) {
	engine := newEngine(b)
	w := engine.migrated(b)
	c, err := w.EnsureCampaign(b.Context(), "bare")
	if err != nil {
		b.Fatal(err)
	}
	s := runService(b, b.TempDir(), engine.dsn, withSends(b, sendsHome{}))
	for _, clients := range []int{1, 16} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			run := uuid.NewString()
			measure(b, clients, func(i int) error {
				a := postSends(b, s, "?campaign=one", sendsToken, fmt.Appendf(nil, `{"recipient":"r%d-%s@example.com"}`, i, run))
				if a.Stored != 1 {
					return fmt.Errorf("%+v", a)
				}
				return nil
			})
			s.registered(b)
		})
	}
	b.Run("bare_insert", func(b *testing.B) {
		measure(b, 1, func(int) error {
			id := uuid.New()
			return w.InsertSends(b.Context(), id.String(), []warehouse.Send{{CampaignID: c.ID, MessageID: id, Recipient: id.String(), URLStyle: warehouse.StyleToken}})
		})
	})
}

// measure calls do b.N times, by so many at once, and reports how long it takes.
func measure(b *testing.B, clients int, do func(i int) error) {
	if err := do(-1); err != nil { // connects
		b.Fatal(err)
	}
	took := make([]time.Duration, b.N)
	b.ResetTimer()
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			for i := client; i < b.N; i += clients {
				began := time.Now()
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	slices.Sort(took)
	for _, part := range []int{50, 95, 99} {
		b.ReportMetric(float64(took[(len(took)-1)*part/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", part))
	}
}
