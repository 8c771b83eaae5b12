package doctor

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/ingest/warehouse/embedded"
)

func TestMain(m *testing.M) {
	embedded.RunChildIfAsked()
	os.Exit(m.Run())
}

// patient is a doctor in a test, with what it prints.
type patient struct {
	o              *options
	stdout, stderr bytes.Buffer
}

func newPatient(t *testing.T) *patient {
	t.Helper()
	p := &patient{}
	p.o = newOptions(&app.App{Out: &p.stdout, Err: &p.stderr, Getenv: func(string) string { return "" }, Home: home.Home(t.TempDir())})
	return p
}

// run runs `glint doctor` and returns the exit code.
func (p *patient) run(t *testing.T, args ...string) int {
	t.Helper()
	p.stdout.Reset()
	cmd := newCmd(p.o, run)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append([]string{}, args...)) // nil means those of the test binary
	err := cmd.ExecuteContext(t.Context())
	if err == nil {
		return app.ExitDone
	}
	e, isExit := errors.AsType[*app.ExitError](err)
	if !isExit {
		t.Fatalf("error %v", err)
	}
	return e.Code
}

// findings returns the checks that are not ok, by name.
func (p *patient) findings(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	lines := strings.Split(strings.TrimSpace(p.stdout.String()), "\n")
	for _, line := range lines {
		if len(line) < 6+widest+2 {
			t.Fatalf("the line %q is not aligned", line)
		}
		word, check, finding := line[:4], strings.TrimSpace(line[6:6+widest]), line[6+widest+2:]
		if strings.TrimSpace(word) != "ok" {
			found[strings.TrimSpace(word)+" "+check] = finding
		}
	}
	return found
}

func TestHealthyPixelPasses(t *testing.T) {
	p := newPatient(t)
	if code := p.run(t, p.pixel(t, nil), "--no-test-open"); code != app.ExitDone {
		t.Errorf("exit code %d", code)
	}
	want := map[string]string{"warn ingest": "not checked; --ingest-url URL checks it"}
	if diff := cmp.Diff(want, p.findings(t)); diff != "" {
		t.Errorf("findings (-want +got):\n%s\n%s", diff, &p.stdout)
	}
	if !strings.Contains(p.stdout.String(), "TLS 1.3, certificate good for") {
		t.Errorf("no word of TLS:\n%s", &p.stdout)
	}
}

