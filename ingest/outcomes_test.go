package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/logstream"
	"glint/ingest/receiver/linegen"
)

// outcomesOf waits until it is known what became of a body.
func outcomesOf(t *testing.T, p *logstream.Poster, a logstream.Answer) logstream.Outcomes {
	t.Helper()
	var o logstream.Outcomes
	eventually(t, "the outcomes", func() bool {
		var err error
		if o, err = p.Outcomes(t.Context(), a.Lane, a.ReceivedAt, fmt.Sprint(a.Record)); err != nil {
			t.Fatal(err)
		}
		return o.Pending == 0
	})
	return o
}

// TestWhatBecameOfABodyIsKnown posts a line of each kind, and asks; then again
// after a restart, and with another token.
func TestWhatBecameOfABodyIsKnown(t *testing.T) {
	e, dir := newEngine(t), t.TempDir()
	const other = "a-token-of-another-sender"
	tokens := filepath.Join(dir, "tokens")
	if err := os.WriteFile(tokens, []byte("other:logs:"+other+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	withOther := func(c *Config) { c.TokensFile = tokens }
	s := runService(t, dir, e.dsn, withOther)

	mixed := mixedBody(t, 1, 9)
	late := eventsOf(t, linegen.Body(2, 1))[0]
	late.OpenedAt = time.Now().AddDate(1, 0, 0)
	ring, err := token.NewRing(token.Key{ID: 1, State: token.Signing})
	if err != nil {
		t.Fatal(err)
	}
	body := append(late.AppendJSON(mixed), "\nhello\n# comment\n"...)
	for i, mode := range []token.Mode{token.Aggregate, token.LastOpen} {
		e := eventsOf(t, linegen.Body(uint64(3+i), 1))[0]
		if e.Token, err = ring.Sign(token.Token{Campaign: 1, Mode: mode, IssuedAt: 1_795_000_000}); err != nil {
			t.Fatal(err)
		}
		body = append(e.AppendJSON(body), '\n')
	}
	poster := logstream.NewPoster(s.Ingest, testToken, "")
	answer, err := poster.Post(t.Context(), body)
	if err != nil || answer.Record == 0 || answer.Problem != "" {
		t.Fatalf("%+v, %v", answer, err)
	}
	got := outcomesOf(t, poster, answer)
	want := logstream.Outcomes{Records: 1, Lines: 14, Counts: map[string]int{
		"stored": 3, "unresolved": 3, "bad_token": 3, "bad_time": 1, "not_event": 2, "aggregated": 1, "last_open": 1,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	s.stop()
	s = runService(t, dir, e.dsn, withOther)
	poster = logstream.NewPoster(s.Ingest, testToken, "")
	if diff := cmp.Diff(want, outcomesOf(t, poster, answer)); diff != "" {
		t.Errorf("after a restart (-want +got):\n%s", diff)
	}
	hidden := outcomesOf(t, logstream.NewPoster(s.Ingest, other, ""), answer)
	if diff := cmp.Diff(logstream.Outcomes{Unknown: 1, Counts: map[string]int{}}, hidden); diff != "" {
		t.Errorf("another sender sees (-want +got):\n%s", diff)
	}
}

// TestTheReplayLaneTellsRepeats posts the same lines again, with others.
func TestTheReplayLaneTellsRepeats(t *testing.T) {
	e := newEngine(t)
	s := runService(t, t.TempDir(), e.dsn, nil)
	poster := logstream.NewPoster(s.Ingest, testToken, "lane=replay")
	body := linegen.Body(1, 100)
	for _, c := range []struct {
		name string
		body []byte
		want map[string]int
	}{
		{"new ones", body, map[string]int{"stored": 100}},
		{"the same", body, map[string]int{"repeated": 100}},
		{"twice in a body", append(linegen.Body(2, 10), linegen.Body(2, 10)...), map[string]int{"stored": 10, "repeated": 10}},
		{"and others", append(linegen.Body(3, 5), body...), map[string]int{"stored": 5, "repeated": 100}},
	} {
		answer, err := poster.Post(t.Context(), c.body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, outcomesOf(t, poster, answer).Counts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if n := e.count(t, "SELECT count() FROM opens FINAL"); n != 115 {
		t.Errorf("%d opens, want 115", n)
	}
}

// TestLinesOfEveryFormAreStored posts an event in the forms of log pipelines.
func TestLinesOfEveryFormAreStored(t *testing.T) {
	e := newEngine(t)
	s := runService(t, t.TempDir(), e.dsn, nil)
	poster := logstream.NewPoster(s.Ingest, testToken, "")
	for name, wrap := range map[string]func(line string) string{
		"a byte order mark": func(line string) string { return "\ufeff" + line },
		"classic":           func(line string) string { return "<134>2026-11-28T12:00:00Z cache-fra1 opens[1]: " + line },
		"the emulator's":    func(line string) string { return "opens :: " + line },
		"Vector's":          func(line string) string { return fmt.Sprintf(`{"host":"h","message":%q}`, line) },
		"Fluent Bit's":      func(line string) string { return fmt.Sprintf(`{"date":1.5,"log":%q}`, line) },
	} {
		seed := uint64(len(name))
		answer, err := poster.Post(t.Context(), []byte(wrap(strings.TrimSuffix(string(linegen.Body(seed, 1)), "\n"))+"\n"))
		if err != nil || answer.Problem != "" {
			t.Fatalf("%s: %+v, %v", name, answer, err)
		}
		if diff := cmp.Diff(map[string]int{"stored": 1}, outcomesOf(t, poster, answer).Counts); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestALongLineIsTooLongOnEitherLane posts lines around the bound, bare and
// within what log pipelines put around them.
func TestALongLineIsTooLongOnEitherLane(t *testing.T) {
	s := runService(t, t.TempDir(), newEngine(t).dsn, nil)
	events := eventsOf(t, linegen.Body(3, 2))
	padded := func(before, after string, n int) string {
		line := before + strings.TrimSuffix(string(events[0].AppendJSON(nil)), "}") + `,"later":"`
		return line + strings.Repeat("x", n-len(line)-len(`"}`+after)) + `"}` + after
	}
	const most = event.MaxReadBytes
	var body strings.Builder
	for _, line := range []string{
		padded("", "", most), padded("", "", most+1), padded("", "", 100*most),
		padded("<134>2026-11-21T13:00:00Z cache-fra1 opens[1]: ", "", most+1),
		padded(`{"host":"h","message":`, "}", most+1),
		strings.Repeat("x", most+1), "  " + strings.Repeat("[", most+1) + "\t",
		strings.Repeat("x", most),
	} {
		body.WriteString(line + "\n")
	}
	body.Write(events[1].AppendJSON(nil))
	for _, lane := range []string{"", "lane=replay"} {
		poster := logstream.NewPoster(s.Ingest, testToken, lane)
		answer, err := poster.Post(t.Context(), []byte(body.String()))
		if err != nil || answer.Problem != "" {
			t.Fatalf("%s: %+v, %v", lane, answer, err)
		}
		got := outcomesOf(t, poster, answer)
		if got.Counts["too_long"] != 6 || got.Counts["not_event"] != 1 || got.Counts["stored"]+got.Counts["repeated"] != 2 {
			t.Errorf("%s: %+v", lane, got)
		}
		answer, err = poster.Post(t.Context(), []byte(padded("", "", most+1)))
		if err != nil || !strings.Contains(answer.Problem, "more than 16384 bytes") {
			t.Errorf("%s, nothing but a long line: %+v, %v", lane, answer, err)
		}
	}
}
