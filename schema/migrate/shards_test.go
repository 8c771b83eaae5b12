package migrate

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/schema"
)

// readAll returns the migrations as one text, without comments.
func readAll(t *testing.T, files fs.FS) string {
	t.Helper()
	names, err := fs.Glob(files, "*.sql")
	if err != nil || int64(len(names)) != Newest() {
		t.Fatalf("%d migrations, %v, want %d", len(names), err, Newest())
	}
	var all strings.Builder
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range statements(string(b)) {
			all.WriteString(statement)
		}
	}
	return all.String()
}

// TestEveryChangeOfOpensReachesEachShard: a new migration that concerns opens in a form
// that shards do not know must fail here, not there.
func TestEveryChangeOfOpensReachesEachShard(t *testing.T) {
	plain, err := plainSeries()
	if err != nil {
		t.Fatal(err)
	}
	known := regexp.MustCompile(`^(CREATE TABLE IF NOT EXISTS opens \(|ALTER TABLE opens\s|CREATE MATERIALIZED VIEW IF NOT EXISTS \w+_mv TO )`)
	allowed := regexp.MustCompile(`^\s*(ADD COLUMN IF NOT EXISTS|MODIFY COLUMN|MODIFY COMMENT) `) // a Distributed table takes no more
	concerned := 0
	for _, statement := range statements(readAll(t, plain.files)) {
		if !regexp.MustCompile(`\bopens\b`).MatchString(withoutTexts(statement)) {
			continue
		}
		concerned++
		if !known.MatchString(statement) {
			t.Errorf("of this statement nothing reaches the other shards:\n%s", statement)
		}
		if changes, ok := strings.CutPrefix(statement, "ALTER TABLE opens"); ok {
			for line := range strings.Lines(changes) {
				if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "'") && !allowed.MatchString(line) {
					t.Errorf("opens of shards cannot be changed so: %s", line)
				}
			}
		}
	}
	if concerned < 6 {
		t.Errorf("%d statements concern opens", concerned)
	}

	first, second := shardText(t, 0), shardText(t, 1)
	for _, form := range []string{`ALTER TABLE opens_local\s`, `CREATE TABLE IF NOT EXISTS opens_local \(`, `CREATE TABLE IF NOT EXISTS opens_swept_local \(`} {
		find := regexp.MustCompile(form)
		if a, b := len(find.FindAllString(first, -1)), len(find.FindAllString(second, -1)); a != b || a == 0 {
			t.Errorf("%s: %d times on the first shard, %d times on the second", form, a, b)
		}
	}
	if a, b := strings.Count(first, "ALTER TABLE opens_local"), strings.Count(first, "ALTER TABLE opens")-strings.Count(first, "ALTER TABLE opens_local"); a != b {
		t.Errorf("%d changes of the parts, %d of the table that reads them", a, b)
	}
	if got := regexp.MustCompile(`CREATE \w+( VIEW)? IF NOT EXISTS (\w+)`).FindAllString(second, -1); len(got) != 2 {
		t.Errorf("the second shard has %v", got)
	}
	for _, want := range []string{"Distributed('it\\'s', currentDatabase(), 'opens_local', jumpConsistentHash(sipHash64(message_id), 2))", "COMMENT 'Shard 1 of 2 of the cluster it\\'s'"} {
		if !strings.Contains(first, want) {
			t.Errorf("the first shard lacks %s", want)
		}
	}
}

func shardText(t *testing.T, shard int) string {
	t.Helper()
	files, err := shardMigrations("it's", shard, 2)
	if err != nil {
		t.Fatal(err)
	}
	return readAll(t, files)
}

// withoutTexts returns a statement without what stands in quotes or is a comment.
func withoutTexts(statement string) string {
	return regexp.MustCompile(`'[^']*'|--.*`).ReplaceAllString(statement, "")
}

// TestSubQueriesRunOnTheFirstShard: whatever a query or view asks in a condition.
func TestSubQueriesRunOnTheFirstShard(t *testing.T) {
	for from, want := range map[string]string{
		"WHERE a IN (SELECT a FROM b)":                         "WHERE a GLOBAL IN (SELECT a FROM b)",
		"WHERE (a, b) NOT IN (\n    SELECT a FROM b)":          "WHERE (a, b) GLOBAL NOT IN (\n    SELECT a FROM b)",
		"WHERE a IN wanted_events AND b IN ('x', 'y')":         "WHERE a GLOBAL IN wanted_events AND b IN ('x', 'y')",
		"WHERE a IN {ids:Array(UInt64)} OR a IN (1, 2)":        "WHERE a IN {ids:Array(UInt64)} OR a IN (1, 2)",
		"FROM opens FINAL\n    ANY INNER JOIN (SELECT 1) AS x": "FROM opens FINAL\n    GLOBAL ANY INNER JOIN (SELECT 1) AS x",
		"FROM opens AS lines\nUNION ALL":                       "FROM opens AS lines\nUNION ALL",
		"FROM sends INNER JOIN b USING c":                      "FROM sends INNER JOIN b USING c",
	} {
		if diff := cmp.Diff(want, Spread(from)); diff != "" {
			t.Error(diff)
		}
	}
	files, err := fs.Glob(schema.FS, "*/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	left, found := regexp.MustCompile(`(GLOBAL )?(?:NOT )?\bIN (?:\(\s*(?:SELECT|WITH)|[a-z_])`), 0
	for _, file := range files {
		b, err := fs.ReadFile(schema.FS, file)
		if err != nil {
			t.Fatal(err)
		}
		var code strings.Builder
		for line := range strings.Lines(string(b)) {
			if !strings.HasPrefix(line, "--") {
				code.WriteString(line)
			}
		}
		for _, match := range left.FindAllStringSubmatch(Spread(code.String()), -1) {
			found++
			if match[1] == "" {
				t.Errorf("%s: %q would run on each shard", file, match[0])
			}
		}
	}
	if found < 50 {
		t.Errorf("%d sub-queries", found)
	}
}
