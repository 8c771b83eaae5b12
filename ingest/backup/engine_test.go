package backup_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"glint/ingest/backup"
	"glint/ingest/objects"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/embedded"
	"glint/ingest/warehouse/enginetest"
	"glint/schema/migrate"
)

func TestMain(m *testing.M) {
	embedded.RunChildIfAsked()
	os.Exit(m.Run())
}

var owner = embedded.User{Name: "glint", Password: "a-password-of-the-test"}

func open(t *testing.T) *warehouse.Warehouse {
	t.Helper()
	e := enginetest.StartAlone(t, t.TempDir(), owner)
	u, err := url.Parse(e.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(owner.Name, owner.Password)
	w, err := warehouse.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// sums returns the rows of each table and a sum over them.
func sums(t *testing.T, w *warehouse.Warehouse) map[string]string {
	t.Helper()
	db := w.DB()
	defer func() { _ = db.Close() }()
	tables, err := w.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, table := range tables {
		if computed(table.Name) {
			continue
		}
		var engine, sum string
		if err := db.QueryRowContext(t.Context(), "SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = '"+table.Name+"'").Scan(&engine); err != nil {
			t.Fatal(err)
		}
		statement := "SELECT concat(toString(count()), ' ', toString(sum(cityHash64(*)))) FROM " + table.Name
		if engine != "MergeTree" {
			statement += " FINAL"
		}
		if err := db.QueryRowContext(t.Context(), statement).Scan(&sum); err != nil {
			t.Fatalf("%s: %v", table.Name, err)
		}
		all[table.Name] = sum
	}
	return all
}

// computed reports whether a table is made anew.
func computed(table string) bool {
	return strings.HasPrefix(table, "campaign_") || table == "schema_views"
}

// fill writes made-up rows of all types into every table.
func fill(t *testing.T, w *warehouse.Warehouse) {
	t.Helper()
	db := w.DB()
	defer func() { _ = db.Close() }()
	tables, err := w.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, table := range tables {
		structure, names := "", ""
		for _, c := range table.Columns {
			structure, names = structure+", `"+c.Name+"` "+c.Type, names+", `"+c.Name+"`"
			if strings.HasSuffix(c.Name, "_at") || strings.HasSuffix(c.Name, "_hour") { // a random time would have expired
				names = strings.TrimSuffix(names, "`"+c.Name+"`") + "now() - INTERVAL rand(1) % 5000000 SECOND"
				if strings.HasSuffix(c.Name, "received_at") || c.Name == "arrived_at" {
					names = strings.ReplaceAll(names, "5000000", "50000")
				}
			}
		}
		if computed(table.Name) {
			continue
		}
		statement := "INSERT INTO " + table.Name + " SELECT " + names[2:] + " FROM generateRandom('" + strings.ReplaceAll(structure[2:], "'", "\\'") + "', " + strconv.Itoa(i) + ", 20, 3) LIMIT 500" +
			" SETTINGS max_partitions_per_insert_block = 0"
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// TestEachRowOfEachTableComesBack copies made-up rows to another engine, which then
// refuses a second restore and is the source of a backup with the same rows.
func TestEachRowOfEachTableComesBack(t *testing.T) {
	from, to := open(t), open(t)
	db := from.DB()
	defer func() { _ = db.Close() }()
	if _, err := migrate.Up(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	fill(t, from)
	home := filepath.Join(t.TempDir(), "home")
	if err := os.MkdirAll(filepath.Join(home, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "keys", "pixel.keys"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	store := objects.Folder(filepath.Join(t.TempDir(), "backup"))
	if _, err := backup.Create(t.Context(), store, backup.Options{Home: home, Warehouse: from, Schema: migrate.Newest()}); err != nil {
		t.Fatal(err)
	}
	m, err := backup.ReadManifest(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	o := backup.RestoreOptions{Home: filepath.Join(t.TempDir(), "restored")}
	o.OpenWarehouse = func(context.Context, string) (backup.Target, func(context.Context) error, error) {
		return to, func(context.Context) error { return nil }, nil
	}
	if err := backup.Restore(t.Context(), store, m, o); err != nil {
		t.Fatal(err)
	}
	want, got := sums(t, from), sums(t, to)
	if len(want) < 15 {
		t.Errorf("only %d tables", len(want))
	}
	for table, sum := range want {
		if got[table] != sum || strings.HasPrefix(sum, "0 ") {
			t.Errorf("%s: %s came back as %s", table, sum, got[table])
		}
	}
	if b, err := os.ReadFile(filepath.Join(o.Home, "keys", "pixel.keys")); err != nil || string(b) != "secret" || backup.Unfinished(o.Home) {
		t.Errorf("the home has %q, %v", b, err)
	}
	o.Home = filepath.Join(t.TempDir(), "again")
	if err := backup.Restore(t.Context(), store, m, o); !errors.Is(err, backup.ErrWarehouseInUse) {
		t.Errorf("a warehouse with rows: %v", err)
	}
	if entries, err := os.ReadDir(o.Home); err != nil || len(entries) > 0 {
		t.Errorf("a refused restore leaves %v, %v", entries, err)
	}
	m.Schema = migrate.Newest() + 1
	if err := backup.Restore(t.Context(), store, m, o); !errors.Is(err, backup.ErrNewer) {
		t.Errorf("a newer schema: %v", err)
	}
}
