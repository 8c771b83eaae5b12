package mirrors

import (
	"path/filepath"
	"testing"
	"time"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
)

// TestACopyGoesIntoShardsAndOutOfThem: that is how a warehouse gets another number of
// shards.
func TestACopyGoesIntoShardsAndOutOfThem(t *testing.T) {
	s, err := enginetest.StartShards(filepath.Join(t.TempDir(), "shards"), 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	cluster, err := warehouse.ConnectCluster(t.Context(), s.DSN(0), enginetest.Cluster)
	if err != nil {
		t.Fatal(err)
	}
	_, err = cluster.Migrate(t.Context())
	_ = cluster.Close()
	if err != nil {
		t.Fatal(err)
	}
	spread, err := warehouse.Connect(t.Context(), s.DSN(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = spread.Close() })

	first, last := newWarehouse(t), newWarehouse(t)
	filled(t, first)
	for _, way := range []struct {
		name     string
		from, to *warehouse.Warehouse
	}{{"into shards", first, spread}, {"out of them", spread, last}} {
		c := &Copier{From: way.from, To: way.to, State: &State{Seen: map[string]Inserts{}}, Keep: func(*State) error { return nil }}
		if err := adopt(t, c); err != nil {
			t.Fatal(err)
		}
		if rows, err := c.Pass(t.Context()); err != nil || rows == 0 {
			t.Fatalf("%s: %d rows, %v", way.name, rows, err)
		}
		all, err := Compare(t.Context(), way.from, way.to, time.Now(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			if !d.Equal || d.First == 0 {
				t.Errorf("%s: %+v, want equal rows", way.name, d)
			}
		}
		if rows, err := c.Pass(t.Context()); err != nil || rows > 0 {
			t.Errorf("%s: a second pass has copied %d rows, %v", way.name, rows, err)
		}
	}
}
