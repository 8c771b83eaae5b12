package warehouse

import (
	"strings"
	"testing"

	"glint/schema"
)

// TestOnlyReplicatedTablesNeedAQuorum has engines of ClickHouse Cloud, whose replicas
// share their storage: these tables need no quorum, and do not belong to a single server
// either. The engine here has no such tables, so the queries read a list of names.
func TestOnlyReplicatedTablesNeedAQuorum(t *testing.T) {
	e, w := engine(t)
	text(t, e, "CREATE TABLE some_tables (database String, name String, engine String) ENGINE = Memory")
	t.Cleanup(func() { text(t, e, "DROP TABLE some_tables") })
	for name, want := range map[string]struct{ replicated, plain uint64 }{
		"ReplicatedReplacingMergeTree": {1, 0},
		"ReplicatedMergeTree":          {1, 0},
		"SharedReplacingMergeTree":     {0, 0},
		"SharedMergeTree":              {0, 0},
		"ReplacingMergeTree":           {0, 1},
		"MergeTree":                    {0, 1},
		"View":                         {0, 0},
	} {
		text(t, e, "TRUNCATE TABLE some_tables")
		text(t, e, "INSERT INTO some_tables VALUES ('glint', 'opens', '"+name+"')")
		for query, want := range map[string]uint64{"replicated_tables": want.replicated, "plain_tables": want.plain} {
			var got uint64
			if err := w.conn.QueryRow(t.Context(), strings.Replace(schema.Query(query), "FROM system.tables", "FROM some_tables", 1)).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%s counts %d tables of engine %s, want %d", query, got, name, want)
			}
		}
	}
}
