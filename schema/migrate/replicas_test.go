package migrate

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// TestEveryTableOfTheMigrationsReplicates: a new migration must be understood, whatever
// its engine.
func TestEveryTableOfTheMigrationsReplicates(t *testing.T) {
	uuids := map[string]string{"opens": "00000000-0000-4000-8000-000000000001"}
	from, err := plainSeries()
	if err != nil {
		t.Fatal(err)
	}
	files, names, err := replicatedMigrations(from.files, uuids)
	if err != nil {
		t.Fatal(err)
	}
	all, err := fs.Glob(files, "*.sql")
	if err != nil || int64(len(all)) != Newest() || int64(len(names)) != Newest() {
		t.Fatalf("%d migrations, %d names, %v, want %d", len(all), len(names), err, Newest())
	}
	plain := regexp.MustCompile(`(?i)ENGINE\s*=\s*(?:\w*MergeTree)`)
	tables := 0
	for _, name := range all {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		var statements []string // without comments
		for line := range strings.Lines(string(b)) {
			if !strings.HasPrefix(line, "--") {
				statements = append(statements, line)
			}
		}
		text := strings.Join(statements, "")
		created := strings.Count(text, "CREATE TABLE ")
		tables += created
		if got := strings.Count(text, " UUID '"); got != created {
			t.Errorf("%s: %d of %d tables have a UUID", name, got, created)
		}
		for _, engine := range plain.FindAllString(text, -1) {
			if !strings.Contains(engine, "= Replicated") {
				t.Errorf("%s: %q does not replicate", name, engine)
			}
		}
		if got := strings.Count(text, "('/clickhouse/tables/{uuid}/{shard}', '{replica}'"); got != created {
			t.Errorf("%s: %d of %d tables have a path", name, got, created)
		}
		if strings.Contains(text, "non_replicated_deduplication_window") {
			t.Errorf("%s: a replicated table does not know non_replicated_deduplication_window", name)
		}
	}
	if tables < 20 || len(uuids) != tables {
		t.Errorf("%d tables with %d UUIDs, want at least 20 and one each", tables, len(uuids))
	}
	if uuids["opens"] != "00000000-0000-4000-8000-000000000001" {
		t.Error("a table that is there has got another UUID")
	}
}
