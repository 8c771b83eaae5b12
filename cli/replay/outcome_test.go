package replay

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"glint/cli/internal/app"
)

// TestASuccessSaysWhatWasStored has ingest put lines to each possible end.
func TestASuccessSaysWhatWasStored(t *testing.T) {
	for _, c := range []struct {
		name     string
		outcomes []string // of the lines, the last one for all that follow
		code     int
		want     string
		whole    bool
	}{
		{"all is new", []string{"stored"}, 0, "of 10 lines: 10 stored\n", true},
		{"some is there", []string{"repeated", "stored"}, 0, "of 10 lines: 9 stored, 1 repeated (stored before)\n", true},
		{"all is there", []string{"repeated"}, 0, "of 10 lines: 10 repeated (stored before)\n", true},
		{"unregistered", []string{"unresolved"}, 0, "of 10 lines: 10 unregistered (waiting for their message)\n", false},
		{"over the cap", []string{"over_cap"}, app.ExitFailed, "of 10 lines: 10 unregistered and not kept (too many wait already)\n", false},
		{"bad tokens", []string{"bad_token"}, app.ExitFailed, "of 10 lines: 10 with a bad token\n", false},
		{"one bad token", []string{"bad_token", "stored"}, 0, "of 10 lines: 9 stored, 1 with a bad token\n", false},
		{
			"dead letters",
			[]string{"not_event", "bad_time", "bad_time", "some_new_reason", "stored"},
			0,
			"of 10 lines: 6 stored, 4 dead letters (2 bad_time, 1 not_event, 1 some_new_reason)\n", false,
		},
		{"only dead letters", []string{"unknown_key"}, app.ExitFailed, "of 10 lines: 10 dead letters (10 unknown_key)\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.write("a.log", text(some("a", 10)))
			n := 0
			p.ingest.outcome = func(string) string {
				n++
				return c.outcomes[min(n, len(c.outcomes))-1]
			}
			code, _, stderr := p.replay(p.dir)
			whole := strings.Contains(stderr, "all of it is in the warehouse")
			if code != c.code || !strings.Contains(stderr, c.want) || whole != c.whole {
				t.Errorf("exit %d, want %d with %q:\n%s", code, c.code, c.want, stderr)
			}
		})
	}
}

// TestAFileWithoutAnEventFails has files of other kinds beside good ones; each is
// named, with its form, also when it was read before.
func TestAFileWithoutAnEventFails(t *testing.T) {
	event := some("a", 1)[0]
	for _, c := range []struct{ name, content, want string }{
		{"not-events.log", "# archive of opens\nhello\n", "no event in its 2 lines, of the first one: the line is a comment"},
		{"array.log", "[" + event + "]\n", "no event in its 1 line, of the first one: the line is a JSON array, as Fastly's json_format 1"},
		{"page.log", "<html>\n</html>\n", "of the first one: the line is HTML"},
		{"access.log", `127.0.0.1 - - [x] "GET / HTTP/1.1" 200` + "\n", "access log"},
		{"large.log", strings.Repeat("hello\n", 60_000), "no event in its 60,000 lines"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.write(c.name, []byte(c.content))
			p.write("good.log", text(some("good", 3)))
			for range 2 {
				code, _, stderr := p.replay(p.dir)
				if code != app.ExitFailed || !strings.Contains(stderr, "note: "+filepath.Join(p.dir, c.name)+": no event in its ") ||
					!strings.Contains(stderr, "glint: 1 file gave no event\nTry: ") || strings.Contains(stderr, "good.log") {
					t.Errorf("exit %d, stderr:\n%s", code, stderr)
				}
				if !strings.Contains(stderr, c.want) && !strings.Contains(stderr, "when it was read before") {
					t.Errorf("stderr lacks %q:\n%s", c.want, stderr)
				}
			}
			p.write(c.name, []byte(c.content+event+"\n")) // the file has grown, and the new line is one
			if code, _, stderr := p.replay(p.dir); code != 0 {
				t.Errorf("exit %d, stderr:\n%s", code, stderr)
			}
		})
	}
}

