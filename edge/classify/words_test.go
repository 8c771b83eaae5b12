package classify

import (
	"strings"
	"testing"
)

func TestWordsCanBeFound(t *testing.T) {
	n := 0
	type key struct {
		word string
		at   place
	}
	seen := map[key]bool{}
	for _, list := range lists {
		for g := range list {
			for word := range strings.SplitSeq(list[g].words, betweenWords) {
				n++
				bytes := 0
				for i := range len(word) {
					if c := word[i]; c != lower(c) || c >= 0x80 {
						t.Errorf("%q is not lower-case ASCII", word)
					}
					if !isSpace(word[i]) {
						bytes++
					}
				}
				if bytes < 3 {
					t.Errorf("%q is too short to be found", word)
				}
				if isSpace(word[0]) || isSpace(word[len(word)-1]) {
					t.Errorf("%q has white space at an end", word)
				}
				if word[1] == ' ' {
					t.Errorf("%q has white space where no hash expects it", word)
				}
				if c := word[0]; isDigit(c) || c <= ' ' {
					t.Errorf("%q begins where no word is looked for", word)
				}
				k := key{word, list[g].at}
				if seen[k] {
					t.Errorf("%q stands twice at one place: give one group both traits", word)
				}
				seen[k] = true
			}
		}
	}
	t.Log(n)
	if n >= maxWords {
		t.Errorf("%d words do not fit", n)
	}
}
