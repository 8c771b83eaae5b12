package report

import (
	"strings"
	"testing"

	"glint/cli/internal/output"
)

// TestColumnsAsTextFitTheirWidth draws 168 hours of two parts at several widths: no line
// is wider, all parts have one scale, and what is not nothing shows.
func TestColumnsAsTextFitTheirWidth(t *testing.T) {
	c := &Columns{Title: "Opens", Parts: []ColumnPart{{"by people", Certain}, {"by machines", Apart}}, Axis: []string{"7 days ago", "now"}}
	for hour := range uint64(168) {
		n := []uint64{0, 0}
		if hour%2 == 0 {
			n[0] = 800
		}
		if hour == 167 {
			n[1] = 1
		}
		c.Items = append(c.Items, Column{"", n})
	}
	for _, width := range []int{40, 80, 100, 120, 200} {
		var b strings.Builder
		if err := WriteScreen(&b, &Document{Lead: "x", Sections: []Section{{ID: "x", Title: "x", Figure: c}}}, output.Style{Width: width}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if got := output.Width(strings.TrimSuffix(line, "\n")); got > width {
				t.Errorf("a line of %d columns in %d: %q", got, width, line)
			}
		}
		for _, want := range []string{"by people    █", "▁  ", "67,200\n", "7 days ago", "now\n"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("at %d columns it lacks %q:\n%s", width, want, b.String())
			}
		}
	}
}
