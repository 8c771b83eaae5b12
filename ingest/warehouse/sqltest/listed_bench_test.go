package sqltest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

// BenchmarkListMessages reads a list of a million openers from a campaign of two
// million messages, two of whose columns were kept, and explains one of them.
func BenchmarkListMessages(b *testing.B) {
	w := enginetest.Open(b)
	w.Empty(b)
	owner := client.Connect(b, w, enginetest.WarehouseUser)
	run := func(statement string) { w.Text(b, enginetest.WarehouseUser, statement, nil) }
	run("INSERT INTO campaigns (campaign_id, name, created_at) VALUES (1, 'large', now64(3))")
	run(fmt.Sprintf(`INSERT INTO sends (campaign_id, message_id, recipient, recipient_key, domain, attributes, sent_at)
		SELECT 1, reinterpretAsUUID(sipHash128(number)), concat('person', toString(cityHash64(number)), '@example.com'), number + 1, 'example.com',
			map('name', concat('Person ', toString(number)), 'city', 'Berlin'), '2026-03-01 00:00:00' FROM numbers(%d)`, 2*benchMessages))
	for batch := range 10 {
		run(fmt.Sprintf(`INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version)
			SELECT 1, reinterpretAsUUID(sipHash128(number * 10 + %d)), toDateTime64('2026-03-01 00:00:00', 3, 'UTC') + rand(1) %% 864000, rand64(3),
				'human_direct', 'browser', 65534 FROM numbers(%d)`, batch, benchMessages/10))
	}
	for _, list := range []warehouse.List{warehouse.OpenersCertain, warehouse.NonopenersLikely, warehouse.NonopenersCertain} {
		b.Run(string(list), func(b *testing.B) {
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				err := owner.Messages(b.Context(), 1, list, func([]string) error { return nil }, func(*warehouse.ListedMessage) error { rows++; return nil })
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows)/float64(b.N), "rows/op")
		})
	}
	b.Run("explain", func(b *testing.B) {
		var ref warehouse.MessageRef
		ref.CampaignID = 1
		text := w.Text(b, enginetest.WarehouseUser, "SELECT reinterpretAsUUID(sipHash128(toUInt64(123456)))", nil)
		ref.MessageID = uuid.MustParse(strings.TrimSpace(text))
		for b.Loop() {
			if facts, err := owner.MessageFacts(b.Context(), ref); err != nil || len(facts.Events) != 1 {
				b.Fatal(err)
			}
		}
	})
}
