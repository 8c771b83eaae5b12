// Package acmecert obtains the certificates of a few names over ACME (RFC
// 8555), stores them in a folder and renews them while the server runs.
//
// Each name has its own certificate, so that a name that does not lead here
// does not affect the others. An authority checks a name by TLS-ALPN-01 (RFC
// 8737) in the server's own handshake, or by HTTP-01 (RFC 8555 §8.3) if the
// server also answers on port 80. A certificate is renewed when a third of its
// lifetime is left.
//
// Only Run contacts the authority, never a handshake: strangers who connect
// with other names, or while there is no certificate, cannot use up its rate
// limits. For that reason, and for errors that explain the authority's refusal,
// this is not the package autocert of the same module. Keys are ECDSA P-256.
// Wildcards, which need DNS-01, and external account bindings are not
// supported.
package acmecert

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/crypto/acme"

	"glint/ingest/host/backoff"
)

// LetsEncrypt is the default directory.
const LetsEncrypt = acme.LetsEncryptURL

// Config is which certificates to obtain, and from which authority.
type Config struct {
	Domains   []string // host names; empty: nothing to do
	Directory string   // URL of the authority's directory; "": LetsEncrypt
	CA        string   // PEM file with the CAs of the directory's own certificate; "": the system's
	Email     string   // contact for the authority, sent when the account is created; "": none
	Dir       string   // folder for keys and certificates; created if missing
	HTTP      bool     // Answer is also reachable over plain HTTP, on port 80 from outside
	UserAgent string   // sent to the authority

	Logger     *slog.Logger          // nil: silent
	Registerer prometheus.Registerer // nil: no metrics

	now    func() time.Time // for tests; nil: time.Now
	pauses pauses           // for tests; zero: defaultPauses
}

// pauses are waits between tries.
type pauses struct {
	refused, lastRefused time.Duration // after a refusal: doubled from the first to the last
	silent               time.Duration // after no answer
	look                 time.Duration // between two checks of the clock, which may jump
}

// Let's Encrypt allows five failed validations per name and hour:
// https://letsencrypt.org/docs/rate-limits/
var defaultPauses = pauses{refused: 15 * time.Minute, lastRefused: 12 * time.Hour, silent: time.Minute, look: time.Minute}

// Source provides the certificates. It is safe for concurrent use.
type Source struct {
	cfg    Config
	client *acme.Client
	store  store
	names  []*name
	config *tls.Config

	registering sync.Mutex
	registered  bool

	mu      sync.RWMutex
	alpn    map[string]*tls.Certificate // answers of TLS-ALPN-01 by name
	answers map[string]string           // of HTTP-01 by path
}

// name is one domain.
type name struct {
	domain string
	faults prometheus.Counter

	mu          sync.RWMutex
	certificate *tls.Certificate // nil before the first
	fault       *Error           // of the last try; nil: it succeeded
	next        time.Time        // when the next try is due
}

// Open reads the stored account and certificates. It makes no requests.
func Open(cfg Config) (*Source, error) {
	domains, err := cfg.check()
	if err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.now == nil {
		cfg.now = time.Now
	}
	if cfg.pauses == (pauses{}) {
		cfg.pauses = defaultPauses
	}
	s := &Source{cfg: cfg, alpn: map[string]*tls.Certificate{}, answers: map[string]string{}}
	if s.store, err = openStore(cfg.Dir, cfg.directory()); err != nil {
		return nil, err
	}
	if s.client, err = cfg.newClient(); err != nil {
		return nil, err
	}
	if s.client.Key, err = s.store.account(); err != nil {
		return nil, err
	}
	m := newMetrics(cfg.Registerer)
	for _, domain := range domains {
		n := &name{domain: domain, faults: m.faults.WithLabelValues(domain)}
		if n.certificate, err = s.store.certificate(domain); err != nil {
			return nil, err
		}
		m.follow(cfg.Registerer, n)
		s.names = append(s.names, n)
	}
	s.config = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: s.get}
	s.config.GetConfigForClient = s.configFor
	return s, nil
}

