// Package sqltest runs the schema on the real engine: each view and query on rows
// that a reader can check, what each user may see, and the migrations. It has tests
// only; the schema itself imports nothing of ours.
package sqltest

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/warehouse/enginetest"
	"glint/schema"
)

var update = flag.Bool("update", false, "write the reference files instead of comparing them")

// caseCount pins the number of cases, so that none is lost unnoticed.
const caseCount = 21

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

// TestCases runs testdata/<case>/input.sql on empty tables and then, as the
// read-only user, each query with a <query>.reference beside it, for the
// campaign with the name "case".
func TestCases(t *testing.T) {
	w := enginetest.Open(t)
	inputs, err := filepath.Glob("testdata/*/input.sql")
	if err != nil {
		t.Fatal(err)
	}
	if len(inputs) != caseCount {
		t.Errorf("%d cases, want %d", len(inputs), caseCount)
	}
	for _, input := range inputs {
		t.Run(filepath.Base(filepath.Dir(input)), func(t *testing.T) {
			w.Empty(t)
			runStatements(t, w, input)
			id := campaignID(t, w, "case")
			references, err := filepath.Glob(filepath.Join(filepath.Dir(input), "*.reference"))
			if err != nil || len(references) == 0 {
				t.Fatalf("no reference: %v", err)
			}
			for _, reference := range references {
				query := strings.TrimSuffix(filepath.Base(reference), ".reference")
				compareWithFile(t, reference, reportText(t, w, query, id))
			}
		})
	}
}

func TestRepeatsGiveTheReportOfOneCopy(t *testing.T) {
	once := readReference(t, "testdata/repeats_once/report.reference")
	if diff := cmp.Diff(once, readReference(t, "testdata/repeats_three_times/report.reference")); diff != "" {
		t.Errorf("once (-), three times (+):\n%s", diff)
	}
}

func TestTheGoldenAccountHasItsPublishedRates(t *testing.T) {
	w := enginetest.Open(t)
	w.Empty(t)
	runStatements(t, w, "testdata/golden_account/input.sql")
	got := w.Text(t, enginetest.ReaderUser, `SELECT delivered, reliable_unique_opens, mpp_only, round(100 * mpp_adjusted_open_rate, 1),
		round(100 * open_rate_low, 1), round(100 * open_rate_high, 1), round(mpp_adjusted_open_rate * measured) FROM campaign_report`, nil)
	if want := "1503\t488\t611\t54.7\t32.5\t73.1\t822\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// runStatements sends a file statement by statement. Repeated blocks are
// inserted again, as they are under another name.
func runStatements(t *testing.T, w *enginetest.Warehouse, path string) {
	t.Helper()
	text := readReference(t, path)
	for statement := range strings.SplitSeq(text, ";\n") {
		if strings.TrimSpace(statement) != "" {
			w.Text(t, enginetest.WarehouseUser, statement, map[string]string{"insert_deduplicate": "0"})
		}
	}
}

// campaignID resolves a name as the command line does.
func campaignID(t *testing.T, w *enginetest.Warehouse, name string) string {
	t.Helper()
	row := w.Text(t, enginetest.ReaderUser, schema.Query("campaign_by_name"), map[string]string{"param_campaign": name})
	cells := strings.Fields(row)
	if len(cells) < 2 || cells[0] != "1" {
		t.Fatalf("campaign %q: want one, got %q", name, row)
	}
	return cells[1]
}

func reportText(t *testing.T, w *enginetest.Warehouse, query, id string) string {
	t.Helper()
	text := w.Text(t, enginetest.ReaderUser, schema.Query(query),
		map[string]string{"param_campaign_id": id, "default_format": "Vertical"})
	return timeless(text)
}

var computedAt = regexp.MustCompile(`(?m)^computed_at: .*\n`)

// timeless returns a report without the time when it was computed.
func timeless(report string) string { return computedAt.ReplaceAllString(report, "") }

func compareWithFile(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(readReference(t, path), got); diff != "" {
		t.Errorf("%s (-) and the answer (+) differ:\n%s", path, diff)
	}
}

func readReference(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
