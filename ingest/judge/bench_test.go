package judge

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest/client"
)

// million inserts a campaign of n opens over two months, of which a quarter was
// judged by older rules.
func million(b *testing.B, n int) *warehouse.Warehouse {
	b.Helper()
	e, w := client.Open(b)
	insert(b, e, w, 20, n/2)
	for from := 0; from < n; from += 1_000_000 {
		text(b, e, fmt.Sprintf(`INSERT INTO opens (campaign_id, message_id, opened_at, event_id, received_at, user_agent, ip, network, as_number, method, country, class, reason, client, client_vendor, os, device, ruleset_version, verdict_version)
			WITH number + %d AS i, cityHash64(i) AS h
			SELECT 20, toUUID(concat('00000014-0000-8000-8000-', leftPad(lower(hex(toUInt32(h %% %d))), 12, '0'))),
				toDateTime64('2026-03-04 12:00:00', 3, 'UTC') + toIntervalSecond(h %% 5000000), h, now64(3),
				['%s', '%s', 'Mozilla/5.0', concat('Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:', toString(100 + h %% 40), '.0) Gecko/20100101 Firefox/', toString(100 + h %% 40), '.0')][1 + h %% 4],
				toIPv6(concat('203.', toString(h %% 200), '.', toString(intDiv(h, 7) %% 250), '.0')), ['none', 'none', 'apple_relay', 'hosting'][1 + h %% 4], [3320, 15169, 36183, 24940][1 + h %% 4], 'GET', 'DE',
				['human_direct', 'proxy_human', 'machine_prefetch', 'human_direct'][1 + h %% 4], ['browser', 'proxy_gmail', 'apple_mpp', 'browser'][1 + h %% 4],
				['Chrome', 'Gmail', 'Apple Mail', 'Firefox'][1 + h %% 4], 'x', 'x', 'x', 2, 65533
			FROM numbers(%d)`, from, n/2, chrome, gmail, min(n-from, 1_000_000)))
	}
	return w
}

// BenchmarkRuns judges a million opens, or $GLINT_JUDGE_OPENS: first by today's rules,
// which change all names and a quarter of the verdicts, then by time and context, which
// change little.
func BenchmarkRuns(b *testing.B) {
	n := 1_000_000
	if text := os.Getenv("GLINT_JUDGE_OPENS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		b.StopTimer()
		w := million(b, n)
		b.StartTimer()
		for _, kind := range []warehouse.RunKind{warehouse.KindReclassify, warehouse.KindJudge} {
			began := time.Now()
			r := run(b, w, Options{Kind: kind})
			name := map[warehouse.RunKind]string{warehouse.KindReclassify: "reclassify", warehouse.KindJudge: "judge"}[kind]
			b.ReportMetric(float64(r.Opens)/time.Since(began).Seconds(), name+"-opens/s")
			b.ReportMetric(float64(r.Changed+r.Relabeled), name+"-changed")
		}
	}
}
