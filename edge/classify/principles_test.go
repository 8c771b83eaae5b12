package classify

import (
	_ "embed"
	"strconv"
	"strings"
	"testing"
)

//go:embed testdata/principles.tsv
var principlesTSV string

// TestPrinciples judges requests, each an example of a principle.
func TestPrinciples(t *testing.T) {
	n := 0
	principles := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(principlesTSV), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 7 {
			t.Fatalf("principles.tsv: %d fields in %q", len(f), line)
		}
		number, err := strconv.ParseUint(f[3], 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		r := Request{UserAgent: f[6], ASNumber: uint32(number), Network: f[4]}
		switch f[5] {
		case "script":
			r.Headers = scriptHeaders
		case "browser":
			r.Headers = browserHeaders
		case "headless":
			r.Headers, r.Signals = browserHeaders, Signal("sec-ch-ua", `"HeadlessChrome";v="146"`)
		}
		if got := Judge(&r); got.Class.String() != f[1] || f[2] != "*" && got.Reason != f[2] {
			t.Errorf("%s: got %s/%s, want %s/%s\n\tAS%s %s %s: %s", f[0], got.Class, got.Reason, f[1], f[2], f[3], f[4], f[5], f[6])
		}
		n++
		principles[f[0]]++
	}
	if n < 200 || len(principles) < 18 {
		t.Errorf("%d cases of %d principles", n, len(principles))
	}
}
