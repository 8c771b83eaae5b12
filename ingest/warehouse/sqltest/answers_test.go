package sqltest

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"glint/ingest/warehouse/enginetest"
	"glint/schema"
)

// mayBeEmpty are the queries whose answer may have no row, with the reason why
// no reader believes an empty one.
var mayBeEmpty = map[string]string{
	"bad_tokens":          "bad_tokens_page says how many rows there must be",
	"judge_facts":         "an open whose facts did not come is left to the next run",
	"judge_opens":         "judge_rows says how many rows there must be",
	"judge_clicks":        "judge_rows says how many rows there must be",
	"report":              "the campaign was found before, so no row is an error",
	"received_events":     "an event that does not come is asked for by missing_opens",
	"snapshot_numbers":    "the report is computed then",
	"snapshot_estimates":  "the report is computed then",
	"snapshot_mark":       "the snapshot is not current then",
	"snapshot_history":    "the report is computed then",
	"snapshot_timeline":   "it is computed then",
	"snapshot_dimensions": "they are computed then",
	"nearest_campaigns":   "it is advice about a name, and no number depends on it",
}

// describes are the queries about the schema, with any number of rows. If their answer is
// lost, migrate repeats work that is done.
var describes = map[string]string{
	"present_views": "a row for each view", "silent_columns": "a row for each column",
	"table_definitions": "a row for each table",
}

// fixed are the numbers of rows that a query has on empty tables, if not 1.
var fixed = map[string]int{
	"listed_messages": 2, // the names of its columns, and the record at the end
}

// externalTables are the tables that are sent with queries.
var externalTables = map[string]string{
	"burst_facts":         "facts UInt64",
	"inserted_rows":       "row UInt32, campaign_id UInt64, message_id UUID, opened_at Int64, event_id UInt64",
	"inserted_deliveries": "row UInt32, campaign_id UInt64, message_id UUID, kind Int8, occurred_at Int64, link_hash UInt64, version UInt32",
	"inserted_unresolved": "row UInt32, message_id UUID, campaign String, low UInt64, high UInt64, kind Int8, occurred_at Int64, link_hash UInt64, version UInt32",
	"marked_messages":     "message_id UUID",
	"wanted":              "campaign_id UInt64, first_ms Int64, last_ms Int64",
	"wanted_recipients":   "low UInt64, high UInt64",
	"wanted_events":       "event_id UInt64",
	"wanted_messages":     "message_id UUID",
	"wanted_keys":         "campaign_id UInt64, message_id UUID",
	"resolved":            "message_id UUID, opened_at Int64, event_id UInt64, campaign_id UInt64",
}

var parameter = regexp.MustCompile(`\{(\w+):([^}]+)\}`)

// parameterValues are values of the types that queries ask for.
var parameterValues = map[string]string{
	"UInt8": "1", "UInt32": "1", "UInt64": "1", "Int64": "1", "Int8": "1", "String": "x", "UUID": "00000000-0000-0000-0000-000000000001",
	"Array(String)": "['1']", "Array(UInt64)": "[1]", "Array(UUID)": "['00000000-0000-0000-0000-000000000001']",
}

// TestNoEmptyAnswerIsBelieved runs every query on empty tables. One that a
// middlebox could answer by nothing at all, and be believed, has to answer by a
// row, whatever the tables hold.
func TestNoEmptyAnswerIsBelieved(t *testing.T) {
	w := enginetest.Open(t)
	w.Empty(t)
	for name, columns := range externalTables {
		w.Text(t, enginetest.WarehouseUser, "CREATE TABLE "+name+" ("+columns+") ENGINE = Memory", nil)
		defer w.Text(t, enginetest.WarehouseUser, "DROP TABLE "+name, nil)
	}
	read := 0
	files, err := fs.Glob(schema.FS, "queries/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".sql")
		if !strings.Contains("\n"+schema.Query(name), "\nSELECT") {
			continue
		}
		if strings.Contains("\n"+schema.Query(name), "\nINSERT") || strings.Contains("\n"+schema.Query(name), "\nALTER") {
			continue // a statement
		}
		read++
		values := map[string]string{"default_format": "JSONEachRow"}
		for _, match := range parameter.FindAllStringSubmatch(schema.Query(name), -1) {
			if parameterValues[match[2]] == "" {
				t.Fatalf("%s: the test has no value of type %s", name, match[2])
			}
			values["param_"+match[1]] = parameterValues[match[2]]
		}
		if name == "listed_messages" {
			values["param_records"] = "2" // those that are there without a message
		}
		rows := strings.Count(w.Text(t, enginetest.WarehouseUser, schema.Query(name), values), "\n")
		if rows > 1 && describes[name] != "" {
			continue
		}
		want := map[bool]int{false: 1, true: 0}[mayBeEmpty[name] != ""]
		if n, ok := fixed[name]; ok {
			want = n
		}
		if rows != want {
			t.Errorf("%s: %d rows from empty tables, want %d", name, rows, want)
		}
	}
	if read < 20 {
		t.Errorf("%d queries, want 20 at least", read)
	}
}
