package archiver

import (
	"slices"
	"testing"
	"time"

	"glint/ingest/objects"
)

func TestOnlyHoursThatHaveEndedBeforeAreRemoved(t *testing.T) {
	store := objects.Folder(t.TempDir())
	files := []string{
		"year=2026/month=02/day=10/hour=20/a.json.gz", "year=2026/month=02/day=10/hour=21/b.json.gz", "year=2026/month=02/day=10/hour=22/c.json.gz",
		"year=2025/month=12/day=31/hour=23/d.json.gz",
	}
	for _, name := range append(files, "notes/of the operator.json.gz") {
		if err := store.Put(t.Context(), name, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	n, err := RemoveOlder(t.Context(), store, time.Date(2026, 2, 10, 22, 0, 0, 0, time.UTC))
	if err != nil || n != 3 {
		t.Fatalf("%d files, %v", n, err)
	}
	left, err := store.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range left {
		names = append(names, o.Name)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"notes/of the operator.json.gz", "year=2026/month=02/day=10/hour=22/c.json.gz"}) {
		t.Errorf("left: %v", names)
	}
}
