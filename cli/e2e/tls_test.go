package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"glint/ingest/host/tlsfiles/tlstest"
)

// TestUpAsksForTokenAndClientCertificate runs `glint up` with the flags that
// guard ingest, which `glint serve` has too.
func TestUpAsksForTokenAndClientCertificate(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	authority := tlstest.NewAuthority(t, "clients and servers")
	authority.Issue(t, "ingest", file("cert.pem"), file("key.pem"))
	authority.WriteCertificate(t, file("ca.pem"))
	if err := os.WriteFile(file("tokens"), []byte("cdn:logs:"+fileToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	i := up(t, newHome(t), "--tokens-file", file("tokens"), "--ingest-tls-cert", file("cert.pem"), "--ingest-tls-key", file("key.pem"),
		"--ingest-tls-client-ca", file("ca.pem"))
	if !strings.HasPrefix(i.ingest, "https://") {
		t.Fatalf("ingest is at %s, want https", i.ingest)
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority.Certificate)
	client := authority.Pair(t, "a CDN")
	for _, c := range []struct {
		name         string
		token        string
		certificates []tls.Certificate
		want         int
	}{
		{"both", fileToken, []tls.Certificate{*client}, http.StatusOK},
		{"the token of the credentials", i.credentials["GLINT_INGEST_TOKEN"], []tls.Certificate{*client}, http.StatusOK},
		{"no certificate", fileToken, nil, http.StatusUnauthorized},
		{"a wrong token", fileToken + "x", []tls.Certificate{*client}, http.StatusUnauthorized},
	} {
		t.Run(c.name, func(t *testing.T) {
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: c.certificates}}
			defer transport.CloseIdleConnections()
			r, err := http.NewRequest(http.MethodPost, i.ingest+"/v1/logs", strings.NewReader("{}\n"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+c.token)
			got, err := (&http.Client{Transport: transport}).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = got.Body.Close()
			if got.StatusCode != c.want {
				t.Errorf("status %d, want %d", got.StatusCode, c.want)
			}
		})
	}
}
