package stream

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
)

// stream runs the command beside an instance whose ingest is at running.
func stream(t *testing.T, in, running string, args ...string) (code int, stderr string) {
	t.Helper()
	h := home.Home(filepath.Join(t.TempDir(), "home"))
	if err := h.Make(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Credentials(false); err != nil {
		t.Fatal(err)
	}
	if err := h.WriteState(home.State{Ingest: running, Credentials: h.CredentialsFile()}); err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	a := &app.App{In: strings.NewReader(in), Err: &errs, Out: io.Discard, Home: h, Getenv: func(string) string { return "" }}
	cmd := NewCmd(a)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append([]string{}, args...)) // nil means those of the test binary
	code = app.Report(&errs, cmd.ExecuteContext(t.Context()))
	return code, errs.String()
}

func TestTheHomesTokenGoesToItsOwnIngestOnly(t *testing.T) {
	var asked atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, `{"lines":1}`)
	}))
	defer other.Close()
	code, stderr := stream(t, "opens :: {}\n", "http://127.0.0.1:1", "--ingest-url", other.URL)
	if code != app.ExitUsage || !strings.Contains(stderr, "needs the token of that ingest") {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
	if asked.Load() > 0 {
		t.Error("another address was sent something")
	}
}

func TestLinesThatIngestDidNotTakeAreNotPosted(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a login page": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Log in</html>") },
		"204":          func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"a redirect":   func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) },
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(answer)
			defer server.Close()
			code, stderr := stream(t, "opens :: {}\nother :: x\n", server.URL)
			if code != app.ExitFailed || !strings.Contains(stderr, "posted 0 lines\n") || !strings.Contains(stderr, "1 line was not delivered: ") {
				t.Errorf("exit %d, stderr:\n%s", code, stderr)
			}
		})
	}
}

func TestTheEndSaysWhatWasStored(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, `{"records":1,"lines":2,"outcomes":{"not_event":1,"stored":1}}`)
			return
		}
		w.Header().Set("Glint-Outcomes", "/v1/logs/outcomes?lane=live&records=3&since=2026-03-04T05:06:07Z")
		_, _ = io.WriteString(w, `{"lines":2}`)
	}))
	defer server.Close()
	code, stderr := stream(t, "opens :: {}\nopens :: {}\n", server.URL)
	if code != 0 || stderr != "posted 2 lines\nof 2 lines: 1 stored, 1 dead letter (1 not_event)\n" {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
}

// TestALineTooLongDoesNotEndTheStream has one of several megabytes in between.
func TestALineTooLongDoesNotEndTheStream(t *testing.T) {
	long := strings.Repeat("x", 3*maxLineBytes)
	in := "opens :: {1}\r\nopens :: " + long + "\n" + long + "\nhello\nopens :: {2}"
	var lines []string
	var rest bytes.Buffer
	if err := Copy(t.Context(), strings.NewReader(in), &rest, "opens", func(line []byte) { lines = append(lines, string(line)) }); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(lines) != "[{1} {2}]" || strings.Count(rest.String(), "was left out\n") != 2 || !strings.HasSuffix(rest.String(), "\nhello\n") {
		t.Errorf("lines %q, rest %q", lines, rest.String())
	}
}
