package classify

import (
	"math/rand/v2"
	"testing"
)

// TestKnownTextsChangeNoReading appends to each known text the rest of every word, cut
// at every byte, or known texts and parts of user agents.
func TestKnownTextsChangeNoReading(t *testing.T) {
	always := func(string) bool { return true } // with it nothing is skipped
	n, chance := 0, rand.New(rand.NewPCG(1, 2))
	var known []string
	known = append(known, beginnings[:]...)
	for _, middle := range middles {
		known = append(known, "Mozilla/5.0 (Linux; Android 9; CUBOT"+middle, "Bot/1.0 (x"+middle)
	}
	eachWord(func(word string, _ *group) {
		for _, text := range known {
			for i := range word {
				ua := text + word[i:]
				n++
				if got, want := read(ua), readWith(ua, always); got != want {
					t.Errorf("%q is read as %+v, without what is known as %+v", ua, got, want)
				}
			}
		}
	})
	parts := append(append([]string{"(", ")", "[x]", " ", "; ", "/1.0", "130.0", " Name/1 (Other)", "Safari/537.36", "Mobile", "Chrome/131.0.0.0 Safari/537.36"}, known...), middles[:]...)
	for range 100_000 {
		ua := known[chance.IntN(len(known))]
		for range chance.IntN(6) {
			ua += parts[chance.IntN(len(parts))]
		}
		n++
		if got, want := read(ua), readWith(ua, always); got != want {
			t.Errorf("%q is read as %+v, without what is known as %+v", ua, got, want)
		}
	}
	t.Log(n, "readings")
}