func TestFaultsOfAPixelAreFound(t *testing.T) {
	redirect := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://elsewhere.example.com/", http.StatusFound)
	}
	for _, c := range []struct {
		name  string
		fault func(http.Handler) http.Handler
		want  map[string]string // check → a part of its finding
	}{
		{"stored by caches", header("Cache-Control", "public, max-age=60"), map[string]string{"FAIL pixel headers": "no-store"}},
		{"an ETag", header("ETag", `"x"`), map[string]string{"FAIL pixel headers": "ETag"}},
		{"a date of change", header("Last-Modified", "Sat, 21 Nov 2026 00:00:00 GMT"), map[string]string{"FAIL pixel headers": "Last-Modified"}},
		{"answered by a cache", header("Age", "3"), map[string]string{"FAIL pixel headers": "a cache"}},
		{"a cookie", header("Set-Cookie", "a=b"), map[string]string{"FAIL pixel headers": "Set-Cookie"}},
		{"may not be embedded", header("Cross-Origin-Resource-Policy", "same-origin"), map[string]string{"warn pixel headers": "Cross-Origin"}},
		{"no Expires", header("Expires", ""), map[string]string{"warn pixel headers": "Expires"}},
		{"compressed on the way", header("Content-Encoding", "br"), map[string]string{"FAIL pixel length": "encoded as br"}},
		{"chunks", inChunks, map[string]string{
			"FAIL pixel length": "comes as chunked", "FAIL pixel HEAD": "Content-Length",
		}},
		{"redirects", instead(always, redirect), map[string]string{
			"FAIL pixel gif": "redirects to https://elsewhere.example.com/", "FAIL pixel png": "redirects", "FAIL pixel robots.txt": "redirects",
			"FAIL pixel garbage token": "redirects", "FAIL pixel broken path": "redirects",
		}},
		{"a GIF for every extension", instead(path(".png"), say("image/gif", "GIF89a")), map[string]string{"FAIL pixel png": "the type"}},
		{"a page with an image's type", instead(path(".png"), say("image/png", "<html>")), map[string]string{"FAIL pixel png": "no image/png"}},
		{
			"half an image", instead(path(".png"), say("image/png", "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x04\x00\x00\x00\xb5\x1c\x0c\x02")),
			map[string]string{"FAIL pixel png": "damaged"},
		},
		{"a large image", instead(path("zz.gif"), say("image/gif", "GIF89a\x02\x00\x02\x00\x00\x00\x00;")), map[string]string{"FAIL pixel broken path": "2×2"}},
		{"a visible image", instead(path("zz.gif"), say("image/gif", visible)), map[string]string{"FAIL pixel broken path": "not transparent"}},
		{
			"bad tokens refused", instead(path("no-token.gif?x=%00"), refuse(http.StatusForbidden)),
			map[string]string{"FAIL pixel garbage token": "status 403"},
		},
		{
			"broken paths refused", instead(path("zz.gif"), refuse(http.StatusBadRequest)),
			map[string]string{"FAIL pixel broken path": "status 400"},
		},
		{"an answer that breaks off", instead(path("zz.gif"), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "43")
			fmt.Fprint(w, "GIF")
		}), map[string]string{"FAIL pixel broken path": "breaks off"}},
		{"no HEAD", instead(head, refuse(http.StatusMethodNotAllowed)), map[string]string{"FAIL pixel HEAD": "status 405"}},
		{"another length for HEAD", instead(head, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/gif")
			w.Header().Set("Content-Length", "0")
		}), map[string]string{"FAIL pixel HEAD": "Content-Length"}},
		{"robots welcome", instead(path("/robots.txt"), say("text/plain", "User-agent: *\nDisallow:\n")), map[string]string{"FAIL pixel robots.txt": "does not disallow"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPatient(t)
			code := p.run(t, p.pixel(t, c.fault), "--no-test-open")
			p.compare(t, c.want, code)
		})
	}
}

// visible is a GIF of one black pixel.
const visible = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00;"

// compare wants exactly these findings, ingest's that is not looked at aside,
// and an exit code that fits.
func (p *patient) compare(t *testing.T, want map[string]string, code int) {
	t.Helper()
	got := p.findings(t)
	delete(got, "warn ingest")
	wantCode := app.ExitDone
	for check, part := range want {
		if strings.HasPrefix(check, "FAIL") {
			wantCode = app.ExitProblem
		}
		if !strings.Contains(got[check], part) {
			t.Errorf("%s: %q, want %q in it", check, got[check], part)
		}
		delete(got, check)
	}
	if len(got) > 0 {
		t.Errorf("more findings: %q", got)
	}
	if code != wantCode {
		t.Errorf("exit code %d, want %d", code, wantCode)
	}
}

