package deadletters

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/ingest/deadletters"
)

var at = time.Date(2026, 3, 4, 5, 6, 7, 891_000_000, time.UTC)

// place is a home with dead letters and an ingest.
type place struct {
	t      *testing.T
	home   home.Home
	folder *deadletters.Folder
	url    string
	in     func(lines []string) int // ingest: its answer to a body

	mu   sync.Mutex
	sent []string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, home: home.Home(t.TempDir()), in: func([]string) int { return http.StatusOK }}
	var err error
	if p.folder, err = deadletters.Open(p.home.DeadLetterDir(), 0); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *place) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	z, _ := zstd.NewReader(nil)
	defer z.Close()
	text, err := z.DecodeAll(body, nil)
	if err != nil || r.URL.RawQuery != "lane=replay" || r.Header.Get("Authorization") != "Bearer token" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	p.mu.Lock()
	defer p.mu.Unlock()
	status := p.in(lines)
	if status == http.StatusOK {
		p.sent = append(p.sent, lines...)
	}
	w.WriteHeader(status)
	if status == http.StatusOK {
		_, _ = fmt.Fprintf(w, `{"lines":%d}`, len(lines))
	}
}

func (p *place) write(reason string, after time.Duration, lines ...string) {
	p.t.Helper()
	var letters []deadletters.Letter
	for _, line := range lines {
		letters = append(letters, deadletters.Letter{ReceivedAt: at.Add(after), Source: "fastly", Reason: reason, Detail: "why", Line: line})
	}
	if _, err := p.folder.Write(letters); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) run(args ...string) (code int, stdout, stderr string) {
	p.t.Helper()
	var out, errs bytes.Buffer
	a := &app.App{Out: &out, Err: &errs, Home: p.home, Getenv: func(name string) string {
		return map[string]string{"GLINT_INGEST_TOKEN": "token"}[name]
	}}
	cmd := NewCmd(a)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append([]string{}, args...)) // nil means those of the test binary
	code = app.Report(&errs, cmd.ExecuteContext(context.Background()))
	return code, out.String(), errs.String()
}

// kept returns the lines that are in the folder, sorted.
func (p *place) kept() (lines []string) {
	p.t.Helper()
	files, err := p.folder.Files()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, file := range files {
		for l, err := range p.folder.Letters(file.Name) {
			if err != nil {
				p.t.Fatal(err)
			}
			lines = append(lines, l.Line)
		}
	}
	slices.Sort(lines)
	return lines
}

// mixed writes a file with two reasons.
func (p *place) mixed() {
	p.t.Helper()
	letter := func(reason, line string) deadletters.Letter {
		return deadletters.Letter{ReceivedAt: at, Source: "fastly", Reason: reason, Detail: "why", Line: line}
	}
	if _, err := p.folder.Write([]deadletters.Letter{letter("bad_time", "one"), letter("not_event", "two"), letter("bad_time", "three")}); err != nil {
		p.t.Fatal(err)
	}
}

func TestListCountsByReason(t *testing.T) {
	p := newPlace(t)
	p.mixed()
	p.write("bad_time", time.Hour, "four")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"list"}, `
REASON     FILES  LINES  BYTES  FIRST RECEIVED AT        LAST RECEIVED AT
bad_time       2      3     12  2026-03-04 05:06:07 UTC  2026-03-04 06:06:07 UTC
not_event      1      1      3  2026-03-04 05:06:07 UTC  2026-03-04 05:06:07 UTC
`},
		{[]string{"list", "--files"}, `
REASON     FILE                             LINES  BYTES  FIRST RECEIVED AT        LAST RECEIVED AT
bad_time   b6285c57e8797db5d4c51c80.ndjson      2      8  2026-03-04 05:06:07 UTC  2026-03-04 05:06:07 UTC
bad_time   ab929fcd5594037960792ea0.ndjson      1      4  2026-03-04 06:06:07 UTC  2026-03-04 06:06:07 UTC
not_event  b6285c57e8797db5d4c51c80.ndjson      1      3  2026-03-04 05:06:07 UTC  2026-03-04 05:06:07 UTC
`},
		{[]string{"list", "--format", "csv"}, `
reason,file,files,lines,line_bytes,first_received_at,last_received_at
bad_time,,2,3,12,2026-03-04T05:06:07.891Z,2026-03-04T06:06:07.891Z
not_event,,1,1,3,2026-03-04T05:06:07.891Z,2026-03-04T05:06:07.891Z
`},
		{[]string{"list", "--format", "json"}, `
[
  {
    "reason": "bad_time",
    "files": 2,
    "lines": 3,
    "line_bytes": 12,
    "first_received_at": "2026-03-04T05:06:07.891Z",
    "last_received_at": "2026-03-04T06:06:07.891Z"
  },
  {
    "reason": "not_event",
    "files": 1,
    "lines": 1,
    "line_bytes": 3,
    "first_received_at": "2026-03-04T05:06:07.891Z",
    "last_received_at": "2026-03-04T05:06:07.891Z"
  }
]
`},
	} {
		code, out, errs := p.run(c.args...)
		if code != 0 || out != c.want[1:] || errs != "" {
			t.Errorf("%v: exit %d, stdout\n%s\nwant\n%s\nstderr %q", c.args, code, out, c.want[1:], errs)
		}
	}
}

