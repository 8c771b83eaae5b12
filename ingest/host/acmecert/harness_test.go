package acmecert

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/pixel"
	"glint/ingest/host/acmecert/acmetest"
	"glint/ingest/pixelserver"
)

const domain = "pixel.example.org"

// patience bounds every wait; it is no expectation of speed.
const patience = 30 * time.Second

// fast are the pauses of tests.
var fast = pauses{refused: 200 * time.Millisecond, lastRefused: time.Second, silent: 50 * time.Millisecond, look: 20 * time.Millisecond}

// world is a pixel server whose certificates come from an authority.
type world struct {
	*acmetest.Authority
	source     *Source
	registry   *prometheus.Registry
	secure     string // addresses
	plain      string
	stop       func()
	log        *lockedBuffer
	configured Config
}

// start runs a pixel that asks authority, or one made by o where that is nil, with a
// change to its configuration.
func start(t *testing.T, o acmetest.Options, change func(*Config)) *world {
	t.Helper()
	secure, plain := listen(t), listen(t)
	o.TLSPort, o.HTTPPort = secure.Addr().(*net.TCPAddr).Port, plain.Addr().(*net.TCPAddr).Port
	return serve(t, acmetest.Start(t, o), secure, plain, change)
}

func serve(t *testing.T, authority *acmetest.Authority, secure, plain net.Listener, change func(*Config)) *world {
	t.Helper()
	w := &world{
		Authority: authority, secure: secure.Addr().String(), plain: plain.Addr().String(), log: &lockedBuffer{},
		registry: prometheus.NewRegistry(),
	}
	w.configured = Config{
		Domains: []string{domain}, Directory: w.Directory, CA: w.CA, Dir: t.TempDir(), HTTP: true, pauses: fast,
		Logger: slog.New(slog.NewJSONHandler(w.log, nil)), Registerer: w.registry,
	}
	if change != nil {
		change(&w.configured)
	}
	var err error
	if w.source, err = Open(w.configured); err != nil {
		t.Fatal(err)
	}
	server := pixelserver.New(pixelserver.Config{
		Observer: pixel.Observer{Precision: pixel.Full, Edge: "standalone"}, TLS: w.source.TLS(), Challenge: w.source.Answer,
		Write: func([]byte) {}, Now: time.Now,
	})
	go func() { _ = server.Serve(secure) }()
	go func() { _ = server.ServePlain(plain) }()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.source.Run(ctx)
	}()
	w.stop = func() {
		cancel()
		<-ended
		_ = server.Shutdown(ctx) // ctx has ended: it does not wait for requests
	}
	t.Cleanup(w.stop)
	return w
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// fetch gets an image over TLS as name, and returns the certificate that it saw.
func (w *world) fetch(name string) (*x509.Certificate, error) {
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: w.Roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, w.secure)
		},
	}
	defer transport.CloseIdleConnections()
	a, err := (&http.Client{Transport: transport, Timeout: patience}).Get("https://" + name + "/o/abc.gif")
	if err != nil {
		return nil, err
	}
	_ = a.Body.Close()
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != "image/gif" {
		return nil, fmt.Errorf("%s, %s is no image", a.Status, a.Header.Get("Content-Type"))
	}
	return a.TLS.PeerCertificates[0], nil
}

// eventually waits until done is true.
func (w *world) eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not in %v; states %+v, log:\n%s", what, patience, w.source.States(), w.log)
		}
	}
}

// fetched waits until an image can be fetched as name.
func (w *world) fetched(t *testing.T, name string) (leaf *x509.Certificate) {
	t.Helper()
	w.eventually(t, "an image over TLS", func() bool {
		var err error
		leaf, err = w.fetch(name)
		return err == nil
	})
	return leaf
}

// fault waits for a failed try.
func (w *world) fault(t *testing.T) (fault *Error) {
	t.Helper()
	w.eventually(t, "a fault", func() bool {
		fault = w.source.States()[0].Fault
		return fault != nil
	})
	return fault
}

// metric returns a metric of the first name.
func (w *world) metric(t *testing.T, metric string) float64 {
	t.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == metric && m.GetLabel()[0].GetValue() == domain {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue() // it is one of them
			}
		}
	}
	t.Fatalf("there is no metric %s", metric)
	return 0
}

// lockedBuffer is a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
