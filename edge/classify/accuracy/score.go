package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"glint/edge/classify"
)

// truth is the set of classes that a corpus's label allows, any of which is
// right. Most labels do not distinguish one kind of machine from another.
type truth uint16

func oneOf(classes ...classify.Class) truth {
	var t truth
	for _, c := range classes {
		t |= 1 << c
	}
	return t
}

func (t truth) has(c classify.Class) bool { return t>>c&1 != 0 }

var (
	people   = oneOf(classify.HumanDirect, classify.ProxyHuman)
	machines = oneOf(classify.SecurityScanner, classify.Bot, classify.HTTPLibrary, classify.LinkPreview, classify.Headless,
		classify.MachinePrefetch, classify.NotImage)
)

// expectation is the meaning of a label.
type expectation struct {
	name  string
	truth truth // 0: the label says nothing about the class
	right truth // what no bar holds against the classifier: unknown is right for a machine
}

const anything = ^truth(0)

var unsure = oneOf(classify.Unknown)

// The labels that corpora of user agents have, under one name each.
var (
	mailClient = expectation{"mail client", people, people}
	browser    = expectation{"browser", people, people}
	robot      = expectation{"robot", machines, machines | unsure}
	attack     = expectation{"attack", machines, machines | unsure}
	mobileApp  = expectation{"mobile app", people, people | unsure}
	other      = expectation{"other", 0, anything}
)

// score counts, for one corpus and class, what precision and recall need.
type score struct {
	judged, rightly int // rows of this class, and those whose label allows it
	due, found      int // rows whose label allows it, and those judged as their label allows
}

// scores of one corpus, by class.
type scores struct {
	corpus string
	class  [classify.NotImage + 1]score
}

func (s *scores) add(t truth, got classify.Class) {
	s.class[got].judged++
	if t.has(got) {
		s.class[got].rightly++
	}
	for c := range s.class {
		if !t.has(classify.Class(c)) {
			continue
		}
		s.class[c].due++
		if t.has(got) {
			s.class[c].found++
		}
	}
}

// printScores writes a row for each corpus and class that was given or due.
func (r *report) printScores(out io.Writer) error {
	fmt.Fprint(out, "\nBy class. Precision: of the rows judged so, those whose label allows it. Recall: of the rows whose label\n"+
		"allows it, those judged as the label allows; most labels say machine and not which, so machines share it.\n")
	slices.SortStableFunc(r.scores, func(a, b *scores) int { return cmp.Compare(a.corpus, b.corpus) })
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "CORPUS\tCLASS\tJUDGED\tPRECISION %\tLABELLED\tRECALL %\t")
	for _, s := range r.scores {
		for c := range s.class {
			n := &s.class[c]
			if n.judged+n.due > 0 {
				fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\t%s\t\n", s.corpus, classify.Class(c), n.judged, percent(n.rightly, n.judged), n.due, percent(n.found, n.due))
			}
		}
	}
	return w.Flush()
}

// percent is "-" where there is nothing to take a share of.
func percent(part, whole int) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", share(part, whole))
}
