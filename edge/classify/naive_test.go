package classify

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// naiveWords searches for each word at each byte of a user agent.
func naiveWords(ua string) []string {
	ua = trim(ua)
	var found []string
	eachWord(func(word string, g *group) {
		for i := range ua {
			if end := naiveMatch(ua, i, word); end > 0 && naivelyAllowed(ua, g.at, i, end) && !slices.Contains(found, word) {
				found = append(found, word)
			}
		}
	})
	slices.Sort(found)
	return found
}

// naiveMatch returns the end of a word at i, or 0 if it is not there.
func naiveMatch(ua string, i int, word string) int {
	for part := range strings.SplitSeq(word, " ") {
		if i > len(ua) || len(ua)-i < len(part) || !equalFold(ua[i:i+len(part)], part) {
			return 0
		}
		i += len(part)
		word = strings.TrimPrefix(word[len(part):], " ")
		for word != "" && i < len(ua) && isSpace(ua[i]) {
			i++
		}
	}
	return i
}

func naivelyAllowed(ua string, at place, begin, end int) bool {
	before := begin == 0 || !isLetter(ua[begin-1])
	digits := len(ua[end:]) - len(strings.TrimLeft(ua[end:], "0123456789"))
	after := end+digits == len(ua) || !isLetter(ua[end+digits])
	switch at {
	case starts:
		return before
	case ends:
		return after
	case whole:
		return before && after
	case leads:
		return begin == leadAt(ua)
	case trails:
		return end == len(ua)
	case versions:
		return before && digits > 0
	case inEngine:
		return opensEngine(ua[:begin]) && before
	}
	return true
}

// compareWithNaive checks that a reading finds the same words as a search, with and
// without the known texts.
func compareWithNaive(t *testing.T, ua string) {
	t.Helper()
	got := Words(ua)
	slices.Sort(got)
	if want := naiveWords(ua); !slices.Equal(got, want) {
		t.Fatalf("%q has the words %q, found were %q", ua, want, got)
	}
	if got, want := read(ua), readWith(ua, func(string) bool { return true }); got != want {
		t.Fatalf("%q is read as %+v, without what is known as %+v", ua, got, want)
	}
}

func TestEveryWordIsFound(t *testing.T) {
	m := newMutator(t)
	n := 0
	for _, agent := range append(append(m.agents, m.words...), beginnings[:]...) {
		compareWithNaive(t, agent)
		n++
	}
	for range 500 {
		compareWithNaive(t, m.userAgent())
		n++
	}
	t.Log(n, "user agents")
}

func FuzzWords(f *testing.F) {
	table, err := os.ReadFile("testdata/agents.tsv")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		if cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(cells) == 4 {
			f.Add(cells[3])
		}
	}
	f.Fuzz(func(t *testing.T, ua string) { compareWithNaive(t, ua) })
}
