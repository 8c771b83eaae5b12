package sqltest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"glint/ingest/warehouse/enginetest"
)

// fillWorld puts a campaign "case" with opens into empty tables.
func fillWorld(t *testing.T) *enginetest.Warehouse {
	t.Helper()
	w := enginetest.Open(t)
	w.Empty(t)
	runStatements(t, w, "testdata/reliable_prefetch_unknown_mixes/input.sql")
	return w
}

// TestDashboardOfCampaignsRunsAsReader expands the variables and macros of Grafana's
// ClickHouse data source as that does.
// https://grafana.com/docs/plugins/grafana-clickhouse-datasource/latest/
func TestDashboardOfCampaignsRunsAsReader(t *testing.T) {
	w := fillWorld(t)
	text, err := os.ReadFile("../../deploy/grafana/campaigns.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Templating struct {
			List []struct{ Name, Query string }
		}
		Panels []struct {
			Title   string
			Targets []struct{ RawSQL string }
		}
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if list := d.Templating.List; len(list) != 2 || w.Text(t, enginetest.ReaderUser, list[1].Query, nil) != "case\n" {
		t.Errorf("the variables are %v", list)
	}
	expand := strings.NewReplacer("${campaign:singlequote}", "'case'",
		"$__timeFilter(quarter_hour)", "quarter_hour >= toDateTime(0) AND quarter_hour <= toDateTime(4000000000)")
	if len(d.Panels) < 5 {
		t.Errorf("only %d panels", len(d.Panels))
	}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			sql := expand.Replace(target.RawSQL)
			if strings.Contains(sql, "$") {
				t.Errorf("panel %s has a variable that this test does not know: %s", p.Title, sql)
			}
			if rows := w.Text(t, enginetest.ReaderUser, sql, nil); rows == "" {
				t.Errorf("panel %s shows nothing", p.Title)
			}
		}
	}
}

// call sends a request to the engine's proxy as a tool does, and returns the answer.
func call(t *testing.T, r *http.Request) []byte {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v\n%.500s", answer.Status, err, b)
	}
	return b
}

// TestMetabaseReadsTheViews makes the calls of Metabase's driver, which is ClickHouse's
// for Java: headers sign in, and the answer is RowBinaryWithNamesAndTypes.
// https://clickhouse.com/docs/interfaces/formats/RowBinaryWithNamesAndTypes
func TestMetabaseReadsTheViews(t *testing.T) {
	w := fillWorld(t)
	ask := func(sql string) []byte {
		r, err := http.NewRequest(http.MethodPost, w.URL+"/", strings.NewReader(sql))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-ClickHouse-User", enginetest.ReaderUser.Name)
		r.Header.Set("X-ClickHouse-Key", enginetest.ReaderUser.Password)
		r.Header.Set("X-ClickHouse-Database", "glint")
		r.Header.Set("X-ClickHouse-Format", "RowBinaryWithNamesAndTypes")
		return call(t, r)
	}
	for sql, want := range map[string]string{
		"SELECT currentUser() AS user, timezone() AS timezone, version() AS version": "\x03\x04user\x08timezone\x07version\x06String\x06String\x06String\x06reader",
		"SELECT campaign, opens_total FROM campaign_report":                          "\x02\x08campaign\x0bopens_total\x06String\x05Int64\x04case",
	} {
		if got := ask(sql); !bytes.HasPrefix(got, []byte(want)) {
			t.Errorf("%s: %q", sql, got)
		}
	}
	// The tables and columns that it shows.
	tables := ask("SELECT name FROM system.tables WHERE database = 'glint'")
	columns := ask("SELECT table, name, type, comment FROM system.columns WHERE database = 'glint'")
	for _, want := range []string{"campaign_report", "opens_by_client"} {
		if !bytes.Contains(tables, []byte(want)) || !bytes.Contains(columns, []byte(want)) {
			t.Errorf("%s is not among the tables and columns", want)
		}
	}
	if bytes.Contains(tables, []byte("message_recipients")) {
		t.Error("the reader sees message_recipients")
	}
}

// TestDuckDBReadsTheViews makes the calls of DuckDB's httpfs: basic authentication, HEAD,
// and then a Parquet file by GET.
func TestDuckDBReadsTheViews(t *testing.T) {
	w := fillWorld(t)
	ask := func(method string) []byte {
		r, err := http.NewRequest(method, w.URL+"/?query="+url.PathEscape("SELECT * FROM campaign_report FORMAT Parquet"), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(enginetest.ReaderUser.Name, enginetest.ReaderUser.Password)
		return call(t, r)
	}
	ask(http.MethodHead)
	file := ask(http.MethodGet)
	if !bytes.HasPrefix(file, []byte("PAR1")) || !bytes.HasSuffix(file, []byte("PAR1")) || !bytes.Contains(file, []byte("reliable_unique_opens")) {
		t.Errorf("no Parquet file: %.100q", file)
	}
}
