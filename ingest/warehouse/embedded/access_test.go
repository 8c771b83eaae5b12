package embedded

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/pressly/goose/v3"
)

// The codes of ClickHouse that the tests expect.
const (
	codeReadonly            = "164"
	codeConstraintViolation = "452"
	codePathDenied          = "481"
	codeAccessDenied        = "497"
	codeOutfileDenied       = "358"
)

func startWithView(t *testing.T) *Engine {
	t.Helper()
	engine := startEngine(t, t.TempDir())
	for _, statement := range []string{
		"CREATE TABLE opens (n UInt64) ENGINE = MergeTree ORDER BY n",
		"INSERT INTO opens SELECT number FROM numbers(1000)",
		"CREATE VIEW open_count DEFINER = glint SQL SECURITY DEFINER AS SELECT count() AS opens FROM opens",
		"CREATE VIEW hidden DEFINER = glint SQL SECURITY DEFINER AS SELECT n FROM opens",
	} {
		must(t, engine, statement)
	}
	return engine
}

func TestReaderReadsItsViewsAndNothingElse(t *testing.T) {
	engine := startWithView(t)
	allowed := []struct{ query, want string }{
		{"SELECT opens FROM open_count", "1000"},
		{"SELECT opens FROM glint.open_count SETTINGS max_threads = 1, output_format_json_quote_64bit_integers = 1", "1000"},
		{"SHOW TABLES", "open_count"},
		{"SELECT table_name FROM information_schema.tables WHERE table_schema = 'glint'", "open_count"},
		{"SELECT count() FROM system.parts", "0"},
		{"SELECT timezone(), currentUser(), currentDatabase()", "UTC\treader\tglint"},
		{"SELECT value FROM system.settings WHERE name = 'async_insert'", "0"},
	}
	for _, test := range allowed {
		if got := ask(t, engine, readerName, readerPassword, test.query); got.text != test.want {
			t.Errorf("%s: %q, want %q", test.query, got.text, test.want)
		}
	}
	refused := []struct{ query, code string }{
		{"SELECT * FROM opens", codeAccessDenied},
		{"SELECT * FROM hidden", codeAccessDenied},
		{"INSERT INTO opens VALUES (1)", codeAccessDenied},
		{"CREATE TABLE glint.mine (n UInt8) ENGINE = Memory", codeAccessDenied},
		{"CREATE TEMPORARY TABLE mine (n UInt8)", codeAccessDenied},
		{"DROP VIEW open_count", codeAccessDenied},
		{"CREATE USER mallory", codeAccessDenied},
		{"SELECT * FROM file('/etc/passwd', 'LineAsString')", codeAccessDenied},
		{"SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')", codeAccessDenied},
		{"SELECT * FROM remote('127.0.0.1', 'system.one')", codeAccessDenied},
		{"SELECT * FROM s3('https://bucket.s3.amazonaws.com/object', 'LineAsString')", codeAccessDenied},
		{"SELECT * FROM executable('script', 'TSV', 'n UInt8')", codeAccessDenied},
		{"SELECT 1 INTO OUTFILE '/tmp/out'", codeOutfileDenied},
		{"SELECT * FROM system.users", codeAccessDenied},
		{"SELECT * FROM system.processes", codeAccessDenied},
		{"SELECT * FROM system.stack_trace", codeAccessDenied},
		{"KILL QUERY WHERE query_id = 'some'", codeAccessDenied},
		{"SYSTEM SHUTDOWN", codeAccessDenied},
		{"SYSTEM STOP LISTEN HTTP", codeAccessDenied},
		{"SYSTEM STOP MERGES glint.opens", codeAccessDenied},
		{"SYSTEM DROP MARK CACHE", codeAccessDenied},
		{"SELECT 1 SETTINGS readonly = 0", codeReadonly},
		{"SELECT 1 SETTINGS max_memory_usage_for_user = 1", codeConstraintViolation},
	}
	for _, test := range refused {
		got := ask(t, engine, readerName, readerPassword, test.query)
		if got.status == http.StatusOK || got.code() != test.code {
			t.Errorf("%s: status %d, %s, want code %s", test.query, got.status, got.text, test.code)
		}
	}
}

