package warehouse

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// byDriver inserts as over ClickHouse's native protocol: by the driver's columns.
func byDriver[R any](ctx context.Context, w *Warehouse, table string, columns []column[R], name string, rows []R) error {
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(insertSettings(name)))
	return insertColumns(ctx, w, "INSERT INTO glint."+table+" ("+strings.Join(names, ", ")+")", columns, slices.Values([][]R{rows}))
}

// BenchmarkInsertOpens inserts the same rows in three ways. x-json is the speed
// beside the engine's own INSERT … FORMAT JSONEachRow of the same run.
func BenchmarkInsertOpens(b *testing.B) {
	const rows = 50_000
	e, w := engine(b)
	opens := manyOpens(1, rows)
	lines := jsonLines(opens)
	inserts := 0
	var baseline float64
	run := func(name string, insert func(ctx context.Context, name string) error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			began := cpu(b)
			for b.Loop() {
				inserts++
				if err := insert(b.Context(), "bench "+strconv.Itoa(inserts)); err != nil {
					b.Fatal(err)
				}
			}
			rate := rows * float64(b.N) / b.Elapsed().Seconds()
			if baseline == 0 {
				baseline = rate
			}
			b.ReportMetric(rate, "rows/s")
			b.ReportMetric(rate/baseline, "x-json")
			b.ReportMetric(float64((cpu(b)-began).Milliseconds())/float64(b.N), "own-cpu-ms/op")
			text(b, e, "TRUNCATE TABLE opens")
		})
	}
	run("JSONEachRow", func(ctx context.Context, name string) error {
		ctx = clickhouse.Context(ctx, clickhouse.WithSettings(insertSettings(name)))
		return w.conn.InsertFormat(ctx, "JSONEachRow", "INSERT INTO glint.opens", bytes.NewReader(lines))
	})
	run("driver", func(ctx context.Context, name string) error {
		return byDriver(ctx, w, "opens", openColumns, name, opens)
	})
	run("native", func(ctx context.Context, name string) error { return w.InsertOpens(ctx, name, opens) })
}

func jsonLines(opens []Open) []byte {
	var b []byte
	for i := range opens {
		o := &opens[i]
		b = fmt.Appendf(b, `{"campaign_id":%d,"message_id":"%s","opened_at":"%s","event_id":%d,"received_at":"%s","user_agent":%q,"ip":"%s",`+
			`"network":%q,"as_number":%d,"country":%q,"region":%q,"proxy_type":%q,"proxy_description":%q,"method":%q,"header_bits":%d,`+
			`"referer_host":%q,"token_status":%d,"class":%d,"reason":%q,"client":%q,"client_vendor":%q,"os":%q,"device":%q,"ruleset_version":%d,"verdict_version":%d,"pop":%q,"source":%q,"extra":%q,`+
			`"connection_type":%q,"protocol":%q,"ja4":%q,"header_facts":%d,"key_id":%d,"issued_at":%d,"edge":%q,"service_version":%q,"sandbox_request":%d}`+"\n",
			o.CampaignID, o.MessageID, o.OpenedAt.Format("2006-01-02 15:04:05.000"), o.EventID, o.ReceivedAt.Format("2006-01-02 15:04:05.000"),
			o.UserAgent, o.IP, o.Network, o.ASNumber, o.Country, o.Region, o.ProxyType, o.ProxyDescription, o.Method, o.HeaderBits,
			o.RefererHost, o.TokenStatus, o.Class, o.Reason, o.Client, o.ClientVendor, o.OS, o.Device, o.RulesetVersion, o.VerdictVersion, o.POP, o.Source, o.Extra,
			o.ConnectionType, o.Protocol, o.JA4, o.HeaderFacts, o.KeyID, o.IssuedAt.Unix(), o.Edge, o.ServiceVersion, o.SandboxRequest)
	}
	return b
}

// cpu returns the processor time of this process; the engine is another one.
func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
