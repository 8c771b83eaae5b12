package snapshots

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

// An account of 100 M opens has one campaign of 5 M messages, 88 of 1 M and 2,200
// of 10 k; a smaller one has fewer of each, and 1 M messages at least in the largest.
const (
	fullAccount     = 100_000_000
	largestCampaign = 1
	firstMiddle     = 10
	firstSmall      = 1000
)

// BenchmarkScale prints how long reports of an account of GLINT_SCALE_OPENS opens
// take, quiet, beside 1,000 opens a second, and beside as many as the engine takes, how
// old they are then, what computing them ahead costs, and the bytes of it all.
func BenchmarkScale(b *testing.B) {
	opens := fullAccount / 10
	if text := os.Getenv("GLINT_SCALE_OPENS"); text != "" {
		var err error
		if opens, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	e := enginetest.Open(b)
	e.Empty(b)
	a := &account{b: b, e: e}
	began := time.Now()
	a.fill(largestCampaign, 1, max(1_000_000, opens/20))
	a.fill(firstMiddle, max(1, 88*opens/fullAccount), 1_000_000)
	a.fill(firstSmall, max(1, 2200*opens/fullAccount), 10_000)
	a.say("filled in %v: %s opens, %s messages", time.Since(began).Round(time.Second), a.text("SELECT count() FROM opens"), a.text("SELECT count() FROM sends"))

	writer, reader := client.Connect(a.b, a.e, enginetest.WarehouseUser), client.Connect(a.b, a.e, enginetest.ReaderUser)
	campaigns := []struct {
		name string
		id   uint64
	}{{"largest", largestCampaign}, {"1 M messages", firstMiddle}, {"10 k messages", firstSmall}}
	for _, c := range campaigns {
		for _, step := range []struct {
			name    string
			refresh func(context.Context, uint64) error
		}{{"numbers", writer.RefreshNumbers}, {"estimates", writer.RefreshEstimates}, {"breakdowns", writer.RefreshBreakdowns}} {
			began := time.Now()
			if err := step.refresh(b.Context(), c.id); err != nil {
				b.Fatal(err)
			}
			a.say("refresh, %s, %s: %v", c.name, step.name, time.Since(began).Round(time.Millisecond))
		}
	}
	for _, c := range campaigns { // once more, as a Refresher does: now the size of the account is known
		if err := writer.RefreshNumbers(b.Context(), c.id); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range campaigns {
		a.read("quiet, "+c.name, reader, c.id, 40, 0)
	}
	a.besideInserts(writer, reader, 1000, time.Second, campaigns[0].id, campaigns[1].id, campaigns[2].id)
	a.besideInserts(writer, reader, 50_000, 0, campaigns[0].id, campaigns[1].id, campaigns[2].id)
	a.bytes()
	for range b.N { // the figures are printed
	}
}

type account struct {
	b *testing.B
	e *enginetest.Warehouse
}

// say prints at once, which the log of a benchmark does not.
func (a *account) say(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func (a *account) text(statement string) string {
	return strings.TrimSpace(a.e.Text(a.b, enginetest.WarehouseUser, statement, map[string]string{
		"max_partitions_per_insert_block": "0", "max_insert_threads": "2", "use_query_condition_cache": "0",
	}))
}

// fill makes campaigns of equal size. 40 % of the messages are opened, 2.2 times
// each; half of the opens are Apple's prefetch, a quarter Gmail's proxy. A
// recipient is on one of five lists of 1 M.
func (a *account) fill(first, campaigns, messages int) {
	const start = "toDateTime('2026-01-05 08:00:00')"
	campaign := fmt.Sprintf("toUInt64(%d + intDiv(number, %d))", first, messages)
	sent := func(campaign string) string {
		return start + " + toIntervalSecond(toUInt32(cityHash64(" + campaign + ") % 5184000))"
	}
	recipient := fmt.Sprintf("((cityHash64(c, 'list') %% 5) * 1000000 + (number %% %d + cityHash64(c, 'offset')) %% 1000000)", messages)
	if messages > 1_000_000 {
		recipient = fmt.Sprintf("(number %% %d)", messages)
	}
	a.text(fmt.Sprintf("INSERT INTO campaigns (campaign_id, name, created_at) SELECT toUInt64(%d + number) AS c, concat('campaign ', toString(c)), %s FROM numbers(%d)",
		first, sent("c"), campaigns))
	a.text(fmt.Sprintf(`INSERT INTO sends (campaign_id, message_id, recipient, recipient_key, domain, sent_at, registered_at)
		SELECT %s AS c, reinterpretAsUUID(sipHash128(c, number)), concat('r', toString(%s), '@example.com'), reinterpretAsUInt128(sipHash128('r', %s)), 'example.com', %s,
			toDateTime64('2026-01-01 00:00:00', 3, 'UTC') FROM numbers(%d)`, campaign, recipient, recipient, sent("c"), campaigns*messages))
	a.text(fmt.Sprintf(`INSERT INTO opens (campaign_id, message_id, opened_at, event_id, received_at, token_status, user_agent, ip, network, country, class, reason, client,
			ruleset_version, verdict_version, method, pop, source)
		WITH cityHash64(c, number, e, 'dice') AS h, h %% 100 < 50 AS apple, h %% 100 < 74 AS gmail
		SELECT c, reinterpretAsUUID(sipHash128(c, number)),
			toDateTime64(sent, 3, 'UTC') + toIntervalMillisecond(toUInt64(least(60, -3 * log((cityHash64(h, 1) %% 1000000 + 1) / 1000001)) * 86400000)) AS opened,
			cityHash64(c, number, e), opened + 1, 'valid', multiIf(apple, 'Mozilla/5.0', gmail, 'via ggpht.com', concat('agent ', toString(cityHash64(h, 2) %% 20000))),
			toIPv6(concat('::ffff:66.249.', toString(h %% 96), '.0')), 'none', ['US', 'DE', 'FR', 'GB'][1 + h %% 4],
			multiIf(apple, 'machine_prefetch', gmail, 'proxy_human', h %% 100 < 96, 'human_direct', 'security_scanner'), multiIf(apple, 'apple_mpp_relay', gmail, 'gmail_proxy', 'mail_client'),
			multiIf(apple, 'Apple Mail', gmail, 'Gmail', concat('client ', toString(cityHash64(h, 3) %% 20))), 3, 65532, 'GET', concat('P', toString(h %% 90)), 'edge'
		FROM (SELECT number, %s AS c, %s AS sent, arrayJoin(range([1, 1, 1, 1, 2, 2, 2, 3, 3, 6][1 + cityHash64(c, number, 'n') %% 10])) AS e
			FROM numbers(%d) WHERE cityHash64(c, number, 'opened') %% 10 < 4)`, campaign, sent("c"), campaigns*messages))
}

// read prints p50 and p95 of a campaign's report and of its curve, and the age of its
// numbers.
func (a *account) read(name string, w *warehouse.Warehouse, id uint64, times int, pause time.Duration) {
	var reports, curves, ages []time.Duration
	for range times {
		began := time.Now()
		r, err := w.ReportOf(a.b.Context(), fmt.Sprintf("campaign %d", id))
		if err != nil {
			a.b.Fatal(err)
		}
		reports, ages = append(reports, time.Since(began)), append(ages, time.Since(r.ComputedAt))
		began = time.Now()
		if _, err := w.Timeline(a.b.Context(), id, false); err != nil {
			a.b.Fatal(err)
		}
		curves = append(curves, time.Since(began))
		time.Sleep(pause)
	}
	of := func(took []time.Duration, unit time.Duration) string {
		slices.Sort(took)
		return fmt.Sprintf("p50 %v, p95 %v", took[times/2].Round(unit), took[times*95/100].Round(unit))
	}
	a.say("%s: report %s; curve %s; age of the numbers %s", name, of(reports, 100*time.Microsecond), of(curves, 100*time.Microsecond), of(ages, 10*time.Millisecond))
}

// besideInserts reads reports while batches of opens are inserted into three campaigns, one
// in each interval or one after the other, and reports are computed ahead.
func (a *account) besideInserts(writer, reader *warehouse.Warehouse, batch int, interval time.Duration, ids ...uint64) {
	ctx, cancel := context.WithCancel(a.b.Context())
	var working sync.WaitGroup
	refresher := New(writer, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	working.Go(func() { refresher.Run(ctx) })
	var rows atomic.Int64
	began := time.Now()
	working.Go(func() {
		for ctx.Err() == nil {
			next := time.Now().Add(interval)
			a.text(fmt.Sprintf(`INSERT INTO opens (campaign_id, message_id, opened_at, event_id, received_at, class, reason, verdict_version)
				SELECT toUInt64([%d, %d, %d][1 + rand(1) %% 3]) AS c, reinterpretAsUUID(sipHash128(c, rand(2) %% if(c = %[3]d, 10000, toUInt64(1000000)))), now64(3) - rand(3) %% 86400, rand64(4), now64(3),
					'human_direct', 'mail_client', 65532 FROM numbers(%d)`, ids[0], ids[1], ids[2], batch))
			rows.Add(int64(batch))
			time.Sleep(time.Until(next))
		}
	})
	time.Sleep(20 * time.Second)
	beside := fmt.Sprintf("beside %.0f opens/s", float64(rows.Load())/time.Since(began).Seconds())
	for _, id := range ids {
		a.read(fmt.Sprintf("%s, campaign %d", beside, id), reader, id, 60, 200*time.Millisecond)
	}
	cancel()
	working.Wait()
	a.say("%.0f opens/s in all that time", float64(rows.Load())/time.Since(began).Seconds())
}

// bytes prints the bytes on disk per open, by table and by column.
func (a *account) bytes() {
	opens, err := strconv.ParseFloat(a.text("SELECT count() FROM opens"), 64)
	if err != nil {
		a.b.Fatal(err)
	}
	a.say("bytes per open by table: %s", a.text(fmt.Sprintf(`SELECT arrayStringConcat(groupArray(concat(table, ' ', toString(bytes))), ', ') FROM (
		SELECT table, round(sum(bytes_on_disk) / %f, 3) AS bytes FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table ORDER BY bytes DESC)`, opens)))
	a.say("bytes per open by column of opens: %s", a.text(fmt.Sprintf(`SELECT arrayStringConcat(groupArray(concat(name, ' ', toString(bytes))), ', ') FROM (
		SELECT name, round(data_compressed_bytes / %f, 2) AS bytes FROM system.columns WHERE database = currentDatabase() AND table = 'opens' ORDER BY bytes DESC, name LIMIT 12)`, opens)))
}