func TestLimitsAboveTheReadersAreLowered(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	limits := readerLimits(&engine.cfg)
	for _, test := range []struct {
		name string
		most uint64
	}{{"max_threads", limits.Threads}, {"max_memory_usage", limits.MemoryBytes}, {"max_execution_time", limits.ExecutionSeconds}} {
		for _, asked := range []string{"0", "99999999999999", "99999999999999999999"} {
			for _, query := range []string{
				fmt.Sprintf("SELECT getSetting('%s') SETTINGS %s = %s", test.name, test.name, asked),
				fmt.Sprintf("SELECT * FROM (SELECT getSetting('%s') SETTINGS %s = %s, join_use_nulls = 1) LIMIT 1", test.name, test.name, asked),
			} {
				got := ask(t, engine, readerName, readerPassword, query)
				if got.text != strconv.FormatUint(test.most, 10) {
					t.Errorf("%s: %s, want %d", query, got.text, test.most)
				}
			}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, engine.URL()+"/?"+test.name+"="+asked+
				"&query="+url.QueryEscape("SELECT getSetting('"+test.name+"')"), http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			request.SetBasicAuth(readerName, readerPassword)
			if got := do(t, request); got.text != strconv.FormatUint(test.most, 10) {
				t.Errorf("%s = %s in the URL: %s, want %d", test.name, asked, got.text, test.most)
			}
		}
	}
}

func TestReaderGetsLargeNumbersAsText(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	const query = "SELECT toUInt64(18179009875115173692) AS campaign_id FORMAT JSONEachRow"
	if got := ask(t, engine, readerName, readerPassword, query); got.text != `{"campaign_id":"18179009875115173692"}` {
		t.Errorf("a number that JavaScript would round: %s", got.text)
	}
}

func TestViewMayBeCreatedAfterTheStart(t *testing.T) {
	engine := startWithView(t)
	if got := ask(t, engine, readerName, readerPassword, "SELECT * FROM not_there_yet"); got.status == http.StatusOK {
		t.Fatal("a missing view was read")
	}
	must(t, engine, "CREATE VIEW not_there_yet DEFINER = glint SQL SECURITY DEFINER AS SELECT 5 AS five")
	if got := ask(t, engine, readerName, readerPassword, "SELECT * FROM not_there_yet"); got.text != "5" {
		t.Errorf("a view created after the start: %s", got.text)
	}
}

func TestGrantsOfTheWarehouseUserEndAtItsDatabase(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	for _, test := range []struct{ query, code string }{
		{"SELECT * FROM file('/etc/passwd', 'LineAsString')", codeAccessDenied},
		{"INSERT INTO FUNCTION file('/tmp/out', 'CSV') SELECT 1", codeAccessDenied},
		{"SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')", codeAccessDenied},
		{"SELECT * FROM remote('127.0.0.1', 'system.one')", codeAccessDenied},
		{"SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')", codeAccessDenied},
		{"CREATE TABLE glint.f (a String) ENGINE = File(CSV)", codeAccessDenied},
		{"CREATE TABLE glint.u (a String) ENGINE = URL('http://127.0.0.1:1/', 'CSV')", codeAccessDenied},
		{"CREATE DICTIONARY glint.d (a UInt64) PRIMARY KEY a SOURCE(HTTP(url 'http://127.0.0.1:1/' format 'CSV')) LAYOUT(FLAT()) LIFETIME(0)", codeAccessDenied},
		{"ATTACH TABLE glint.a FROM '/etc' (n Int8) ENGINE = MergeTree ORDER BY n", codePathDenied},
		{"SELECT 1 INTO OUTFILE '/tmp/out'", codeOutfileDenied},
		{"SYSTEM SHUTDOWN", codeAccessDenied},
		{"SYSTEM STOP LISTEN HTTP", codeAccessDenied},
		{"CREATE DATABASE other", codeAccessDenied},
		{"CREATE USER mallory", codeAccessDenied},
		{"GRANT SELECT ON glint.* TO reader", codeAccessDenied},
	} {
		got := ask(t, engine, warehouseName, warehousePassword, test.query)
		if got.status == http.StatusOK || got.code() != test.code {
			t.Errorf("%s: status %d, %s, want code %s", test.query, got.status, got.text, test.code)
		}
	}
}

