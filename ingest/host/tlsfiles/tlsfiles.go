// Package tlsfiles serves TLS with a certificate and a key in files, and
// reloads them without a restart when they change, as ACME clients change them.
//
// If the pair does not match (the certificate is renewed, the key not yet) or
// cannot be read, the last good pair stays in use and the error is reported.
// With a file of CAs the server requests a client certificate. It must be valid
// if given, but may be absent, since a server has routes for strangers too: the
// handler decides by Request.TLS.VerifiedChains. The package does not create or
// renew certificates.
package tlsfiles

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"glint/ingest/host/reload"
)

// The errors of Open.
var (
	ErrIncomplete  = errors.New("tlsfiles: a certificate needs its key and the other way round, and client authorities need both")
	ErrAuthorities = errors.New("tlsfiles: the file has no certificate of an authority")
)

// Files are the names of PEM files.
type Files struct {
	Certificate string // followed by the intermediate ones
	Key         string // must not be readable for others
	ClientCA    string // CAs of client certificates; "": none are requested
}

// Empty reports whether no file is named, so that there is no TLS.
func (f Files) Empty() bool { return f == Files{} }

// Validate checks which files are named, not their content.
func (f Files) Validate() error {
	if !f.Empty() && (f.Certificate == "" || f.Key == "") {
		return ErrIncomplete
	}
	return nil
}

// Source provides the current configuration. It is safe for concurrent use.
type Source struct {
	value *reload.Value[*tls.Config]
}

// Open reads the files. Later changes and errors are logged; logger may be nil.
func Open(files Files, logger *slog.Logger) (*Source, error) {
	if files.Empty() {
		return nil, ErrIncomplete
	}
	return open(files, reload.Options{}, logger)
}

func open(files Files, o reload.Options, logger *slog.Logger) (*Source, error) {
	if err := files.Validate(); err != nil {
		return nil, err
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	o.Changed = func() { logger.Info("certificate files taken anew") }
	o.Fault = func(err error) { logger.Error("certificate files not taken, the old ones stay in use", "error", err) }
	names := []string{files.Certificate, files.Key}
	if files.ClientCA != "" {
		names = append(names, files.ClientCA)
	}
	value, err := reload.Open(o, files.load, names...)
	if err != nil {
		return nil, err
	}
	return &Source{value}, nil
}

func (f Files) load() (*tls.Config, error) {
	if err := reload.CheckPrivate(f.Key, 0o007); err != nil {
		return nil, fmt.Errorf("tlsfiles: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
	if err != nil {
		return nil, fmt.Errorf("tlsfiles: load %s and its key: %w", f.Certificate, err)
	}
	c := base()
	c.Certificates = []tls.Certificate{pair}
	if f.ClientCA != "" {
		pem, err := os.ReadFile(f.ClientCA)
		if err != nil {
			return nil, fmt.Errorf("tlsfiles: read client authorities: %w", err)
		}
		c.ClientCAs = x509.NewCertPool()
		if !c.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%w: %s", ErrAuthorities, f.ClientCA)
		}
		c.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return c, nil
}

// base allows HTTP/1.1 only. Sessions are not resumed: otherwise a client would
// stay accepted after its CA is removed from the file.
func base() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, SessionTicketsDisabled: true}
}

// Config returns a server's configuration that follows the files.
func (s *Source) Config() *tls.Config {
	c := base()
	c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.value.Get(), nil }
	return c
}