func TestStdinWithoutAnEventFails(t *testing.T) {
	p := newPlace(t)
	p.in = strings.NewReader("hello\n")
	if code, _, stderr := p.replay("-"); code != app.ExitFailed || !strings.Contains(stderr, "note: -: no event in its 1 line") {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
}

// TestLinesOfEveryFormArriveAsEvents is the reader that POST has too.
func TestLinesOfEveryFormArriveAsEvents(t *testing.T) {
	event := some("a", 1)[0]
	for name, line := range map[string]string{
		"bom": "\ufeff" + event, "emulator": "opens :: " + event, "wrapped": fmt.Sprintf(`{"host":"h","message":%q}`, event),
		"classic": "<134>2026-11-21T13:00:00Z cache-fra1 opens[1]: " + event,
	} {
		for _, stdin := range []bool{false, true} {
			t.Run(fmt.Sprint(name, stdin), func(t *testing.T) {
				p := newPlace(t)
				path := p.write(name+".log", []byte(line+"\n"))
				if stdin {
					path, p.in = "-", strings.NewReader(line+"\n")
				}
				if code, _, stderr := p.replay(path); code != 0 || !strings.Contains(stderr, "all of it is in the warehouse") {
					t.Errorf("exit %d, stderr:\n%s", code, stderr)
				}
			})
		}
	}
}

// TestAHoleInALargeFileIsSeen replays a file with zeros in a place that no sample
// would hit, then the whole file.
func TestAHoleInALargeFileIsSeen(t *testing.T) {
	lines := some("a", 30_000)
	whole := text(lines)
	for _, at := range []int{1 << 20, len(whole) / 2, len(whole) - 9000} {
		p := newPlace(t)
		holed := bytes.Clone(whole)
		first := at + bytes.IndexByte(holed[at:], '\n') + 1
		end := first + bytes.IndexByte(holed[first+2000:], '\n') + 2000
		for i := first; i < end; i++ {
			holed[i] = 0
		}
		path := p.write("a.log", holed)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := p.replay(p.dir); code != 0 {
			t.Fatalf("exit %d, stderr:\n%s", code, stderr)
		}
		p.ingest.got()
		p.write("a.log", whole)
		if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil { // as rsync -t does
			t.Fatal(err)
		}
		p.must(lines, p.dir)
		p.must(nil, p.dir)
	}
}

// TestAStoppedReplayOfAChangedFileBeginsAnew changes what was read already.
func TestAStoppedReplayOfAChangedFileBeginsAnew(t *testing.T) {
	p := newPlace(t)
	a := some("a", 60_000)
	p.write("a.log", text(a))
	bodies := 0
	p.ingest.refusing(func() int {
		if bodies++; bodies > 1 {
			return http.StatusForbidden
		}
		return 0
	})
	if code, _, stderr := p.replay(p.dir); code != app.ExitFailed {
		t.Fatalf("exit %d, stderr:\n%s", code, stderr)
	}
	p.ingest.refusing(nil)
	p.ingest.got()
	changed := text(a)
	changed[bytes.Index(changed, []byte(`"n":17}`))+4] = '2'
	p.write("a.log", changed)
	if code, _, stderr := p.replay(p.dir); code != 0 || !strings.Contains(stderr, "60,000 lines") {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
}

// TestWhatIsNotIngestGetsNothing has the usual things answer in its place.
func TestWhatIsNotIngestGetsNothing(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a login page": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Log in</html>") },
		"204":          func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"a redirect":   func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) },
		"a permanent one": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/v1/logs/"+r.URL.RawQuery, http.StatusPermanentRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.write("a.log", text(some("a", 3)))
			real := p.ingest
			p.ingest = &ingest{Server: httptest.NewServer(answer), t: t}
			defer p.ingest.Close()
			code, _, stderr := p.replay(p.dir)
			if code != app.ExitFailed || strings.Contains(stderr, "replayed") || !strings.Contains(stderr, "\nTry: ") {
				t.Errorf("exit %d, stderr:\n%s", code, stderr)
			}
			p.ingest = real
			p.must(some("a", 3), p.dir)
		})
	}
}
