package ingest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/pixel"
	"glint/edge/token"
	"glint/ingest/consent"
	"glint/ingest/host/acmecert"
	"glint/ingest/host/tlsfiles"
	"glint/ingest/logstream"
	"glint/ingest/networks"
	"glint/ingest/pixelserver"
)

// PixelConfig holds the settings of the standalone pixel alone. Its zero value
// trusts no proxy, uses no TLS and has no networks.
type PixelConfig struct {
	TrustedProxies []string        // addresses and CIDR prefixes of proxies whose header with the client's address is trusted
	ProxyHeader    string          // header with the address: pixelserver.XForwardedFor (also ""), Forwarded
	TLS            tlsfiles.Files  // zero: plain HTTP, unless TLSAuto has domains
	TLSAuto        acmecert.Config // certificates that the pixel obtains itself; no domains: none
	HTTPListen     string          // host:port of plain HTTP beside TLS; "": none
	ASNFile        string          // a database in MaxMind's format; "": none
	ListsHome      string          // glint's home, which holds the lists of `glint networks`; "": none
	UpdateEvery    time.Duration   // interval at which those lists are downloaded; 0: never
	NetworksFile   string          // the operator's file, reloaded when it changes; "": Config.Networks is used
}

func (c *PixelConfig) validate() error {
	var faults []error
	if _, err := pixelserver.ParseProxies(c.TrustedProxies, c.ProxyHeader); err != nil {
		faults = append(faults, fmt.Errorf("trusted-proxies: %w", err))
	}
	faults = append(faults, c.validateTLS())
	if c.UpdateEvery < 0 || c.UpdateEvery > 0 && c.UpdateEvery < time.Hour {
		faults = append(faults, fmt.Errorf("networks-update: %v is below an hour", c.UpdateEvery))
	}
	if c.ASNFile != "" {
		if _, err := networks.OpenASNs(c.ASNFile); err != nil { // opened again when it is used
			faults = append(faults, fmt.Errorf("asn-db: %w", err))
		}
	}
	return errors.Join(faults...)
}

func (c *PixelConfig) validateTLS() error {
	var faults []error
	if err := c.TLS.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("pixel-tls-cert: %w", err))
	}
	if c.auto() {
		if err := c.TLSAuto.Validate(); err != nil {
			faults = append(faults, fmt.Errorf("pixel-tls-auto: %w", err))
		}
		if !c.TLS.Empty() {
			faults = append(faults, errors.New("pixel-tls-auto: not together with pixel-tls-cert, which names the certificate"))
		}
	} else if c.TLSAuto.Directory != "" || c.TLSAuto.CA != "" || c.TLSAuto.Email != "" {
		faults = append(faults, errors.New("pixel-tls-auto: its domains are missing"))
	}
	if c.HTTPListen != "" {
		if _, _, err := net.SplitHostPort(c.HTTPListen); err != nil {
			faults = append(faults, fmt.Errorf("pixel-http-listen: %q is not host:port", c.HTTPListen))
		}
		if !c.isSecure() {
			faults = append(faults, errors.New("pixel-http-listen: without pixel-tls-auto or pixel-tls-cert the pixel speaks plain HTTP at pixel-listen"))
		}
	}
	return errors.Join(faults...)
}

// auto reports whether the pixel obtains its certificates itself.
func (c *PixelConfig) auto() bool { return len(c.TLSAuto.Domains) > 0 }

func (c *PixelConfig) isSecure() bool { return c.auto() || !c.TLS.Empty() }

// openNetworks opens the network lists and reloads them when they change. The
// standalone pixel, and clicks among other events, are looked up in them.
func openNetworks(cfg *Config, lists *listWatch) (*networks.Sources, error) {
	c := &cfg.Pixel
	files := networks.Files{Operator: c.NetworksFile, Home: c.ListsHome, ASNs: c.ASNFile}
	return networks.OpenSources(files, cfg.Networks, lists.notify)
}

// standalonePixel is the pixel with the certificates that it obtains itself.
type standalonePixel struct {
	*pixelserver.Server
	certificates *acmecert.Source // nil: it gets none
}

// start serves until Shutdown, and renews certificates until ctx ends. Errors
// of Serve are sent to failed.
func (p *standalonePixel) start(ctx context.Context, l *listeners, failed chan<- error) {
	go func() { failed <- serveError("pixel", p.Serve(l.pixel)) }()
	if l.pixelHTTP != nil {
		go func() { failed <- serveError("pixel over HTTP", p.ServePlain(l.pixelHTTP)) }()
	}
	if p.certificates != nil {
		go p.certificates.Run(ctx)
	}
}

// newPixel opens the files of the standalone pixel and reloads them when they
// change.
func newPixel(cfg *Config, sources *networks.Sources, stream *logstream.Batcher, registry prometheus.Registerer, withdrawn *consent.Set, keys func() *token.Ring) (*standalonePixel, error) {
	c := &cfg.Pixel
	registerListDates(registry, sources)
	untold := sources.Book().Untold()
	for _, what := range untold {
		cfg.Logger.Info("some clients cannot be recognized", "missing", what)
	}
	if len(untold) > 0 {
		cfg.progress("note: some clients cannot be recognized; see: glint networks list")
	}
	proxies, err := pixelserver.ParseProxies(c.TrustedProxies, c.ProxyHeader)
	if err != nil {
		return nil, err
	}
	certificates, err := openCertificates(cfg, registry)
	if err != nil {
		return nil, err
	}
	var secure *tls.Config
	var challenge func(string) (string, bool)
	switch {
	case certificates != nil:
		secure, challenge = certificates.TLS(), certificates.Answer
	case !c.TLS.Empty():
		files, err := tlsfiles.Open(c.TLS, cfg.Logger)
		if err != nil {
			return nil, err
		}
		secure = files.Config()
	}
	server := pixelserver.New(pixelserver.Config{
		Observer: pixel.Observer{
			Precision: cfg.Precision, Signals: cfg.Signals, Edge: "standalone", Version: cfg.Version,
			Visitors: cfg.Visitors, Withdrawn: withdrawn.OfPixel,
		},
		Keys:   keys,
		Lookup: sources.Lookup, Proxies: proxies, TLS: secure, Challenge: challenge,
		Web:   pixelserver.Web{Sites: cfg.Sites, Token: cfg.WebToken},
		Write: stream.Add, Now: time.Now, Logger: cfg.Logger, Registerer: registry,
	})
	return &standalonePixel{server, certificates}, nil
}
