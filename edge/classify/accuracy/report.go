package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"glint/edge/classify"
)

// tally counts the verdicts of one corpus and expectation.
type tally struct {
	corpus, expected            string
	rows, right, human, unknown int
}

func (t *tally) nonHuman() int { return t.rows - t.human - t.unknown }

type bar struct {
	text string
	met  bool
}

type report struct {
	tallies []*tally
	scores  []*scores
	held    holdout
	bars    []bar
	misses  []string
}

// judged counts one verdict on a labelled user agent or network.
func (r *report) judged(corpus string, e expectation, verdict classify.Verdict) {
	t := r.row(corpus, e.name)
	if t.rows == 0 {
		r.tallies = append(r.tallies, t)
	}
	t.add(verdict.Class, e.right.has(verdict.Class))
	if e.truth != 0 {
		r.scoresOf(corpus).add(e.truth, verdict.Class)
	}
}

func (r *report) scoresOf(corpus string) *scores {
	for _, s := range r.scores {
		if s.corpus == corpus {
			return s
		}
	}
	s := &scores{corpus: corpus}
	r.scores = append(r.scores, s)
	return s
}

// row returns the tally of that name; an empty one if nothing was judged.
func (r *report) row(corpus, expected string) *tally {
	for _, t := range r.tallies {
		if t.corpus == corpus && t.expected == expected {
			return t
		}
	}
	return &tally{corpus: corpus, expected: expected}
}

func (r *report) bar(met bool, format string, args ...any) {
	r.bars = append(r.bars, bar{fmt.Sprintf(format, args...), met})
}

func (t *tally) add(class classify.Class, right bool) {
	t.rows++
	if right {
		t.right++
	}
	switch class {
	case classify.HumanDirect, classify.ProxyHuman:
		t.human++
	case classify.Unknown:
		t.unknown++
	}
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

func (r *report) print(out io.Writer) (int, error) {
	slices.SortStableFunc(r.tallies, func(a, b *tally) int {
		return cmp.Or(cmp.Compare(a.corpus, b.corpus), cmp.Compare(a.expected, b.expected))
	})
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "CORPUS\tEXPECTED\tROWS\tRIGHT %\tHUMAN %\tNON-HUMAN %\tUNKNOWN %\t")
	for _, t := range r.tallies {
		fmt.Fprintf(w, "%s\t%s\t%d\t%.2f\t%.2f\t%.2f\t%.2f\t\n", t.corpus, t.expected, t.rows,
			share(t.right, t.rows), share(t.human, t.rows), share(t.nonHuman(), t.rows), share(t.unknown, t.rows))
	}
	if err := errors.Join(w.Flush(), r.printScores(out), r.held.print(out)); err != nil {
		return 0, fmt.Errorf("write table: %w", err)
	}
	fmt.Fprintln(out)
	missed := 0
	for _, b := range r.bars {
		word := "met"
		if !b.met {
			word = "MISSED"
			missed++
		}
		fmt.Fprintf(out, "%-6s  %s\n", word, b.text)
	}
	for _, m := range r.misses {
		fmt.Fprintf(out, "%q\n", m)
	}
	return missed, nil
}
