package report

import (
	"regexp"
	"testing"

	"glint/ingest/warehouse"
	"glint/schema"
)

// TestEachWeaknessHasAWarning reads the codes from the comment of the view's column.
func TestEachWeaknessHasAWarning(t *testing.T) {
	view, err := schema.FS.ReadFile("views/campaign_estimates.sql")
	if err != nil {
		t.Fatal(err)
	}
	comment := regexp.MustCompile(`weaknesses Array.* COMMENT '(.*)'`).FindStringSubmatch(string(view))
	if comment == nil {
		t.Fatal("the column has no comment")
	}
	codes := regexp.MustCompile(`(?:^|; )([a-z_]+): `).FindAllStringSubmatch(comment[1], -1)
	if len(codes) != 7 {
		t.Fatalf("codes: %q", codes)
	}
	for _, code := range codes {
		texts := map[string]string{}
		for _, w := range warningsOf(&warehouse.Report{Sends: 1, Delivered: 1, Measured: 1, Weaknesses: []string{code[1]}}) {
			texts[w.Code] = w.Text
		}
		if texts[code[1]] == "" {
			t.Errorf("%s: no warning", code[1])
		}
	}
}
