package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

// comparison is the JSON form of a comparison: a contract, described in
// cli/JSON.md.
type comparison struct {
	CampaignA string `json:"campaign_a"`
	CampaignB string `json:"campaign_b"`
	difference
	Sentence string       `json:"sentence"`
	Others   []difference `json:"others"`
}

type difference struct {
	A          *float64 `json:"a"`
	B          *float64 `json:"b"`
	Difference *float64 `json:"difference"`
	Low        *float64 `json:"low"`
	High       *float64 `json:"high"`
	N          uint64   `json:"n"`
	NA         uint64   `json:"n_a"`
	NB         uint64   `json:"n_b"`
	Population string   `json:"population"`
}

func compare(ctx context.Context, o *Options) error {
	w, err := o.App.OpenWarehouse(ctx, o.DSN, app.OwnDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	var ids [2]uint64
	for i, name := range []string{o.Campaign, o.Other} {
		if ids[i], err = w.CampaignID(ctx, name); errors.Is(err, warehouse.ErrNoCampaign) {
			return o.App.NoCampaign(ctx, w, name)
		}
		if err != nil {
			return err
		}
	}
	all, err := w.Compare(ctx, ids[0], ids[1])
	if err != nil {
		return err
	}
	c := comparisonOf(o.Campaign, o.Other, all)
	if o.Format == "json" {
		e := output.NewJSON(o.App.Out)
		e.SetIndent("", "  ")
		return e.Encode(c)
	}
	return writeComparison(o.App.Out, c)
}

func comparisonOf(a, b string, all []warehouse.Difference) *comparison {
	c := &comparison{CampaignA: a, CampaignB: b, Others: []difference{}}
	for i, d := range all {
		form := difference{d.A, d.B, d.Difference, d.Low, d.High, d.N, d.NA, d.NB, d.Population}
		if i == 0 {
			c.difference = form
		} else {
			c.Others = append(c.Others, form)
		}
	}
	c.Sentence = sentence(c)
	return c
}

// people maps the populations to words.
var people = map[string]string{
	warehouse.VisibleBoth:  "recipients who got both and whose opens show",
	warehouse.VisibleEach:  "messages whose opens show",
	warehouse.MeasuredBoth: "recipients who got both",
	warehouse.MeasuredEach: "measured messages",
}

// sentence returns the meaning of the first difference in plain words.
func sentence(c *comparison) string {
	if c.Difference == nil {
		return "Nothing can be said: one of the campaigns has no message whose open would show."
	}
	a, b := strconv.Quote(output.Safe(c.CampaignA)), strconv.Quote(output.Safe(c.CampaignB))
	of := fmt.Sprintf("Of %s %s", output.Count(c.N), people[c.Population])
	rates := fmt.Sprintf("a person opened %s of %s and %s of %s", output.Percent(c.A), a, output.Percent(c.B), b)
	reach := fmt.Sprintf("%s to %s points", points(*c.Low), points(*c.High))
	switch {
	case *c.Low > 0:
		return fmt.Sprintf("%s, %s: %s was opened more, by %s points (%s).", of, rates, a, points(*c.Difference), reach)
	case *c.High < 0:
		return fmt.Sprintf("%s, %s: %s was opened more, by %s points (%s to %s points).", of, rates, b, points(-*c.Difference), points(-*c.High), points(-*c.Low))
	}
	return fmt.Sprintf("%s, %s: that may be chance (%s).", of, rates, reach)
}

// points formats a fraction as percentage points with one digit.
func points(p float64) string {
	return strconv.FormatFloat(math.Round(p*1000)/10+0, 'f', 1, 64)
}

func writeComparison(w io.Writer, c *comparison) error {
	fmt.Fprintf(w, "%s\n\n", c.Sentence)
	t := output.NewTable("AMONG", "N", "A", "B", "A − B", "95 %").AlignRight(1, 2, 3, 4)
	for _, d := range append([]difference{c.difference}, c.Others...) {
		row := []string{people[d.Population], output.Count(d.N), output.Percent(d.A), output.Percent(d.B), "–", "–"}
		if d.Difference != nil {
			row[4], row[5] = points(*d.Difference), points(*d.Low)+" … "+points(*d.High)
		}
		t.Row(row...)
	}
	if err := t.Write(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nA is %s, B is %s. Intervals hold sampling error only; among measured messages, opens that Apple Mail hides are missing.\n",
		output.Safe(c.CampaignA), output.Safe(c.CampaignB))
	return err
}