func TestNothingIsNoError(t *testing.T) {
	p := newPlace(t)
	if err := os.Remove(p.home.DeadLetterDir()); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"[]\n": {"list", "--format", "json"},
		"REASON  FILES  LINES  BYTES  FIRST RECEIVED AT  LAST RECEIVED AT\n": {"list"},
		"RECEIVED AT  SOURCE  REASON  DETAIL  LINE\n":                        {"show"},
		"": {"retry", "--dry-run"},
	} {
		if code, out, _ := p.run(args...); code != 0 || out != want {
			t.Errorf("%v: exit %d, %q", args, code, out)
		}
	}
	if _, err := os.Stat(p.home.DeadLetterDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a look made the folder: %v", err)
	}
}

func TestShowIsSafeForTerminals(t *testing.T) {
	p := newPlace(t)
	p.write("not_event", 0, "\x1b[2Jhostile", "\xff", strings.Repeat("ä", 1000))
	code, out, errs := p.run("show")
	want := `
RECEIVED AT              SOURCE  REASON     DETAIL  LINE
2026-03-04 05:06:07 UTC  fastly  not_event  why     ` + "\ufffd" + `[2Jhostile
2026-03-04 05:06:07 UTC  fastly  not_event  why     ` + "\ufffd" + `
2026-03-04 05:06:07 UTC  fastly  not_event  why     ` + strings.Repeat("ä", 150) + "…\n"
	if code != 0 || out != want[1:] || errs != "" {
		t.Errorf("exit %d, stdout\n%q\nwant\n%q\nstderr %q", code, out, want[1:], errs)
	}
	p = newPlace(t)
	p.write("not_event", 0, "\u009b2J\x1b\u202ehostile")
	if _, out, _ := p.run("show", "--format", "json"); !strings.Contains(out, `"line":"\u009b2J\u001b\u202ehostile"`) {
		t.Errorf("got %q", out)
	}
}

func TestShowSelects(t *testing.T) {
	p := newPlace(t)
	p.mixed()
	p.write("bad_time", time.Hour, "\xff")
	files, err := p.folder.Files()
	if err != nil {
		t.Fatal(err)
	}
	mixed := files[0].Name
	object := func(file, reason, after, line string) string {
		return fmt.Sprintf(`{"received_at":"2026-03-04T0%s:06:07.891Z","source":"fastly","reason":"%s","detail":"why","file":"%s",%s}`+"\n", after, reason, file, line)
	}
	one, two, three := object(mixed, "bad_time", "5", `"line":"one"`), object(mixed, "not_event", "5", `"line":"two"`), object(mixed, "bad_time", "5", `"line":"three"`)
	for _, c := range []struct {
		args         []string
		stdout, errs string
	}{
		{[]string{}, one + two + three + object(files[1].Name, "bad_time", "6", `"line":null,"line_base64":"/w=="`), ""},
		{[]string{mixed}, one + two + three, ""},
		{[]string{"--reason", "not_event"}, two, ""},
		{[]string{"--limit", "1"}, one, "there are more; --limit 0 prints all\n"},
		{[]string{"--limit", "2", "--reason", "bad_time", mixed}, one + three, ""},
		{[]string{"--reason", "nothing"}, "", ""},
	} {
		code, out, errs := p.run(append([]string{"show", "--format", "json"}, c.args...)...)
		if code != 0 || out != c.stdout || errs != c.errs {
			t.Errorf("%v: exit %d, stdout\n%s\nwant\n%s\nstderr %q", c.args, code, out, c.stdout, errs)
		}
	}
	if code, _, errs := p.run("show", "missing.ndjson"); code != app.ExitFailed || !strings.Contains(errs, "Try: glint log deadletters list --files") {
		t.Errorf("exit %d, %q", code, errs)
	}
}

