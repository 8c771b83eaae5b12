package sqltest

import (
	"strings"
	"testing"

	"glint/ingest/warehouse/enginetest"
	"glint/schema"
)

// TestEverythingSaysWhatItIs reads the comments as BI tools show them.
func TestEverythingSaysWhatItIs(t *testing.T) {
	w := enginetest.Open(t)
	silent := w.Text(t, enginetest.WarehouseUser, `SELECT name FROM system.tables
		WHERE database = currentDatabase() AND length(comment) < 10 AND name != 'goose_db_version'`, nil)
	if silent != "" {
		t.Errorf("tables and views without a comment:\n%s", silent)
	}
	for _, view := range schema.Views() {
		comment := w.Text(t, enginetest.WarehouseUser, "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = '"+view.Name+"' FORMAT TSVRaw", nil)
		if strings.TrimSuffix(comment, "\n") != view.Comment() || len(view.Purpose()) < 20 || strings.Contains(comment, "glint views") {
			t.Errorf("%s says %q", view.Name, comment)
		}
	}
	unsourced := w.Text(t, enginetest.WarehouseUser, `SELECT table, name FROM system.columns
		WHERE database = currentDatabase() AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View')
			AND position(comment, '. Source: ') < 3`, nil)
	if unsourced != "" {
		t.Errorf("columns of views without definition and source:\n%s", unsourced)
	}
	silentColumns := w.Text(t, enginetest.WarehouseUser, `SELECT table, name FROM system.columns
		WHERE database = currentDatabase() AND length(comment) < 8 AND table != 'goose_db_version' AND NOT endsWith(table, '_mv')`, nil)
	if silentColumns != "" {
		t.Errorf("columns without a comment; schema/columns.txt has those of tables:\n%s", silentColumns)
	}
}

// TestCountsOfViewsAreSigned: JDBC calls UInt64 OTHER. Ids and marks stay UInt64.
func TestCountsOfViewsAreSigned(t *testing.T) {
	w := enginetest.Open(t)
	for _, view := range schema.OwnerViews() {
		for _, column := range columns(t, w, view) {
			if strings.HasSuffix(column, " UInt64") && column != "campaign_id UInt64" && column != "event_id UInt64" && column != "mark UInt64" {
				t.Errorf("%s.%s", view, column)
			}
		}
	}
}

// TestNoDefaultDependsOnTheServersClock: it differs between tries and replicas.
func TestNoDefaultDependsOnTheServersClock(t *testing.T) {
	w := enginetest.Open(t)
	found := w.Text(t, enginetest.WarehouseUser, `SELECT table, name, default_expression FROM system.columns
		WHERE database = currentDatabase() AND table != 'goose_db_version' AND match(default_expression, '(?i)\\b(now|today|rand|generate)')`, nil)
	if found != "" {
		t.Errorf("defaults:\n%s", found)
	}
}
