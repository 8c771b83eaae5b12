package embedded

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// clientRequests are the requests of clients for a reader, according to their sources:
// clickhouse-connect (Superset), the JDBC driver (Metabase, DBeaver), Grafana's
// plugin, DuckDB's httpfs and curl.
var clientRequests = []struct {
	name, method, query, body string
	header                    http.Header
	want                      string // part of the answer
}{
	{"curl, query in the URL", "GET", "query=SELECT+opens+FROM+open_count", "", nil, "1000"},
	{"curl, form", "POST", "", "SELECT opens FROM open_count FORMAT JSONEachRow", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, `{"opens":"1000"}`},
	{"curl, trailing semicolon and comment", "POST", "", "SELECT opens FROM open_count; -- done\n", nil, "1000"},
	{"DuckDB, look before", "HEAD", "query=SELECT+opens+FROM+open_count+FORMAT+CSVWithNames", "", nil, ""},
	{"DuckDB, read", "GET", "query=SELECT+opens+FROM+open_count+FORMAT+CSVWithNames", "", http.Header{"Range": {"bytes=0-1023"}}, `"opens"`},
	{"DuckDB, parquet", "GET", "query=SELECT+opens+FROM+open_count+FORMAT+Parquet", "", nil, "PAR1"},
	{"clickhouse-connect, first query", "POST", "client_protocol_version=54405&session_id=6b1c&wait_end_of_query=1", "SELECT version(), timezone(), database()\n FORMAT TSV", nil, "UTC"},
	{"clickhouse-connect, settings", "POST", "session_id=6b1c&wait_end_of_query=1&send_progress_in_http_headers=1&http_headers_progress_interval_ms=10000&cancel_http_readonly_queries_on_client_close=1&date_time_input_format=best_effort&buffer_size=10485760&enable_http_compression=1", "SELECT name, value, readonly as readonly FROM system.settings LIMIT 10000\n FORMAT Native", http.Header{"Accept-Encoding": {"identity"}}, "max_threads"},
	{"clickhouse-connect 1.12, query", "POST", "cast_string_to_dynamic_use_inference=1&client_protocol_version=54405&date_time_input_format=best_effort&enable_http_compression=1&send_progress_in_http_headers=1&wait_end_of_query=1", "SELECT opens FROM open_count\n FORMAT Native", http.Header{"Accept-Encoding": {"identity"}}, "opens"},
	{"clickhouse-connect, parameters", "POST", "param_n=1000&session_id=6b1c", "SELECT opens FROM open_count WHERE opens = {n:UInt64}", nil, "1000"},
	{"JDBC, connect", "POST", "compress=0&extremes=0&max_result_rows=0&result_overflow_mode=break&query_id=11d2", "select timezone(), version() format RowBinaryWithNamesAndTypes", http.Header{"X-Clickhouse-Format": {"RowBinaryWithNamesAndTypes"}, "X-Clickhouse-Database": {"glint"}}, "UTC"},
	{"JDBC, metadata", "POST", "", "SELECT database AS TABLE_SCHEM, t.name AS TABLE_NAME, multiIf(t.engine like '%View', 'VIEW', 'TABLE') AS TABLE_TYPE FROM system.tables AS t JOIN system.databases d ON t.database = d.name WHERE d.name ILIKE '%' ORDER BY t.database", nil, "open_count"},
	{"JDBC, columns", "POST", "", "SELECT table, name, type, position, default_kind FROM system.columns WHERE database LIKE 'glint' AND table LIKE '%' ORDER BY position", nil, "opens"},
	{"Metabase, native question", "POST", "session_timezone=Europe%2FBerlin", "-- Metabase:: userID: 1 queryType: native queryHash: 0a1b\nSELECT count(*) AS `count`, toStartOfDay(toDateTime('2026-01-01 00:00:00')) AS `day` FROM `glint`.`open_count` AS `source` WHERE (`source`.`opens` > 0) GROUP BY `day` LIMIT 1048575", nil, "1\t2026-01-01"},
	{"Metabase, custom column", "POST", "", `SELECT "source"."opens" AS "opens", CASE WHEN "source"."opens" > 10 THEN 'viel ≥ 10' ELSE 'wenig' END AS "size" FROM (SELECT opens FROM open_count) AS "source"`, nil, "viel ≥ 10"},
	{"dollar outside of strings", "POST", "max_execution_time=600&max_threads=32", "SELECT $a FROM open_count", nil, "Code: 62"},
	{"Grafana, table", "POST", "default_format=JSONCompact&max_execution_time=600", "SELECT toUnixTimestamp(toStartOfInterval(toDateTime('2026-01-01 10:00:00'), INTERVAL 60 second)) * 1000 AS time, sum(opens) AS v FROM open_count WHERE opens >= 0 GROUP BY time ORDER BY time", nil, `"1000"`},
	{"default database", "POST", "database=default", "SELECT opens FROM open_count", nil, "1000"},
	{"BI, information schema", "POST", "", "SELECT table_name FROM information_schema.tables WHERE table_schema = 'glint'", nil, "open_count"},
	{"window and CTE", "POST", "", "WITH x AS (SELECT number AS n FROM numbers(5)) SELECT n, sum(n) OVER (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s, quantileIf(0.9)(n, n > 1) OVER () FROM x ORDER BY n DESC LIMIT 1", nil, "4\t10"},
	{"strings with everything", "POST", "", `SELECT 'file(\'x\') SETTINGS readonly = 0; -- “” /* $$ # \\', 'it''s', '日本'`, nil, "日本"},
	{"tuple, map, array", "POST", "", "SELECT (1, 'a').1, [1, 2][-1], map('a', 1)['a'], 1.5e3, 0xFF, -.5, arrayMap(x -> x + 1, [1])", nil, "1500"},
	{"settings", "POST", "", "SELECT opens FROM open_count SETTINGS max_threads = 64, join_use_nulls = true, max_execution_time = 1.5 FORMAT JSON SETTINGS output_format_json_quote_64bit_integers = 0", nil, `"opens": 1000`},
	{"show", "POST", "", "SHOW TABLES FROM glint LIKE '%open%'", nil, "open_count"},
	{"describe", "POST", "", "DESCRIBE TABLE glint.open_count", nil, "opens\tUInt64"},
	{"exists", "POST", "", "EXISTS TABLE glint.open_count", nil, "1"},
	{"create", "POST", "", "SHOW CREATE VIEW glint.open_count", nil, "CREATE VIEW"},
}