func TestRetrySendsAndRemoves(t *testing.T) {
	p := newPlace(t)
	p.mixed()
	p.write("not_event", time.Hour, "<134>2026-11-21T13:00:00Z cache-fra1 opens[1]: {4}", "\xff")
	if code, _, errs := p.run("retry", "--ingest-url", p.url, "--dry-run"); code != 0 || errs != "5 lines of 2 files would be sent; nothing was sent\n" || len(p.kept()) != 5 {
		t.Errorf("exit %d, %q", code, errs)
	}
	if code, _, errs := p.run("retry", "--ingest-url", p.url); code != 0 || !strings.HasPrefix(errs, "sent 5 lines of 2 files\n") {
		t.Errorf("exit %d, %q", code, errs)
	}
	slices.Sort(p.sent)
	if diff := cmp.Diff([]string{"one", "three", "two", "{4}", "\xff"}, p.sent); diff != "" || len(p.kept()) != 0 {
		t.Errorf("kept %q, sent (-want +got):\n%s", p.kept(), diff)
	}
}

func TestRetryOfAReasonLeavesTheOthers(t *testing.T) {
	p := newPlace(t)
	p.mixed()
	p.write("not_event", time.Hour, "four")
	if code, _, errs := p.run("retry", "--ingest-url", p.url, "--reason", "bad_time"); code != 0 || !strings.HasPrefix(errs, "sent 2 lines of 1 file\n") {
		t.Errorf("exit %d, %q", code, errs)
	}
	if diff := cmp.Diff([]string{"four", "two"}, p.kept()); diff != "" || !cmp.Equal(p.sent, []string{"one", "three"}) {
		t.Errorf("sent %q, kept (-want +got):\n%s", p.sent, diff)
	}
}

func TestNothingIsRemovedThatIngestDidNotTake(t *testing.T) {
	p := newPlace(t)
	p.mixed()
	for _, c := range []struct {
		status int
		args   []string
		says   string
	}{
		{http.StatusUnauthorized, nil, "Try: check that $GLINT_INGEST_TOKEN"},
		{http.StatusServiceUnavailable, []string{"--patience", "1ms"}, "ingest answered 503"},
	} {
		p.in = func([]string) int { return c.status }
		code, _, errs := p.run(append([]string{"retry", "--ingest-url", p.url}, c.args...)...)
		if code != app.ExitFailed || !strings.Contains(errs, c.says) || !strings.HasPrefix(errs, "sent 0 lines of 0 files\n") {
			t.Errorf("%d: exit %d, %q", c.status, code, errs)
		}
		if diff := cmp.Diff([]string{"one", "three", "two"}, p.kept()); diff != "" {
			t.Errorf("%d: kept (-want +got):\n%s", c.status, diff)
		}
	}
	p.in = func([]string) int { return http.StatusOK }
	if code, _, errs := p.run("retry", "--ingest-url", p.url); code != 0 || !strings.HasPrefix(errs, "sent 3 lines of 1 file\n") || len(p.kept()) != 0 {
		t.Errorf("exit %d, %q, kept %q", code, errs, p.kept())
	}
}

// TestNothingIsRemovedForAnAnswerThatIsNotIngests has what may stand between a
// client and its ingest answer the retry.
func TestNothingIsRemovedForAnAnswerThatIsNotIngests(t *testing.T) {
	elsewhere := newPlace(t)
	for name, answer := range map[string]http.HandlerFunc{
		"a login page": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Log in</html>") },
		"204":          func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"other lines":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"lines":1}`) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.url+r.RequestURI, http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.mixed()
			server := httptest.NewServer(answer)
			defer server.Close()
			code, _, errs := p.run("retry", "--ingest-url", server.URL)
			if code != app.ExitFailed || !strings.HasPrefix(errs, "sent 0 lines of 0 files\n") || !strings.Contains(errs, "\nTry: ") {
				t.Errorf("exit %d, %q", code, errs)
			}
			if diff := cmp.Diff([]string{"one", "three", "two"}, p.kept()); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
		})
	}
	if len(elsewhere.sent) > 0 {
		t.Errorf("the lines went elsewhere: %q", elsewhere.sent)
	}
}

// TestLettersThatComeBackBeforeTheirFileIsRemovedStay is about an ingest that
// is quick: it buries the same lines again while the retry still runs.
func TestLettersThatComeBackBeforeTheirFileIsRemovedStay(t *testing.T) {
	p := newPlace(t)
	p.write("not_event", 0, "one", "two")
	p.in = func(lines []string) int {
		p.write("not_event", time.Hour, lines...)
		return http.StatusOK
	}
	if code, _, errs := p.run("retry", "--ingest-url", p.url); code != 0 || !strings.HasPrefix(errs, "sent 2 lines of 1 file\n") {
		t.Errorf("exit %d, %q", code, errs)
	}
	if diff := cmp.Diff([]string{"one", "two"}, p.kept()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
