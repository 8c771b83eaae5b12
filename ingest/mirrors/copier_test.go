package mirrors

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/embedded"
	"glint/ingest/warehouse/enginetest"
	"glint/schema/migrate"
)

func TestMain(m *testing.M) {
	enginetest.RunShardIfAsked()
	embedded.RunChildIfAsked()
	os.Exit(m.Run())
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// newWarehouse is an engine of the test's own, with the schema.
func newWarehouse(t *testing.T) *warehouse.Warehouse {
	t.Helper()
	e := enginetest.StartAlone(t, t.TempDir(), embedded.User{Name: "glint", Password: "a-password-of-the-tests"})
	w, err := warehouse.Connect(t.Context(), strings.Replace(e.URL(), "http://", "http://glint:a-password-of-the-tests@", 1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	db := w.DB()
	defer func() { _ = db.Close() }()
	if _, err := migrate.Up(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return w
}

func do(t *testing.T, w *warehouse.Warehouse, statements ...string) {
	t.Helper()
	db := w.DB()
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// filled gives each copied table rows of chance, and some of them in two versions.
func filled(t *testing.T, w *warehouse.Warehouse) {
	t.Helper()
	listed, err := list(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	for i := range tables {
		var names, made, read []string
		for _, c := range listed[tables[i].name].Columns {
			names = append(names, c.Name)
			switch {
			case strings.HasSuffix(c.Name, "_at"), c.Name == "opened_hour", c.Name == "opened_on":
				read = append(read, "now() - 60") // of chance they would be older than a TTL keeps
			case c.Name == "moved":
				read = append(read, "0")
			default:
				made = append(made, c.Name+" "+strings.ReplaceAll(c.Type, "'", `\'`))
				read = append(read, c.Name)
			}
		}
		do(t, w, "INSERT INTO "+tables[i].name+" ("+strings.Join(names, ", ")+") SELECT "+strings.Join(read, ", ")+
			" FROM generateRandom('"+strings.Join(made, ", ")+"', 1, 8, 3) LIMIT 500")
	}
}

func adopt(t *testing.T, c *Copier) error {
	t.Helper()
	id, err := c.To.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c.Adopt(t.Context(), id)
}

// TestEveryTableIsCopiedOrItsWarehousesOwn holds the kind: a new table has to be thought of.
func TestEveryTableIsCopiedOrItsWarehousesOwn(t *testing.T) {
	from, to := newWarehouse(t), newWarehouse(t)
	listed, err := list(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	known := slices.Clone(own)
	for i := range tables {
		known = append(known, tables[i].name)
	}
	for name := range listed {
		if !slices.Contains(known, name) {
			t.Errorf("table %s is neither copied nor each warehouse's own", name)
		}
	}
	for _, name := range known {
		if _, ok := listed[name]; !ok {
			t.Errorf("there is no table %s", name)
		}
	}

	filled(t, from)
	c := &Copier{From: from, To: to, State: &State{Seen: map[string]Inserts{}}, Keep: func(*State) error { return nil }}
	if err := adopt(t, c); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal := func(when string) {
		t.Helper()
		all, err := Compare(t.Context(), from, to, time.Now(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			if !d.Equal || d.First == 0 {
				t.Errorf("%s: %+v, want equal rows", when, d)
			}
		}
	}
	equal("after a copy")
	rows, err := c.Pass(t.Context())
	if err != nil || rows > 0 {
		t.Errorf("a second pass has copied %d rows, %v, want none", rows, err)
	}

	// All again, as after a damaged state: nothing is doubled.
	*c.State = State{From: c.State.From, To: c.State.To, Seen: map[string]Inserts{}}
	if rows, err := c.Pass(t.Context()); err != nil || rows == 0 {
		t.Fatalf("all again: %d rows, %v", rows, err)
	}
	equal("after copying all again")

	do(t, from, "INSERT INTO opens SELECT * REPLACE (verdict_version + 1 AS verdict_version, judged_run + 1 AS judged_run) FROM opens FINAL LIMIT 100")
	differs := func(table string) {
		t.Helper()
		all, err := Compare(t.Context(), from, to, time.Now(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			if d.Equal == (d.Table == table) {
				t.Errorf("%+v, want that %s alone differs", d, table)
			}
		}
	}
	differs("opens")
	if rows, err := c.Pass(t.Context()); err != nil || rows != 100 {
		t.Errorf("%d rows copied, %v, want the 100 that were judged", rows, err)
	}
	equal("after a judge's run")
	do(t, to, "ALTER TABLE sends DELETE WHERE message_id = (SELECT min(message_id) FROM sends) SETTINGS mutations_sync = 1")
	differs("sends")
}

// TestAnotherGlintsWarehouseIsRefused: a mirror never mixes the data of two.
func TestAnotherGlintsWarehouseIsRefused(t *testing.T) {
	from, other := newWarehouse(t), newWarehouse(t)
	filled(t, other)
	c := &Copier{From: from, To: other, State: &State{Seen: map[string]Inserts{}}, Keep: func(*State) error { return nil }}
	if err := adopt(t, c); !errors.Is(err, ErrForeign) {
		t.Errorf("error %v, want ErrForeign", err)
	}
	c.To = from
	if err := adopt(t, c); !errors.Is(err, ErrItself) {
		t.Errorf("the first warehouse itself: error %v, want ErrItself", err)
	}
}

// TestWhatTheLogHasNoMoreIsCopied: the log of an erased person's events is overwritten,
// maybe before the mirror has read it, and a judge's verdicts were never in it.
func TestWhatTheLogHasNoMoreIsCopied(t *testing.T) {
	from, to := newWarehouse(t), newWarehouse(t)
	filled(t, from)
	c := &Copier{From: from, To: to, State: &State{Seen: map[string]Inserts{}}, Keep: func(*State) error { return nil }}
	if err := adopt(t, c); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	do(t, from,
		"INSERT INTO aggregate_opens SELECT * REPLACE (0 AS campaign_id, event_id + 1 AS event_id) FROM aggregate_opens FINAL LIMIT 3",
		"INSERT INTO opens SELECT * REPLACE (verdict_version + 1 AS verdict_version, judged_run + 1 AS judged_run) FROM opens FINAL LIMIT 4")
	if rows, err := c.Pass(t.Context()); err != nil || rows != 7 {
		t.Errorf("%d rows copied, %v, want 3 events without a campaign and 4 verdicts", rows, err)
	}
	all, err := Compare(t.Context(), from, to, time.Now(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if !d.Equal {
			t.Errorf("%+v, want equal rows", d)
		}
	}
}
