package receiver

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"glint/ingest/host/tlsfiles"
	"glint/ingest/host/tlsfiles/tlstest"
)

func TestLogsNeedAClientCertificateButTheChallengeDoesNot(t *testing.T) {
	dir := t.TempDir()
	ca, stranger := tlstest.NewAuthority(t, "ours"), tlstest.NewAuthority(t, "another")
	files := tlsfiles.Files{
		Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), ClientCA: filepath.Join(dir, "ca.pem"),
	}
	ca.Issue(t, "server", files.Certificate, files.Key)
	ca.WriteCertificate(t, files.ClientCA)
	source, err := tlsfiles.Open(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, func(c *Config) { c.TLS, c.RequireClientCert = source.Config(), true })

	request := func(clientCert *tls.Certificate, method, path string) (string, error) {
		config := &tls.Config{RootCAs: x509.NewCertPool()}
		config.RootCAs.AddCert(ca.Certificate)
		if clientCert != nil {
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return clientCert, nil }
		}
		transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
		defer transport.CloseIdleConnections()
		r, err := http.NewRequest(method, "https://"+w.address+path, strings.NewReader(two))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+secret)
		got, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			return "", err
		}
		defer func() { _ = got.Body.Close() }()
		text, err := io.ReadAll(got.Body)
		return got.Proto + " " + got.Status + " " + string(bytes.TrimSpace(text)), err
	}
	known, unknown := ca.Pair(t, "fastly"), stranger.Pair(t, "fastly")

	if got, err := request(known, "POST", "/v1/logs"); err != nil || !strings.HasPrefix(got, `HTTP/1.1 200 OK {"lines":2,`) {
		t.Errorf("with our certificate: %q, %v", got, err)
	}
	if got, err := request(nil, "POST", "/v1/logs"); err != nil || !strings.Contains(got, "401") || !strings.Contains(got, "no_client_certificate") {
		t.Errorf("without a certificate: %q, %v", got, err)
	}
	if got, err := request(unknown, "POST", "/v1/logs"); err == nil {
		t.Errorf("with a certificate of another authority: %q", got)
	}
	if got, err := request(nil, "GET", "/.well-known/fastly/logging/challenge"); err != nil || got != "HTTP/1.1 200 OK *" {
		t.Errorf("challenge without a certificate: %q, %v", got, err)
	}
	if len(w.stored()) != 1 {
		t.Errorf("%d bodies were stored, want 1", len(w.stored()))
	}
}
