// Package acmetest runs Pebble, Let's Encrypt's ACME server for tests, which
// checks names like a real authority: it asks a DNS server and connects to the
// ports. https://github.com/letsencrypt/pebble
package acmetest

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// Options configure the authority.
type Options struct {
	TLSPort, HTTPPort int      // ports of 127.0.0.1 where names are checked, instead of 443 and 80
	Names             []string // names that DNS resolves to 127.0.0.1; there are no others
	// Refuse answers an order instead of the authority if it returns true; nil:
	// never.
	Refuse func(w http.ResponseWriter) bool
}

// Authority is a running authority.
type Authority struct {
	Directory string         // its URL
	CA        string         // PEM file of the CA of the directory's own certificate
	Roots     *x509.CertPool // roots of the certificates that it issues
	orders    atomic.Int64
}

// Orders returns the number of orders that were created. Requests that the
// authority refused are not counted: Pebble calls one nonce in twenty old, and
// the client then asks again.
func (a *Authority) Orders() int { return int(a.orders.Load()) }

// Start runs an authority until the test ends.
func Start(t testing.TB, o Options) *Authority {
	t.Helper()
	for name, value := range map[string]string{"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0"} {
		t.Setenv(name, value)
	}
	silent := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	profiles := map[string]ca.Profile{"default": {Description: "of a test", ValidityPeriod: 0}}
	issuer := ca.New(silent, store, "", "ecdsa", 0, 1, profiles)
	checker := va.New(silent, o.HTTPPort, o.TLSPort, true, serveDNS(t, o.Names), store)
	front := wfe.New(silent, store, checker, issuer, []string{"pebble.letsencrypt.org"}, true, false, 0, 0)
	a := &Authority{Roots: x509.NewCertPool(), CA: filepath.Join(t.TempDir(), "directory-ca.pem")}
	handler := front.Handler()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/order-plz") { // Pebble's newOrder
			handler.ServeHTTP(w, r)
			return
		}
		if o.Refuse != nil && o.Refuse(w) {
			return
		}
		answer := &statusRecorder{ResponseWriter: w}
		handler.ServeHTTP(answer, r)
		if answer.status == http.StatusCreated {
			a.orders.Add(1)
		}
	}))
	t.Cleanup(server.Close)
	a.Directory = server.URL + wfe.DirectoryPath
	a.Roots.AppendCertsFromPEM(issuer.GetRootCert(0).PEM())
	content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(a.CA, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

// statusRecorder keeps the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// FreePort returns a port of 127.0.0.1 on which nothing listens.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
