package e2e_test

import (
	"context"
	"crypto/tls"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"glint/ingest/host/acmecert/acmetest"
)

// TestThePixelGetsItsCertificateItself runs `glint up` and a real ACME server, which
// checks the name at the pixel's own port.
func TestThePixelGetsItsCertificateItself(t *testing.T) {
	const domain = "pixel.example.org"
	port := acmetest.FreePort(t)
	authority := acmetest.Start(t, acmetest.Options{TLSPort: port, Names: []string{domain}})
	home := newHome(t)
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	i := up(t, home, "--pixel-listen", address, "--pixel-http-listen", "127.0.0.1:0",
		"--pixel-tls-auto", domain, "--pixel-tls-auto-directory", authority.Directory, "--pixel-tls-auto-ca", authority.CA)
	if want := "https://" + net.JoinHostPort(domain, strconv.Itoa(port)); i.pixel != want {
		t.Errorf("the pixel is at %s, want %s", i.pixel, want)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authority.Roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	eventually(t, "an image over TLS", func() bool {
		a, err := client.Get("https://" + domain + "/o/abc.gif")
		if err != nil {
			return false
		}
		_ = a.Body.Close()
		return a.StatusCode == http.StatusOK && a.Header.Get("Content-Type") == "image/gif"
	})
	_, plain, _ := strings.Cut(i.stdout.String(), " pixel_http=")
	plain, _, _ = strings.Cut(plain, " ")
	a, err := http.Get(plain + "/o/abc.gif")
	if err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("over plain HTTP at %q: %v, %v", plain, a, err)
	}
	_ = a.Body.Close()

	out, _, _ := runGlint(t, home, nil, "status")
	if !strings.Contains(out, "certificate "+domain+"  valid") || !strings.Contains(out, "in 89 days") {
		t.Errorf("glint status:\n%s", out)
	}
	kept := filepath.Join(home, "certificates")
	err = filepath.WalkDir(kept, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if err == nil && info.Mode().Perm() != want {
			t.Errorf("%s has the mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
