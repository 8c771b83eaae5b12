package sqltest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"glint/ingest/warehouse/enginetest"
)

// benchOpens are 2.2 events for each of the messages that were opened.
const benchOpens = 1_000_000

// BenchmarkBytesPerOpen prints the bytes of an open on disk, in total and column
// by column, once its parts have merged. The rows resemble a CDN's: half
// of them Apple's prefetch, a fifth Gmail's proxy, a tail of user agents, times
// that decay with a mean of three days, 16 JA4 fingerprints that are frequent and 2,000 that are
// not, sandboxes that live for some dozen requests.
func BenchmarkBytesPerOpen(b *testing.B) {
	w := enginetest.Open(b)
	w.Empty(b)
	run := func(statement string) string { return w.Text(b, enginetest.WarehouseUser, statement, nil) }
	run(fmt.Sprintf(`INSERT INTO opens (campaign_id, message_id, opened_at, event_id, received_at, user_agent, ip, network, as_number, country, region,
			connection_type, proxy_type, proxy_description, method, protocol, ja4, header_bits, header_facts, token_status, key_id, issued_at,
			class, reason, client, client_vendor, os, device, ruleset_version, verdict_version, edge, pop, service_version, sandbox_request, source, path)
		WITH
			intDiv(number * 5, 11) AS message, 1 + intDiv(message, 20000) AS campaign, rand(2) %% 100 AS dice, dice < 50 AS apple, dice >= 50 AND dice < 72 AS gmail,
			pow(rand(5) / 4294967296, 3) AS skew,
			toDateTime64('2026-03-01 00:00:00', 3, 'UTC') + campaign * 86400 * 0.5 + least(60, -3 * log((rand(8) + 1) / 4294967297)) * 86400 AS opened
		SELECT campaign * 0x9E3779B97F4A7C15, reinterpretAsUUID(sipHash128(message)), opened, rand64(3), opened + 0.3 + rand(4) / 4294967296 * 20,
			multiIf(apple, 'Mozilla/5.0', gmail, 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)',
				concat('Mozilla/5.0 (iPhone; CPU iPhone OS ', toString(toUInt32(skew * 18)), '_', toString(toUInt32(skew * 900)), ' like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)')),
			multiIf(apple, toIPv6(concat('::ffff:172.', toString(224 + rand(9) %% 8), '.', toString(rand(10) %% 256), '.0')), gmail, toIPv6(concat('::ffff:66.249.', toString(rand(11) %% 96), '.0')),
				toIPv6(concat('::ffff:', toString(1 + rand(12) %% 220), '.', toString(rand(13) %% 256), '.', toString(rand(14) %% 256), '.0'))),
			multiIf(apple, 'apple_relay', 'none'), multiIf(apple, [36183, 13335, 54113, 20940][1 + rand(15) %% 4], gmail, 15169, 1000 + toUInt32(skew * 40000)),
			['US', 'DE', 'GB', 'FR', 'CA', 'NL', 'AT', 'CH'][1 + toUInt32(skew * 8)], toString(toUInt32(skew * 300)),
			multiIf(apple OR gmail, 'wired', ['mobile', 'broadband', 'wifi', 'satellite'][1 + rand(16) %% 4]),
			multiIf(apple, 'consumer-privacy', '?'), multiIf(apple, 'apple', '?'), 'GET', ['HTTP/2', 'HTTP/2', 'HTTP/3', 'HTTP/1.1'][1 + multiIf(gmail, 3, apple, 1, rand(17) %% 4)],
			multiIf(apple, 't13d1714h2_5b57614c22b0_14788d8d241b', gmail, 't12d1209h1_d34a8e72043a_b39be8c56a14',
				concat('t13d', toString(1000 + toUInt32(if(rand(18) %% 4 > 0, skew * 16, skew * 2000))), 'h2_8daaf6152771_b0da82dd1658')),
			multiIf(apple, 1025, gmail, 17, 3000 + toUInt32(skew * 60)), multiIf(apple, 4, gmail, 16, toUInt32(skew * 500)), 'valid', 1, toDateTime('2026-03-01 00:00:00') + campaign * 43200,
			multiIf(apple, 'machine_prefetch', gmail, 'proxy_human', dice < 96, 'human_direct', 'security_scanner'), multiIf(apple, 'apple_mpp_relay', gmail, 'gmail_proxy', 'mail_client'),
			multiIf(apple, 'Apple Mail', gmail, 'Gmail', concat('client', toString(toUInt32(skew * 20)))), multiIf(apple, 'Apple', gmail, 'Google', 'other'), multiIf(gmail, 'unknown behind Gmail', 'iOS'),
			multiIf(gmail, 'unknown', 'phone'), 3, 65532, 'compute', concat('P', toString(toUInt32(skew * 90))), toString(intDiv(campaign, 10)), 1 + rand(19) %% 50, 'edge',
			if(rand(20) %% 1000 = 0, concat('/o/', hex(rand64(21)), '.gif'), '')
		FROM numbers(%d) SETTINGS max_partitions_per_insert_block = 0`, benchOpens))
	for range b.N {
		run("OPTIMIZE TABLE opens FINAL")
	}
	rows := run("SELECT count() FROM opens")
	n, err := strconv.ParseFloat(strings.TrimSpace(rows), 64)
	if err != nil {
		b.Fatal(err)
	}
	total, err := strconv.ParseFloat(strings.TrimSpace(run("SELECT sum(bytes_on_disk) FROM system.parts WHERE database = currentDatabase() AND table = 'opens' AND active")), 64)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(total/n, "B/open")
	b.Log(run(fmt.Sprintf(`SELECT arrayStringConcat(groupArray(concat(name, ' ', toString(bytes))), ', ') FROM (
		SELECT name, round(data_compressed_bytes / %f, 2) AS bytes FROM system.columns
		WHERE database = currentDatabase() AND table = 'opens' ORDER BY bytes DESC, name)`, n)))
}
