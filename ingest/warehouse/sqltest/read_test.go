package sqltest

import (
	"encoding/json"
	"strings"
	"testing"

	"glint/ingest/warehouse/enginetest"
)

// readReport reads the one row of campaign_report under a filter, as the
// read-only user.
func readReport(t *testing.T, w *enginetest.Warehouse, filter string) report {
	t.Helper()
	text := w.Text(t, enginetest.ReaderUser, "SELECT * FROM campaign_report WHERE "+filter+" FORMAT JSONEachRow",
		map[string]string{"output_format_json_quote_64bit_integers": "1"})
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var r report
	if err := decoder.Decode(&r); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	if decoder.More() {
		t.Fatalf("more than one row: %s", text)
	}
	return r
}

// readClasses reads opens_by_class in the form of world.classes.
func readClasses(t *testing.T, w *enginetest.Warehouse, filter string) []string {
	t.Helper()
	text := w.Text(t, enginetest.ReaderUser,
		"SELECT concat(class, ' ', toString(opens_total), ' ', toString(unique_opens)) AS row FROM opens_by_class WHERE "+filter+" ORDER BY row", nil)
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}