func (c *Config) newClient() (*acme.Client, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("acmecert: read the directory's authorities: %w", err)
		}
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%w: %s has no certificate of an authority", ErrConfig, c.CA)
		}
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: trust, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute}
	return &acme.Client{
		DirectoryURL: c.directory(), UserAgent: c.UserAgent, RetryBackoff: retry,
		HTTPClient: &http.Client{Transport: transport, Timeout: 30 * time.Second},
	}, nil
}

// retry lets the client repeat a request that may succeed now: after an old
// nonce (RFC 8555 §6.5) or a server error. Rate limits are handled by keep,
// which reports them.
func retry(n int, _ *http.Request, answer *http.Response) time.Duration {
	if n > 5 || answer != nil && answer.StatusCode == http.StatusTooManyRequests {
		return -1
	}
	return time.Duration(n*n) * 100 * time.Millisecond
}

// TLS returns a server's configuration. It has certificates for the names only;
// a client that names no host gets the first one's.
func (s *Source) TLS() *tls.Config { return s.config }

func (s *Source) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	n := s.names[0]
	if asked := strings.TrimSuffix(strings.ToLower(hello.ServerName), "."); asked != "" {
		if n = s.named(asked); n == nil {
			return nil, nil // the alert unrecognized_name (RFC 6066 §3)
		}
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.certificate, nil
}

func (s *Source) named(domain string) *name {
	for _, n := range s.names {
		if n.domain == domain {
			return n
		}
	}
	return nil
}

// configFor answers the handshake in which an authority checks a name. Clients
// never offer that protocol together with others (RFC 8737 §3).
func (s *Source) configFor(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	if len(hello.SupportedProtos) != 1 || hello.SupportedProtos[0] != acme.ALPNProto {
		return nil, nil // the usual one
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	proof := s.alpn[strings.ToLower(hello.ServerName)]
	if proof == nil {
		return nil, errors.New("acmecert: no check of that name is under way")
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{acme.ALPNProto}, Certificates: []tls.Certificate{*proof}}, nil
}

// Answer returns the response to an authority's request for a path, and whether
// there is one.
func (s *Source) Answer(path string) (text string, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	text, ok = s.answers[path]
	return text, ok
}

// Run obtains and renews certificates until ctx ends. The server must already
// answer.
func (s *Source) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, n := range s.names {
		all.Go(func() { s.keep(ctx, n) })
	}
	all.Wait()
}

// keep keeps one name's certificate valid.
func (s *Source) keep(ctx context.Context, n *name) {
	p := s.cfg.pauses
	refusals := backoff.Backoff{First: p.refused, Last: p.lastRefused}
	n.plan(n.renewal())
	for s.sleepUntil(ctx, n.due()) == nil {
		certificate, err := s.obtain(ctx, n.domain)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			refusals.Reset()
			n.take(certificate)
			s.cfg.Logger.Info("certificate taken", "domain", n.domain, "ends_at", certificate.Leaf.NotAfter.UTC())
			continue
		}
		pause := p.silent
		fault := faultOf(n.domain, err)
		if fault.refused {
			pause = max(refusals.Next(), fault.wait)
		}
		next := s.cfg.now().Add(pause)
		n.failed(fault, next)
		s.report(n, fault, next)
	}
}

// report logs a failed try. Its texts are constants: the authority's texts may
// contain addresses.
func (s *Source) report(n *name, fault *Error, next time.Time) {
	facts := []any{"domain", n.domain, "problem", fault.Text, "try", fault.Try, "next_try_at", next.UTC().Truncate(time.Second)}
	if state := n.state(); s.cfg.now().Before(state.EndsAt) {
		s.cfg.Logger.Warn("certificate not renewed, the old one is still valid", append(facts, "ends_at", state.EndsAt)...)
		return
	}
	s.cfg.Logger.Error("no valid certificate", facts...)
}

// sleepUntil returns at the time, or with an error when ctx ends. It checks the
// clock repeatedly, since the wait changes if the machine slept or the clock
// was set.
func (s *Source) sleepUntil(ctx context.Context, at time.Time) error {
	for {
		left := at.Sub(s.cfg.now())
		if left <= 0 {
			return ctx.Err()
		}
		if err := backoff.Sleep(ctx, min(left, s.cfg.pauses.look)); err != nil {
			return err
		}
	}
}