func TestRequestsOfClientsAreUnderstood(t *testing.T) {
	engine := startWithView(t)
	for _, test := range clientRequests {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), test.method, engine.URL()+"/?"+test.query, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			for name, values := range test.header {
				request.Header[name] = values
			}
			request.SetBasicAuth(readerName, readerPassword)
			got := do(t, request)
			wanted := http.StatusOK
			if strings.HasPrefix(test.want, "Code:") {
				wanted = http.StatusBadRequest
			}
			if got.status != wanted || !strings.Contains(got.text, test.want) {
				t.Errorf("status %d: %.400s", got.status, got.text)
			}
		})
	}
}

// TestSettingsOnCastsAreOpen asks the engine for their names, as clients do, so that
// it holds for the names of the next version.
func TestSettingsOnCastsAreOpen(t *testing.T) {
	engine := startWithView(t)
	ask := func(query, body string) reply {
		request, err := http.NewRequestWithContext(t.Context(), "POST", engine.URL()+"/?"+query, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth(readerName, readerPassword)
		return do(t, request)
	}
	names := strings.Fields(ask("", "SELECT name FROM system.settings WHERE startsWith(name, 'cast_') AND NOT readonly").text)
	if len(names) < 4 {
		t.Fatalf("settings %q", names)
	}
	for _, name := range names {
		value := ask("", "SELECT value FROM system.settings WHERE name = '"+name+"'").text
		if got := ask(name+"="+url.QueryEscape(strings.TrimSpace(value)), "SELECT opens FROM open_count"); got.status != http.StatusOK {
			t.Errorf("%s: status %d: %.200s", name, got.status, got.text)
		}
	}
}

func TestDriverReadsAsAReaderInEveryCompression(t *testing.T) {
	engine := startWithView(t)
	for _, method := range []clickhouse.CompressionMethod{
		clickhouse.CompressionNone, clickhouse.CompressionLZ4, clickhouse.CompressionLZ4HC, clickhouse.CompressionZSTD,
		clickhouse.CompressionGZIP, clickhouse.CompressionDeflate, clickhouse.CompressionBrotli,
	} {
		connection, err := clickhouse.Open(&clickhouse.Options{
			Protocol: clickhouse.HTTP, Addr: []string{strings.TrimPrefix(engine.URL(), "http://")},
			Auth:        clickhouse.Auth{Database: Database, Username: readerName, Password: readerPassword},
			Compression: &clickhouse.Compression{Method: method},
			Settings:    clickhouse.Settings{"max_execution_time": 60, "max_threads": 64},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx := clickhouse.Context(context.Background(), clickhouse.WithQueryID("q-"+fmt.Sprint(method)), clickhouse.WithQuotaKey("key"),
			clickhouse.WithParameters(clickhouse.Parameters{"least": "10", "view": "open_count"}))
		var opens, rows uint64
		if err := connection.QueryRow(ctx, "SELECT opens FROM {view:Identifier} WHERE opens > {least:UInt64}").Scan(&opens); err != nil || opens != 1000 {
			t.Errorf("%s: %d, %v", method, opens, err)
		}
		if err := connection.QueryRow(ctx, "SELECT count() FROM (SELECT number, 'long enough to be packed' FROM numbers(100000))").Scan(&rows); err != nil || rows != 100_000 {
			t.Errorf("%s: %d rows, %v", method, rows, err)
		}
		if err := connection.Exec(ctx, "SELECT file('/etc/passwd')"); err == nil {
			t.Errorf("%s: a file was read", method)
		}
		_ = connection.Close()
	}
}

func BenchmarkReader(b *testing.B) {
	cfg := testConfig(b.TempDir(), benchEngine(b))
	engine, err := Start(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = engine.Stop(context.Background()) }()
	client := &http.Client{}
	send := func(base, user, password, query string, way *backend) {
		request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, base+"/?"+url.Values{"database": {"system"}}.Encode(), strings.NewReader(query))
		if err != nil {
			b.Fatal(err)
		}
		request.SetBasicAuth(user, password)
		var response *http.Response
		if way != nil {
			response, err = way.send(request)
		} else {
			response, err = client.Do(request)
		}
		if err != nil {
			b.Fatal(err)
		}
		if response.StatusCode != http.StatusOK {
			b.Fatal(response.Status)
		}
		drainAndClose(response)
	}
	way, err := engine.proxy.relay.wait(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	const query = "SELECT sum(number) FROM numbers(1000) WHERE number > 10 -- "
	b.Run("engine alone", func(b *testing.B) {
		for b.Loop() {
			send(way.url, readerName, readerPassword, query, way)
		}
	})
	b.Run("known statement", func(b *testing.B) {
		for b.Loop() {
			send(engine.URL(), readerName, readerPassword, query, nil)
		}
	})
	b.Run("new statement", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			send(engine.URL(), readerName, readerPassword, fmt.Sprint(query, n, b.N), nil)
		}
	})
}