func TestNobodyEntersWithoutAnAccount(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	const query = "/?query=SELECT+1"
	tests := []struct {
		name, path string
		header     http.Header
		status     int
		code       string
	}{
		{"no name", query, nil, 401, "194"},
		{"root without a query", "/", nil, 401, "194"},
		{"default by Basic", query, basic("default", ""), 401, "516"},
		{"Default by Basic", query, basic("Default", "x"), 401, "516"},
		{"empty name by Basic", query, basic("", "x"), 401, "194"},
		{"default by header", query, http.Header{"X-Clickhouse-User": {"default"}}, 401, "516"},
		{"default by parameter", query + "&user=default", nil, 401, "516"},
		{"default by capital parameter", query + "&USER=default", nil, 401, "516"},
		{"default beside a good account", query + "&user=default", basic(readerName, readerPassword), 400, "36"},
		{"two users as parameters", query + "&user=reader&user=default&password=reader-secret", nil, 400, "36"},
		{"two headers", query, http.Header{"X-Clickhouse-User": {readerName, "default"}, "X-Clickhouse-Key": {readerPassword}}, 400, "36"},
		{"key without a user", query, http.Header{"X-Clickhouse-Key": {readerPassword}}, 401, "194"},
		{"bearer", query, http.Header{"Authorization": {"Bearer abc"}}, 401, "516"},
		{"wrong password", query, basic(readerName, "x"), 403, "516"},
		{"unknown name", query, basic("nobody", ""), 403, "516"},
		{"client certificate header", query, http.Header{"X-Clickhouse-Ssl-Certificate-Auth": {"on"}}, 401, "194"},
		{"query string the engine may read differently", query + "&user=%zz", nil, 400, "36"},
		{"ping", "/ping", nil, 200, ""},
		{"play page", "/play", nil, 404, "36"},
		{"another path", "/replicas_status", basic(readerName, readerPassword), 404, "36"},
		{"good by header", query, http.Header{"X-Clickhouse-User": {readerName}, "X-Clickhouse-Key": {readerPassword}}, 200, ""},
		{"good by parameter", query + "&user=reader&password=reader-secret", nil, 200, ""},
		{"good twice", query + "&user=reader&password=reader-secret", basic(readerName, readerPassword), 200, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, engine.URL()+test.path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			request.Header = test.header.Clone()
			if request.Header == nil {
				request.Header = http.Header{}
			}
			got := do(t, request)
			if got.status != test.status || got.code() != test.code {
				t.Errorf("status %d, code %q, %s; want %d, %q", got.status, got.code(), got.text, test.status, test.code)
			}
			if challenge := got.header.Get("WWW-Authenticate"); (challenge != "") != (test.status == 401) {
				t.Errorf("status %d with challenge %q", got.status, challenge)
			}
		})
	}
}

func basic(name, password string) http.Header {
	request := &http.Request{Header: http.Header{}}
	request.SetBasicAuth(name, password)
	return request.Header
}

func TestMigrationsRunAsTheWarehouseUser(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	db := clickhouse.OpenDB(&clickhouse.Options{
		Protocol: clickhouse.HTTP,
		Addr:     []string{strings.TrimPrefix(engine.URL(), "http://")},
		Auth:     clickhouse.Auth{Database: Database, Username: warehouseName, Password: warehousePassword},
	})
	defer func() { _ = db.Close() }()
	files := fstest.MapFS{"1_opens.sql": {Data: []byte(`-- +goose Up
CREATE TABLE opens (n UInt64) ENGINE = ReplacingMergeTree ORDER BY n;
CREATE TABLE totals (n UInt64) ENGINE = SummingMergeTree ORDER BY n;
CREATE MATERIALIZED VIEW feed TO totals AS SELECT n FROM opens;
CREATE VIEW open_count DEFINER = glint SQL SECURITY DEFINER AS SELECT count() AS opens FROM totals;
INSERT INTO opens VALUES (1), (2);
ALTER TABLE opens ADD COLUMN note String;
ALTER TABLE opens UPDATE note = 'x' WHERE 1 SETTINGS mutations_sync = 1;
OPTIMIZE TABLE opens FINAL;
CREATE OR REPLACE VIEW open_count DEFINER = glint SQL SECURITY DEFINER AS SELECT count() AS opens FROM opens;
-- +goose Down
DROP VIEW open_count;
DROP VIEW feed;
DROP TABLE totals;
TRUNCATE TABLE opens;
DROP TABLE opens;
`)}}
	provider, err := goose.NewProvider(goose.DialectClickHouse, db, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, engine, readerName, readerPassword, "SELECT opens FROM open_count"); got.text != "2" {
		t.Errorf("the view after the migration: %s", got.text)
	}
	if got := rowCount(t, db, "SELECT count() FROM totals"); got != 2 {
		t.Errorf("%d rows came through the materialized view", got)
	}
	if _, err := provider.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func rowCount(t *testing.T, db *sql.DB, query string) (rows uint64) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}
