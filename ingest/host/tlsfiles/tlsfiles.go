// Package tlsfiles serves TLS by a certificate and a key in files, and takes
// new ones without a restart when they change, as ACME clients change them.
//
// A pair that does not match (the certificate is renewed, the key not yet) or
// cannot be read leaves the last good one in use and is reported. With a file
// of authorities the server asks for a client certificate; one that is given
// must be valid, but none need be given, since a server has routes for
// strangers too: the handler decides by Request.TLS.VerifiedChains. The package
// makes and renews no certificates.
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
	Certificate string // with the intermediate ones after it
	Key         string // not for others to read
	ClientCA    string // authorities of client certificates; "": none are asked for
}

// Empty reports whether no file is named, so that there is no TLS.
func (f Files) Empty() bool { return f == Files{} }

// Validate checks which files are named, not what is in them.
func (f Files) Validate() error {
	if !f.Empty() && (f.Certificate == "" || f.Key == "") {
		return ErrIncomplete
	}
	return nil
}

// Source gives the current configuration. It is safe for concurrent use.
type Source struct {
	value *reload.Value[*tls.Config]
}

// Open reads the files. Later changes and faults are logged; logger may be nil.
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

// base has HTTP/1.1 only. Sessions are not resumed: a client would otherwise
// stay known after its authority is taken out of the file.
func base() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, SessionTicketsDisabled: true}
}

// Config returns a server's configuration that follows the files.
func (s *Source) Config() *tls.Config {
	c := base()
	c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.value.Get(), nil }
	return c
}
