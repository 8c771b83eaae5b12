package imports

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/cdnlog"
)

// oddLog returns lines of all forms in one file: columns that change on the way, equal
// lines, foreign ones and some beyond the limit.
func oddLog(n int, chance *rand.Rand) (lines []string) {
	const token = "/o/EAcBAgMEBQYHCBESExQVFhcYGRobHB0eHyBpHE6Gm7T2cTbSzEEdzg.gif"
	for range n {
		second, client := chance.IntN(3), chance.IntN(20)
		switch chance.IntN(12) {
		case 0:
			lines = append(lines, "#Fields: date time c-ip cs-method cs-uri-stem cs(User-Agent) cs-uri-query")
		case 1:
			lines = append(lines, "#Fields: date time cs-method cs-uri-stem c-ip cs-uri-query cs(User-Agent)", "#Version: 1.0")
		case 2:
			lines = append(lines, "hello", `{"a":1`, strings.Repeat("x", 70_000))
		case 3:
			lines = append(lines, fmt.Sprintf(`{"msec":"177075744%d.000","ip":"203.0.113.%d","method":"GET","path":"%s"}`, second, client, token))
		case 4, 5:
			lines = append(lines, fmt.Sprintf("2026-02-10\t21:04:0%d\t203.0.113.%d\tGET\t%s\tApp/%%2520%d\t-", second, client, token, client))
		case 6, 7:
			lines = append(lines, fmt.Sprintf("2026-02-10\t21:04:0%d\tGET\t/logo.gif\t203.0.113.%d\tu=%s\tApp/2", second, client, token[3:57]))
		default:
			lines = append(lines, fmt.Sprintf(`203.0.113.%d - - [10/Feb/2026:21:04:0%d +0000] "GET %s HTTP/1.1" 200 43 "-" "App/%d"`, client, second, token, client))
		}
	}
	return lines
}

// taken is all that comes of a file.
type taken struct {
	Lines                   string
	Errors                  []string
	Requests, Opens, Others int
	Summary                 string
}

// take reads the lines in pages of the sizes that size returns, all parsed at once.
func take(text []string, size func() int) (all taken) {
	r := newReading(cdnlog.Auto)
	file := r.Open("access.log")
	var results []interface {
		Parse()
		Append(dst []byte, taken bool) ([]byte, error)
	}
	var lengths []int
	for len(text) > 0 {
		n := min(size(), len(text))
		results, lengths = append(results, file.Next(text[:n])), append(lengths, n)
		text = text[n:]
	}
	var parsing sync.WaitGroup
	for _, page := range results {
		parsing.Go(page.Parse)
	}
	parsing.Wait()
	var lines, summary bytes.Buffer
	for i, page := range results {
		for range lengths[i] {
			line, err := page.Append(nil, false)
			lines.Write(line)
			all.Errors = append(all.Errors, fmt.Sprint(err))
		}
	}
	all.Requests, all.Opens, all.Others = r.requests, r.opens, r.others
	r.summary(&summary)
	all.Lines, all.Summary = lines.String(), summary.String()
	return all
}

// However a file is cut into pages, and in whatever order those are parsed, the lines,
// their ids, the counts and the places of the first faults equal a parse line by
// line.
func TestPagesGiveWhatSingleLinesGive(t *testing.T) {
	for seed := range uint64(8) {
		chance := rand.New(rand.NewPCG(seed, 5))
		text := oddLog(1000, chance)
		want := take(text, func() int { return 1 })
		if want.Opens < 400 || strings.Count(want.Summary, "not counted") < 3 {
			t.Fatalf("the log is too plain: %s", want.Summary)
		}
		ids := map[string]bool{}
		for line := range strings.Lines(want.Lines) {
			ids[line] = true
		}
		if len(ids) != want.Opens {
			t.Errorf("seed %d: %d opens, %d lines that differ", seed, want.Opens, len(ids))
		}
		if diff := cmp.Diff(want, take(text, func() int { return 1 + chance.IntN(100) })); diff != "" {
			t.Errorf("seed %d:\n%s", seed, diff)
		}
	}
}
