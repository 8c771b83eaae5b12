package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/ingest/logstream"
)

const testToken = "a-token-of-the-tests"

// ingest is an ingest that remembers the lines that it has taken.
type ingest struct {
	*httptest.Server
	t       *testing.T
	mu      sync.Mutex
	lines   []string
	refuse  func(text []byte) int    // a status in place of 200 for a body of lines; 0: none
	outcome func(line string) string // of a line; nil: stored
	records []map[string]int         // outcomes of the bodies
	broken  int                      // requests that were not as they should be
}

func newIngest(t *testing.T) *ingest {
	t.Helper()
	i := &ingest{t: t}
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	return i
}

func (i *ingest) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client was stopped
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.URL.Path == "/v1/logs/outcomes" {
		i.answerOutcomes(w, r)
		return
	}
	if r.URL.Path != "/v1/logs" || r.URL.RawQuery != "lane=replay" || r.Method != http.MethodPost {
		i.broken++
	}
	if r.Header.Get("Authorization") != "Bearer "+testToken {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	z, _ := zstd.NewReader(nil) // only faulty options give an error
	defer z.Close()
	text, zerr := z.DecodeAll(body, nil)
	if zerr != nil || r.Header.Get("Content-Encoding") != "zstd" {
		i.broken++
	}
	if len(text) == 0 {
		_, _ = io.WriteString(w, `{"lines":0}`)
		return // a look whether anybody answers
	}
	if i.refuse != nil {
		if status := i.refuse(text); status != 0 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(status)
			return
		}
	}
	n, outcomes := 0, map[string]int{}
	for line := range strings.Lines(string(text)) {
		n++
		i.lines = append(i.lines, strings.TrimSuffix(line, "\n"))
		if i.outcome != nil {
			outcomes[i.outcome(line)]++
		} else {
			outcomes["stored"]++
		}
	}
	i.records = append(i.records, outcomes)
	w.Header().Set("Glint-Outcomes", fmt.Sprintf("/v1/logs/outcomes?lane=replay&records=%d&since=2026-03-04T05:06:07Z", len(i.records)))
	_, _ = fmt.Fprintf(w, `{"lines":%d}`, n)
}

// answerOutcomes says what became of records, and at the first question of each
// that they are pending.
func (i *ingest) answerOutcomes(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("since") != "2026-03-04T05:06:07Z" || r.Method != http.MethodGet {
		i.broken++
	}
	a := logstream.Outcomes{Counts: map[string]int{}}
	for _, span := range strings.Split(r.URL.Query().Get("records"), ",") {
		var first, last int
		if n, _ := fmt.Sscanf(span, "%d-%d", &first, &last); n == 1 {
			last = first
		}
		for record := first; record <= last; record++ {
			a.Records++
			for name, n := range i.records[record-1] {
				a.Counts[name] += n
				a.Lines += n
			}
		}
	}
	_ = json.NewEncoder(w).Encode(a)
}

// refusing has each body of lines answered by what refuse returns.
func (i *ingest) refusing(refuse func() int) {
	if refuse == nil {
		i.refusingBodies(nil)
		return
	}
	i.refusingBodies(func([]byte) int { return refuse() })
}

func (i *ingest) refusingBodies(refuse func(text []byte) int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.refuse = refuse
}

// got returns the lines since the last call, sorted.
func (i *ingest) got() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	lines := i.lines
	i.lines = nil
	slices.Sort(lines)
	if i.broken > 0 {
		i.t.Errorf("%d requests were not as they should be", i.broken)
	}
	return lines
}

// place is a home and an archive.
type place struct {
	t      *testing.T
	ingest *ingest
	home   home.Home
	dir    string
	in     io.Reader
	token  string

	environment map[string]string // besides the token
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir := t.TempDir()
	p := &place{t: t, ingest: newIngest(t), home: home.Home(filepath.Join(dir, "home")), dir: filepath.Join(dir, "archive"), token: testToken}
	if err := os.Mkdir(p.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return p
}

// replay runs the command.
func (p *place) replay(args ...string) (code int, stdout, stderr string) {
	p.t.Helper()
	return p.replayUntil(p.t.Context(), args...)
}

func (p *place) replayUntil(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	p.t.Helper()
	var out, errs bytes.Buffer
	a := &app.App{In: p.in, Out: &out, Err: &errs, Home: p.home, Getenv: func(name string) string {
		if name == "GLINT_INGEST_TOKEN" {
			return p.token
		}
		return p.environment[name]
	}}
	cmd := NewCmd(a)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append([]string{"--ingest-url", p.ingest.URL}, args...))
	code = app.Report(&errs, cmd.ExecuteContext(ctx))
	return code, out.String(), errs.String()
}

// must runs the command, which has to succeed, and compares what arrived.
func (p *place) must(want []string, args ...string) (stderr string) {
	p.t.Helper()
	code, stdout, stderr := p.replay(args...)
	if code != 0 || stdout != "" {
		p.t.Errorf("exit %d, stdout %q, stderr:\n%s", code, stdout, stderr)
	}
	p.arrived(want)
	return stderr
}

func (p *place) arrived(want []string) {
	p.t.Helper()
	want = slices.Sorted(slices.Values(want))
	if got := p.ingest.got(); !cmp.Equal(want, append([]string(nil), got...)) {
		p.t.Errorf("%d lines arrived, want %d, or others", len(got), len(want))
	}
}

func (p *place) write(name string, content []byte) string {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func some(name string, n int) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf(`{"event_id":"%032x","opened_at":"2026-03-04T05:06:07.000Z","file":%q,"n":%d}`, i+1, name, i))
	}
	return lines
}

func text(lines []string) []byte { return []byte(strings.Join(lines, "\n") + "\n") }

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t *testing.T, content []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(content, nil)
}
