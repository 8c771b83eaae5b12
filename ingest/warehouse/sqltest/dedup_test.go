package sqltest

import (
	"testing"

	"glint/ingest/warehouse/enginetest"
)

// TestANamedInsertIsTakenOnce holds the windows of the tables in place: a plain
// MergeTree table without one ignores the name of an insert.
func TestANamedInsertIsTakenOnce(t *testing.T) {
	w := enginetest.Open(t)
	w.Empty(t)
	tests := []struct{ table, insert string }{
		{"campaigns", "INSERT INTO campaigns (campaign_id, name) SELECT rand64(), 'a'"},
		{"sends", "INSERT INTO sends (campaign_id, message_id) SELECT 1, generateUUIDv4()"},
		{"opens", "INSERT INTO opens (campaign_id, message_id, opened_at) SELECT 1, generateUUIDv4(), '2026-03-01 00:00:00'"},
	}
	for _, test := range tests {
		for _, name := range []string{"first", "first", "second", "first"} {
			w.Text(t, enginetest.WarehouseUser, test.insert, map[string]string{"insert_deduplication_token": test.table + name})
		}
		if rows := w.Text(t, enginetest.WarehouseUser, "SELECT count() FROM "+test.table, nil); rows != "2\n" {
			t.Errorf("%s: %s rows, want 2", test.table, rows)
		}
	}
	if rows := w.Text(t, enginetest.WarehouseUser, "SELECT count() FROM message_campaigns", nil); rows != "2\n" {
		t.Errorf("message_campaigns: %s rows, want 2", rows)
	}
}
