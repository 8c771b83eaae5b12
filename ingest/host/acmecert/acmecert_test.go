package acmecert

import (
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"glint/ingest/host/acmecert/acmetest"
)

func TestThePixelGetsItsCertificateAndKeepsIt(t *testing.T) {
	const second = "images.example.org"
	w := start(t, acmetest.Options{Names: []string{domain, second}}, func(c *Config) {
		c.Domains, c.HTTP, c.Email = []string{"Pixel.Example.org.", second, domain}, false, "postmaster@example.org"
	})
	leaf := w.fetched(t, domain)
	if other := w.fetched(t, second); other.Equal(leaf) || other.DNSNames[0] != second {
		t.Errorf("the certificate of %s is for %v", second, other.DNSNames)
	}
	if n := w.Orders(); n != 2 {
		t.Errorf("%d orders for two names", n)
	}
	for path, want := range w.kept(t) {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
	if got := w.source.States()[0]; !got.EndsAt.Equal(leaf.NotAfter) || got.Domain != domain || got.Fault != nil {
		t.Errorf("state %+v, the certificate ends %v", got, leaf.NotAfter)
	}
	if got := w.metric(t, "glint_pixel_certificate_end_timestamp_seconds"); int64(got) != leaf.NotAfter.Unix() {
		t.Errorf("the metric says that it ends at %.0f, not %d", got, leaf.NotAfter.Unix())
	}

	w.stop()
	again := serve(t, w.Authority, listen(t), listen(t), func(c *Config) { c.Dir, c.Domains = w.configured.Dir, w.configured.Domains })
	if other := again.fetched(t, domain); !other.Equal(leaf) {
		t.Error("after a restart it is another certificate")
	}
	if n := w.Orders(); n != 2 {
		t.Errorf("%d orders after a restart", n)
	}
}

// kept returns the modes that what is kept has to have.
func (w *world) kept(t *testing.T) map[string]fs.FileMode {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(w.configured.Dir, "*"))
	if err != nil || len(folders) != 1 {
		t.Fatalf("folders %v, %v", folders, err)
	}
	return map[string]fs.FileMode{
		folders[0]: 0o700, filepath.Join(folders[0], "account.pem"): 0o600, filepath.Join(folders[0], domain+".pem"): 0o600,
	}
}

