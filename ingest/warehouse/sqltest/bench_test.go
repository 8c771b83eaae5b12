package sqltest

import (
	"fmt"
	"testing"

	"glint/ingest/warehouse/enginetest"
	"glint/schema"
)

// benchMessages is the number of messages of the largest campaign; 40 % of them
// are opened 2.5 times. As much again lies in other campaigns.
const benchMessages = 1_000_000

// BenchmarkReport reads reports from tables whose parts overlap, as they do
// while a campaign runs.
func BenchmarkReport(b *testing.B) {
	w := enginetest.Open(b)
	w.Empty(b)
	fillForBenchmark(b, w)
	for _, size := range []struct{ name, id string }{{"messages=1000000", "1"}, {"messages=10000", "2"}} {
		b.Run(size.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.Text(b, enginetest.ReaderUser, schema.Query("report"),
					map[string]string{"param_campaign_id": size.id, "use_query_condition_cache": "0"})
			}
		})
	}
}

func fillForBenchmark(b *testing.B, w *enginetest.Warehouse) {
	b.Helper()
	run := func(statement string) { w.Text(b, enginetest.WarehouseUser, statement, nil) }
	run("INSERT INTO campaigns (campaign_id, name, created_at) SELECT number + 1, toString(number), now64(3) FROM numbers(101)")
	run(fmt.Sprintf(`INSERT INTO sends (campaign_id, message_id, recipient)
		SELECT if(number < %[1]d, 1, 2 + number %% 100), reinterpretAsUUID(sipHash128(number)), toString(number) FROM numbers(%[1]d * 2)`, benchMessages))
	for batch := range 10 {
		run(fmt.Sprintf(`INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version)
			WITH number %% 2 = 0 AS largest, rand(2) %% 100 AS dice,
				if(largest, 0, %[1]d) + rand64(4) %% intDiv(%[1]d * 4, 10) AS message
			SELECT if(largest, 1, 2 + message %% 100), reinterpretAsUUID(sipHash128(toUInt64(message))),
				toDateTime64('2026-03-01 00:00:00', 3, 'UTC') + %[2]d * 86400 + rand(1) %% 86400, rand64(3),
				multiIf(dice < 50, 'machine_prefetch', dice < 75, 'proxy_human', dice < 95, 'human_direct', 'security_scanner'),
				if(dice < 50, 'apple_mpp_relay', 'other'), 65534
			FROM numbers(intDiv(%[1]d, 5))`, benchMessages, batch*5))
	}
}