func TestPathsGoOutAsTheyAreByHTTP2(t *testing.T) {
	p := newPatient(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Seen", r.RequestURI)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	p.trust(s.Certificate())
	u, err := root(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, done := p.o.newClient(u)
	defer done()
	const odd = "/o/a//b/../%41%2f.gif?x=%00"
	x, err := c.do(t.Context(), http.MethodGet, odd)
	if err != nil {
		t.Fatal(err)
	}
	if got := x.Header.Get("Seen"); x.ProtoMajor != 2 || got != odd {
		t.Errorf("HTTP/%d, path %q", x.ProtoMajor, got)
	}
}

func TestFaultsOfTheConnectionAreFound(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*testing.T, *patient, string) string // the URL of a healthy pixel → the one to check
		want   map[string]string
	}{
		{"the certificate ends soon", func(_ *testing.T, p *patient, u string) string {
			p.o.now = func() time.Time { return time.Date(2084, 1, 20, 0, 0, 0, 0, time.UTC) } // httptest's ends on 2084-01-29
			return u
		}, map[string]string{"warn pixel TLS": "good for 9 days, until 2084-01-29"}},
		{"the certificate has ended", func(_ *testing.T, p *patient, u string) string {
			p.o.now = func() time.Time { return time.Date(2084, 3, 1, 0, 0, 0, 0, time.UTC) }
			return u
		}, map[string]string{"FAIL pixel TLS": "expired", "warn pixel": "cannot be reached"}},
		{"a certificate of nobody known", func(_ *testing.T, p *patient, u string) string {
			p.o.roots = x509.NewCertPool()
			return u
		}, map[string]string{"FAIL pixel TLS": "unknown authority", "warn pixel": "cannot be reached"}},
		{"a certificate of another host", func(t *testing.T, p *patient, _ string) string {
			return p.serve(t, "127.0.0.2:0", http.NotFoundHandler())
		}, map[string]string{"FAIL pixel TLS": "127.0.0.2", "warn pixel": "cannot be reached"}},
		{
			"a name that does not exist", func(*testing.T, *patient, string) string { return "https://pixel.invalid" },
			map[string]string{"FAIL pixel name": "is not found", "warn pixel": "cannot be reached"},
		},
		{"https asked of a plain server", func(t *testing.T, _ *patient, _ string) string {
			s := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(s.Close)
			return strings.Replace(s.URL, "http:", "https:", 1)
		}, map[string]string{"FAIL pixel TLS": "TLS handshake", "warn pixel": "cannot be reached"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPatient(t)
			code := p.run(t, c.change(t, p, p.pixel(t, nil)), "--no-test-open")
			p.compare(t, c.want, code)
		})
	}
}

func TestFaultyCommandLinesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
	}{
		{"no URL", nil},
		{"two URLs", []string{"https://a.example.com", "https://b.example.com"}},
		{"a host alone", []string{"pixel.example.com"}},
		{"a path", []string{"https://pixel.example.com/o/x.gif"}},
		{"a password", []string{"https://a:b@pixel.example.com"}},
		{"another scheme", []string{"ftp://pixel.example.com"}},
		{"a path of ingest", []string{"https://pixel.example.com", "--ingest-url", "https://ingest.example.com/v1/logs"}},
		{"a service without ingest", []string{"https://pixel.example.com", "--service-id", "x"}},
		{"no time", []string{"https://pixel.example.com", "--timeout", "0s"}},
		{"a hostile campaign", []string{"https://pixel.example.com", "--campaign", "a\x1b[2J"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPatient(t)
			cmd := newCmd(p.o, func(context.Context, *options) error {
				t.Error("it ran")
				return nil
			})
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(append([]string{}, c.args...))
			e, isExit := errors.AsType[*app.ExitError](cmd.Execute())
			if !isExit || e.Code != app.ExitUsage {
				t.Errorf("error %v, want a usage error", e)
			}
		})
	}
}

func TestPlainHTTPIsAWarningOnThisMachineOnly(t *testing.T) {
	p := newPatient(t)
	s := httptest.NewServer(healthy)
	t.Cleanup(s.Close)
	p.compare(t, map[string]string{"warn pixel TLS": "plain http", "FAIL pixel broken path": "status 400"}, p.run(t, s.URL, "--no-test-open"))
}

func TestJSONHasAllChecks(t *testing.T) {
	p := newPatient(t)
	url := p.pixel(t, header("Age", "1"))
	if code := p.run(t, url, "--no-test-open", "--format", "json"); code != app.ExitProblem {
		t.Errorf("exit code %d", code)
	}
	var got struct {
		OK     *bool    `json:"ok"`
		Delay  *float64 `json:"open_delay_seconds"`
		Checks []struct{ Status, Check, Finding string }
	}
	d := json.NewDecoder(&p.stdout)
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.OK == nil || *got.OK || got.Delay != nil || len(got.Checks) != 11 {
		t.Errorf("ok %v, delay %v, %d checks", got.OK, got.Delay, len(got.Checks))
	}
	if c := got.Checks[4]; c.Check != "pixel headers" || c.Status != "fail" || !strings.Contains(c.Finding, "Age") {
		t.Errorf("fifth check %+v", c)
	}
}