func TestAThirdBeforeTheEndItIsRenewed(t *testing.T) {
	var ahead atomic.Int64 // of the clock
	w := start(t, acmetest.Options{Names: []string{domain}}, func(c *Config) {
		c.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	first := w.fetched(t, domain)
	due := first.NotAfter.Add(-first.NotAfter.Sub(first.NotBefore) / 3)
	ahead.Store(int64(time.Until(due.Add(-time.Hour))))
	time.Sleep(10 * fast.look)
	if now := w.fetched(t, domain); !now.Equal(first) || w.Orders() != 1 {
		t.Errorf("%d orders an hour before the last third; the same certificate: %v", w.Orders(), now.Equal(first))
	}
	ahead.Store(int64(time.Until(due.Add(time.Hour))))
	w.eventually(t, "another certificate", func() bool {
		now, err := w.fetch(domain)
		return err == nil && !now.Equal(first)
	})
}

func TestOtherNamesGetNoCertificate(t *testing.T) {
	w := start(t, acmetest.Options{Names: []string{domain, "other.example.org"}}, nil)
	w.fetched(t, domain)
	before := w.Orders()
	for _, name := range []string{"other.example.org", "x." + domain, "localhost"} {
		_, err := tls.Dial("tcp", w.secure, &tls.Config{ServerName: name, InsecureSkipVerify: true}) //nolint:gosec // whatever there is
		if err == nil || !strings.Contains(err.Error(), "unrecognized name") {
			t.Errorf("as %s: %v", name, err)
		}
	}
	c, err := tls.Dial("tcp", w.secure, &tls.Config{InsecureSkipVerify: true}) // without a name
	if err != nil || c.ConnectionState().PeerCertificates[0].DNSNames[0] != domain {
		t.Errorf("without a name: %v", err)
	}
	if err == nil {
		_ = c.Close()
	}
	if n := w.Orders(); n != before {
		t.Errorf("%d orders, before %d; strangers had some made", n, before)
	}
}

func TestHTTP01WherePort443IsAnothers(t *testing.T) {
	secure, plain := listen(t), listen(t)
	authority := acmetest.Start(t, acmetest.Options{
		Names: []string{domain}, TLSPort: acmetest.FreePort(t), HTTPPort: plain.Addr().(*net.TCPAddr).Port,
	})
	w := serve(t, authority, secure, plain, nil)
	w.fetched(t, domain)
	if n := w.Orders(); n < 2 { // more where a try was repeated
		t.Errorf("%d orders; want one for each check", n)
	}
	for path, want := range map[string]string{"/o/abc.png": "200 image/png", "/.well-known/acme-challenge/unknown": "404 text/plain; charset=utf-8"} {
		a, err := http.Get("http://" + w.plain + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = a.Body.Close()
		if got := a.Status[:3] + " " + a.Header.Get("Content-Type"); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestFaultsSayWhatToDo(t *testing.T) {
	refuse := func(status int, kind, retryAfter string) func(http.ResponseWriter) bool {
		return func(w http.ResponseWriter) bool {
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Retry-After", retryAfter)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"type":"urn:ietf:params:acme:error:`+kind+`","detail":"of 203.0.113.9"}`)
			return true
		}
	}
	for _, c := range []struct {
		name    string
		options acmetest.Options
		change  func(*Config)
		text    string
		try     string
	}{
		{"no address in DNS", acmetest.Options{}, nil, "cannot connect", "let DNS lead the name to this machine"}, // Pebble calls it so
		{"DNS", acmetest.Options{Names: []string{domain}, Refuse: refuse(400, "dns", "")}, nil, "no address", "A or AAAA"},
		{"rate limit", acmetest.Options{Names: []string{domain}, Refuse: refuse(429, "rateLimited", "7200")}, nil, "rate limit", "wait"},
		{"CAA", acmetest.Options{Names: []string{domain}, Refuse: refuse(403, "caa", "")}, nil, "CAA", "CAA records"},
		{"an unknown problem", acmetest.Options{Names: []string{domain}, Refuse: refuse(403, "news", "")}, nil, "answers with an error", "wait"},
		{"an untrusted directory", acmetest.Options{}, func(c *Config) { c.CA = "" }, "not trusted", "--pixel-tls-auto-ca"},
		{"no directory", acmetest.Options{}, func(c *Config) { c.Directory = "https://127.0.0.1:9/dir" }, "does not answer", "--pixel-tls-auto-directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start(t, c.options, c.change)
			fault := w.fault(t)
			if !strings.Contains(fault.Text, c.text) || !strings.Contains(fault.Try, c.try) {
				t.Errorf("%s; try: %s (%v)", fault.Text, fault.Try, fault.err)
			}
			w.eventually(t, "the log", func() bool { return strings.Contains(w.log.String(), `"problem":"`+fault.Text) })
			if text := w.log.String(); strings.Contains(text, "203.0.113") || strings.Contains(text, "127.0.0.1") {
				t.Errorf("the log has an address:\n%s", text)
			}
			if c.name == "rate limit" {
				w.eventually(t, "a long wait", func() bool { return time.Until(w.source.States()[0].NextTryAt) > time.Hour })
			}
			if _, err := w.fetch(domain); err == nil {
				t.Error("there is a certificate")
			}
		})
	}
}

func TestAfterAFaultItTriesAgain(t *testing.T) {
	faults := 2
	w := start(t, acmetest.Options{Names: []string{domain}, Refuse: func(w http.ResponseWriter) bool {
		if faults--; faults < 0 {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	}}, nil)
	w.fetched(t, domain)
	if state := w.source.States()[0]; state.Fault != nil {
		t.Errorf("the state is still %v", state.Fault)
	}
	if got := w.metric(t, "glint_pixel_certificate_faults_total"); got != 2 {
		t.Errorf("%v faults were counted", got)
	}
}

func TestWhatIsKeptAndUnusable(t *testing.T) {
	w := start(t, acmetest.Options{Names: []string{domain}}, nil)
	w.fetched(t, domain)
	w.stop()
	files := w.kept(t)
	reopen := func(t *testing.T, file, content string, mode fs.FileMode) error {
		t.Helper()
		for path := range files {
			if filepath.Base(path) != file {
				continue
			}
			before, err := os.ReadFile(path)
			if err == nil && content != "" {
				err = os.WriteFile(path, []byte(content), mode)
			}
			if err == nil {
				err = os.Chmod(path, mode)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = os.WriteFile(path, before, 0o600)
				_ = os.Chmod(path, 0o600)
			}()
		}
		c := w.configured
		c.Registerer = nil
		_, err := Open(c)
		return err
	}
	if err := reopen(t, "account.pem", "", 0o640); err == nil || !strings.Contains(err.Error(), "may be read by others") {
		t.Errorf("an account's key that others may read: %v", err)
	}
	if err := reopen(t, domain+".pem", "", 0o604); err == nil || !strings.Contains(err.Error(), "may be read by others") {
		t.Errorf("a certificate's key that others may read: %v", err)
	}
	if err := reopen(t, "account.pem", "x", 0o600); !errors.Is(err, ErrConfig) {
		t.Errorf("a damaged account's key: %v", err)
	}
	if err := reopen(t, domain+".pem", "x", 0o600); err != nil {
		t.Errorf("a damaged certificate, which is replaced: %v", err)
	}
}

func TestConfigsThatCannotWork(t *testing.T) {
	for name, c := range map[string]Config{
		"no domain":           {},
		"a wildcard":          {Domains: []string{"*.example.org"}},
		"an address":          {Domains: []string{"203.0.113.7"}},
		"an IPv6 address":     {Domains: []string{"2001:db8::1"}},
		"a URL":               {Domains: []string{"https://pixel.example.org"}},
		"a port":              {Domains: []string{"pixel.example.org:443"}},
		"one label":           {Domains: []string{"localhost"}},
		"a path":              {Domains: []string{"../account"}},
		"a plain directory":   {Domains: []string{domain}, Directory: "http://acme.example.org"},
		"no directory's host": {Domains: []string{domain}, Directory: "staging"},
		"a mail address":      {Domains: []string{domain}, Email: "somebody"},
	} {
		if err := c.Validate(); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := Config{Domains: []string{domain}, Directory: "https://acme.example.org/dir", CA: filepath.Join(t.TempDir(), "missing.pem"), Dir: t.TempDir()}
	if _, err := Open(c); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file of authorities: %v", err)
	}
	if domains, err := (&Config{Domains: []string{"Bücher.Example"}}).check(); err != nil || domains[0] != "xn--bcher-kva.example" {
		t.Errorf("%v, %v", domains, err)
	}
}
