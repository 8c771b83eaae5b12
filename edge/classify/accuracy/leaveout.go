package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"glint/edge/classify"
)

// labelled is a user agent with its label, kept to judge it again.
type labelled struct {
	userAgent string
	expectation
}

// holdout remembers the rows of each corpus of user agents, and in which of
// them each word of the rules stands.
type holdout struct {
	order []string
	rows  map[string][]labelled
	seen  map[string]map[string]bool // word → corpora
}

func (h *holdout) add(corpus string, row labelled) {
	if h.rows == nil {
		h.rows, h.seen = map[string][]labelled{}, map[string]map[string]bool{}
	}
	if _, known := h.rows[corpus]; !known {
		h.order = append(h.order, corpus)
	}
	h.rows[corpus] = append(h.rows[corpus], row)
	for _, word := range classify.Words(row.userAgent) {
		if h.seen[word] == nil {
			h.seen[word] = map[string]bool{}
		}
		h.seen[word][corpus] = true
	}
}

// print judges each corpus without the words that no other one contains. The
// rules use no list of user agents; this bounds from below what they would be
// worth on an unseen corpus.
func (h *holdout) print(out io.Writer) error {
	fmt.Fprint(out, "\nLeft out in turn. No list of user agents is used, only words. Each corpus judged without the words that stand in\n"+
		"none of the others: right before and after. The fewer corpora, the more words of common knowledge are lost.\n")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "CORPUS\tEXPECTED\tROWS\tRIGHT %\tWITHOUT ITS WORDS %\t")
	for _, corpus := range h.order {
		var order []string
		counts := map[string]*[3]int{} // rows, right, right without
		for _, row := range h.rows[corpus] {
			n := counts[row.name]
			if n == nil {
				n = new([3]int)
				counts[row.name] = n
				order = append(order, row.name)
			}
			r := classify.Request{UserAgent: row.userAgent, Network: classify.NetworkNone}
			n[0]++
			n[1] += one(row.right.has(classify.Judge(&r).Class))
			n[2] += one(row.right.has(classify.JudgeWithout(&r, func(word string) bool { return h.elsewhere(word, corpus) }).Class))
		}
		for _, expected := range order {
			n := counts[expected]
			fmt.Fprintf(w, "%s\t%s\t%d\t%.2f\t%.2f\t\n", corpus, expected, n[0], share(n[1], n[0]), share(n[2], n[0]))
		}
	}
	return w.Flush()
}

// elsewhere reports whether another corpus contains a word.
func (h *holdout) elsewhere(word, corpus string) bool {
	in := h.seen[word]
	return len(in) > 1 || !in[corpus]
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
