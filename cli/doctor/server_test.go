package doctor

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"glint/edge/pixel"
)

// healthy answers as the edge does. A broken path comes as brokenPaths makes it.
var healthy = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	uri, _, _ := strings.Cut(r.RequestURI, "?")
	a := pixel.Route(uri)
	a.EachHeader(w.Header().Set)
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the client sees what is missing
})

// pixel serves a pixel with a fault, nil for none, by https.
func (p *patient) pixel(t *testing.T, fault func(http.Handler) http.Handler) string {
	t.Helper()
	var h http.Handler = healthy
	if fault != nil {
		h = fault(h)
	}
	return p.serve(t, "127.0.0.1:0", h)
}

// serve serves h by https; the patient trusts its certificate, which is for
// 127.0.0.1.
func (p *patient) serve(t *testing.T, address string, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	certificate := httptest.NewTLSServer(nil)
	certificate.Close()
	p.trust(certificate.Certificate())
	s := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		_ = s.Serve(brokenPaths{tls.NewListener(l, &tls.Config{Certificates: certificate.TLS.Certificates})})
	}() // until Close
	t.Cleanup(func() { _ = s.Close() })
	return "https://" + l.Addr().String()
}

func (p *patient) trust(c *x509.Certificate) {
	if p.o.roots == nil {
		p.o.roots = x509.NewCertPool()
	}
	p.o.roots.AddCert(c)
}

// brokenPaths lets net/http read a path that it would refuse, "%zz", as one that
// it does not: "_zz".
type brokenPaths struct{ net.Listener }

func (l brokenPaths) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return brokenPath{c}, err
}

type brokenPath struct{ net.Conn }

func (c brokenPath) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	copy(b, bytes.ReplaceAll(b[:n], []byte("/%zz"), []byte("/_zz")))
	return n, err
}

// header changes one header of every answer.
func header(name, value string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&editing{ResponseWriter: w, edit: func(h http.Header) {
				h.Del(name)
				if value != "" {
					h.Set(name, value)
				}
			}}, r)
		})
	}
}

// editing edits the headers just before they go out.
type editing struct {
	http.ResponseWriter
	edit func(http.Header)
}

func (e *editing) WriteHeader(status int) {
	e.edit(e.Header())
	e.ResponseWriter.WriteHeader(status)
}

// inChunks announces no length for the images.
func inChunks(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if head(r) {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(&editing{ResponseWriter: w, edit: func(h http.Header) {
			h.Del("Content-Length")
			h.Set("Transfer-Encoding", "chunked")
		}}, r)
	})
}

// instead answers requests that is admits by itself.
func instead(is func(*http.Request) bool, answer http.HandlerFunc) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if is(r) {
				answer(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func always(*http.Request) bool { return true }

func head(r *http.Request) bool { return r.Method == http.MethodHead }

func path(suffix string) func(*http.Request) bool {
	return func(r *http.Request) bool { return strings.HasSuffix(r.RequestURI, suffix) }
}

func say(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, body) // the client sees what is missing
	}
}

func refuse(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}
