package report

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/cli/internal/output"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

// TestTheSQLOfEachDefinitionGivesItsNumber pastes every query, as a reader.
func TestTheSQLOfEachDefinitionGivesItsNumber(t *testing.T) {
	w := enginetest.Open(t)
	w.Empty(t)
	rows, err := os.ReadFile("../../ingest/warehouse/sqltest/testdata/golden_account/input.sql")
	if err != nil {
		t.Fatal(err)
	}
	for statement := range strings.SplitSeq(string(rows), ";\n") {
		if strings.TrimSpace(statement) != "" {
			w.Text(t, enginetest.WarehouseUser, statement, nil)
		}
	}
	reader := client.Connect(t, w, enginetest.ReaderUser)
	r, err := reader.ReportOf(t.Context(), "case")
	if err != nil {
		t.Fatal(err)
	}
	all := definitionsOf(r)
	if len(all) < 20 {
		t.Errorf("only %d definitions", len(all))
	}
	for _, d := range all {
		var values []string
		for _, cell := range strings.Fields(w.Text(t, enginetest.ReaderUser, d.sql, nil)) {
			number, err := strconv.ParseFloat(cell, 64)
			switch {
			case cell == `\N`:
				values = append(values, output.Percent(nil))
			case err != nil:
				t.Fatalf("%s: %q is no number", d.name, cell)
			case strings.Contains(d.value, "%"):
				values = append(values, output.Percent(&number))
			default:
				values = append(values, output.Count(uint64(number)))
			}
		}
		got := values[0]
		if len(values) == 3 {
			got += " (" + values[1] + " … " + values[2] + ")"
		}
		if got != d.value {
			t.Errorf("%s is %s, its query gives %s: %s", d.name, d.value, got, d.sql)
		}
	}
	var out bytes.Buffer
	if err := writeDefinitions(&out, r); err != nil {
		t.Fatal(err)
	}
	if want := "\nmpp_adjusted_open_rate = 54.7 %\n    reliable_unique_opens / (measured − mpp_only) = 488 / (1,503 − 611)\n    SELECT "; !strings.Contains(out.String(), want) {
		t.Errorf("the definitions lack %q:\n%s", want, out.String())
	}
}

func TestAComparisonInWords(t *testing.T) {
	for _, c := range []struct {
		name string
		d    warehouse.Difference
		want string
	}{
		{
			"a is more",
			warehouse.Difference{Population: warehouse.VisibleBoth, N: 1203, A: new(0.452), B: new(0.41), Difference: new(0.042), Low: new(0.011), High: new(0.073)},
			`Of 1,203 recipients who got both and whose opens show, a person opened 45.2 % of "a" and 41.0 % of "b": "a" was opened more, by 4.2 points (1.1 to 7.3 points).`,
		},
		{
			"b is more",
			warehouse.Difference{Population: warehouse.VisibleEach, N: 10, A: new(0.1), B: new(0.5), Difference: new(-0.4), Low: new(-0.6), High: new(-0.2)},
			`Of 10 messages whose opens show, a person opened 10.0 % of "a" and 50.0 % of "b": "b" was opened more, by 40.0 points (20.0 to 60.0 points).`,
		},
		{
			"chance",
			warehouse.Difference{Population: warehouse.VisibleEach, N: 10, A: new(0.5), B: new(0.5), Difference: new(0.0), Low: new(-0.2), High: new(0.2)},
			`Of 10 messages whose opens show, a person opened 50.0 % of "a" and 50.0 % of "b": that may be chance (-20.0 to 20.0 points).`,
		},
		{"nothing", warehouse.Difference{Population: warehouse.VisibleEach}, "Nothing can be said: one of the campaigns has no message whose open would show."},
	} {
		t.Run(c.name, func(t *testing.T) {
			form := comparisonOf("a", "b", []warehouse.Difference{c.d, {Population: warehouse.MeasuredEach}})
			if diff := cmp.Diff(c.want, form.Sentence); diff != "" {
				t.Error(diff)
			}
			var out bytes.Buffer
			if err := writeComparison(&out, form); err != nil || !strings.HasPrefix(out.String(), c.want+"\n") {
				t.Errorf("%v: %s", err, out.String())
			}
		})
	}
}
