package classify

import "testing"

// TestKnownTextsChangeNoReading: behind each known text stands the rest of every word,
// cut at every byte, and whole words.
func TestKnownTextsChangeNoReading(t *testing.T) {
	always := func(string) bool { return true } // with it nothing is skipped
	n := 0
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
	t.Log(n)
}
