package live

import (
	"strings"
	"testing"
)

func TestAPictureFitsTheTerminal(t *testing.T) {
	text := "one\ntwo\nthree\n"
	for height, want := range map[int]string{0: "one two three", 1: "one two three", 2: "one", 3: "one two", 4: "one two three", 100: "one two three"} {
		got := picture(text, height)
		lines := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(got, home), clearLine+"\n"+clearRest), clearLine+"\n", " ")
		if lines != want || !strings.HasPrefix(got, home) || !strings.HasSuffix(got, clearRest) {
			t.Errorf("at %d lines: %q, want %q", height, got, want)
		}
	}
}
