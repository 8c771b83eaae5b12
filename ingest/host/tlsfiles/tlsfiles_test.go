package tlsfiles

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glint/ingest/host/reload"
	"glint/ingest/host/tlsfiles/tlstest"
)

// world is a set of files, a clock, and a listener that greets by TLS.
type world struct {
	files   Files
	ca      *tlstest.Authority
	now     time.Time
	log     bytes.Buffer
	source  *Source
	address string
}

func newWorld(t *testing.T, withClients bool) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{
		files: Files{Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")},
		ca:    tlstest.NewAuthority(t, "authority"),
		now:   time.Unix(1000, 0),
	}
	w.ca.Issue(t, "first", w.files.Certificate, w.files.Key)
	if withClients {
		w.files.ClientCA = filepath.Join(dir, "ca.pem")
		w.ca.WriteCertificate(t, w.files.ClientCA)
	}
	var err error
	w.source, err = open(w.files, reload.Options{Now: func() time.Time { return w.now }}, slog.New(slog.NewTextHandler(&w.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", w.source.Config())
	if err != nil {
		t.Fatal(err)
	}
	w.address = l.Addr().String()
	greeted := make(chan struct{})
	go func() {
		defer close(greeted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			greet(c)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-greeted
	})
	return w
}

func greet(c net.Conn) {
	defer func() { _ = c.Close() }()
	_, _ = c.Write([]byte("hello"))
}

// dial returns the name in the server's certificate.
func (w *world) dial(t *testing.T, client *tls.Certificate) (string, error) {
	t.Helper()
	config := &tls.Config{RootCAs: x509.NewCertPool(), ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	config.RootCAs.AddCert(w.ca.Certificate)
	if client != nil {
		// Sent whatever authorities the server asks for.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return client, nil }
	}
	c, err := tls.Dial("tcp", w.address, config)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Read(make([]byte, 5)); err != nil { // TLS 1.3 reports a faulty client certificate here
		return "", err
	}
	return c.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
}

func (w *world) serves(t *testing.T, when, want string) {
	t.Helper()
	if got, err := w.dial(t, nil); got != want || err != nil {
		t.Errorf("%s: got certificate %q, %v; want %q", when, got, err, want)
	}
}

func TestRenewedCertificateIsTakenWithoutARestart(t *testing.T) {
	w := newWorld(t, false)
	w.serves(t, "at first", "first")
	w.ca.Issue(t, "second", w.files.Certificate, w.files.Key)
	w.serves(t, "before the next look", "first")
	w.now = w.now.Add(reload.Interval)
	w.serves(t, "after it", "second")
}

func TestFaultyFilesLeaveTheOldCertificate(t *testing.T) {
	for name, damage := range map[string]func(*world) error{
		"certificate without its key yet": func(w *world) error {
			return os.WriteFile(w.files.Key, []byte("half-writ"), 0o600)
		},
		"key gone":                func(w *world) error { return os.Remove(w.files.Key) },
		"key for everybody":       func(w *world) error { return os.Chmod(w.files.Key, 0o644) },
		"certificate is no PEM":   func(w *world) error { return os.WriteFile(w.files.Certificate, []byte("x"), 0o600) },
		"authorities are no PEM":  func(w *world) error { return os.WriteFile(w.files.ClientCA, []byte("x"), 0o600) },
		"authorities are missing": func(w *world) error { return os.Remove(w.files.ClientCA) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, true)
			if err := damage(w); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				w.now = w.now.Add(reload.Interval)
				w.serves(t, "with a fault", "first")
			}
			if n := strings.Count(w.log.String(), "level=ERROR"); n != 1 {
				t.Errorf("the fault was logged %d times: %s", n, w.log.String())
			}
			w.ca.Issue(t, "second", w.files.Certificate, w.files.Key)
			if err := os.Chmod(w.files.Key, 0o600); err != nil {
				t.Fatal(err)
			}
			w.ca.WriteCertificate(t, w.files.ClientCA)
			w.now = w.now.Add(reload.Interval)
			w.serves(t, "mended", "second")
		})
	}
}

func TestClientCertificates(t *testing.T) {
	w := newWorld(t, true)
	other := tlstest.NewAuthority(t, "other")
	if _, err := w.dial(t, w.ca.Pair(t, "client")); err != nil {
		t.Errorf("of our authority: %v", err)
	}
	if _, err := w.dial(t, nil); err != nil {
		t.Errorf("none: %v", err)
	}
	if _, err := w.dial(t, other.Pair(t, "client")); err == nil {
		t.Error("of another authority: no error")
	}
	other.WriteCertificate(t, w.files.ClientCA)
	w.now = w.now.Add(reload.Interval)
	if _, err := w.dial(t, other.Pair(t, "client")); err != nil {
		t.Errorf("of the new authority: %v", err)
	}
	if _, err := w.dial(t, w.ca.Pair(t, "client")); err == nil {
		t.Error("of the old authority: no error")
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	w := newWorld(t, true)
	for name, c := range map[string]struct {
		change func(*Files)
		want   error
	}{
		"nothing":          {func(f *Files) { *f = Files{} }, ErrIncomplete},
		"no key":           {func(f *Files) { f.Key = "" }, ErrIncomplete},
		"authorities only": {func(f *Files) { f.Certificate, f.Key = "", "" }, ErrIncomplete},
		"no authorities":   {func(f *Files) { f.ClientCA = f.Key }, ErrAuthorities},
		"no such file":     {func(f *Files) { f.Certificate += "x" }, os.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			files := w.files
			c.change(&files)
			if _, err := Open(files, nil); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if err := os.Chmod(w.files.Key, 0o604); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(w.files, nil); err == nil || !strings.Contains(err.Error(), "chmod 0600") {
		t.Errorf("a key for everybody: %v", err)
	}
}
