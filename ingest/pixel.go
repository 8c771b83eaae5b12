package ingest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/edge/pixel"
	"glint/ingest/logstream"
	"glint/ingest/networks"
	"glint/ingest/pixelserver"
	"glint/ingest/tlsfiles"
)

// PixelConfig is what only the standalone pixel needs. Its zero value trusts no
// proxy, uses no TLS and knows no network.
type PixelConfig struct {
	TrustedProxies []string       // addresses and CIDR prefixes whose word counts for the client's address
	ProxyHeader    string         // by which they tell it: pixelserver.XForwardedFor (also ""), Forwarded
	TLS            tlsfiles.Files // zero: plain HTTP
	ASNFile        string         // a database in MaxMind's format; "": none
	ListsHome      string         // glint's own folder, where the lists of `glint networks` are; "": none
}

func (c *PixelConfig) validate() error {
	var faults []error
	if _, err := pixelserver.ParseProxies(c.TrustedProxies, c.ProxyHeader); err != nil {
		faults = append(faults, fmt.Errorf("trusted-proxies: %w", err))
	}
	if err := c.TLS.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("pixel-tls-cert: %w", err))
	}
	if c.ASNFile != "" {
		db, err := networks.OpenASNs(c.ASNFile)
		if err != nil {
			faults = append(faults, fmt.Errorf("asn-db: %w", err))
		}
		_ = db.Close() // opened again when it is needed
	}
	return errors.Join(faults...)
}

// newPixel opens the files that the standalone pixel needs. The database stays
// open as long as the process lives.
func newPixel(cfg *Config, stream *logstream.Batcher, registry prometheus.Registerer) (*pixelserver.Server, error) {
	c := &cfg.Pixel
	book := &networks.Book{Operator: cfg.Networks}
	var err error
	if c.ListsHome != "" {
		if book.Lists, err = networks.ReadLists(c.ListsHome); err != nil {
			return nil, err
		}
	}
	if c.ASNFile != "" {
		if book.ASNs, err = networks.OpenASNs(c.ASNFile); err != nil {
			return nil, err
		}
	}
	registerLists(registry, &book.Lists)
	proxies, err := pixelserver.ParseProxies(c.TrustedProxies, c.ProxyHeader)
	if err != nil {
		return nil, err
	}
	var secure *tls.Config
	if !c.TLS.Empty() {
		files, err := tlsfiles.Open(c.TLS, cfg.Logger)
		if err != nil {
			return nil, err
		}
		secure = files.Config()
	}
	return pixelserver.New(pixelserver.Config{
		Observer: pixel.Observer{Ring: cfg.Ring, Precision: cfg.Precision, Edge: "standalone", Version: cfg.Version},
		Lookup:   book.Lookup, Proxies: proxies, TLS: secure,
		Write: stream.Add, Now: time.Now, Logger: cfg.Logger, Registerer: registry,
	}), nil
}

// registerLists tells how old the lists are, so that one can be warned of it.
func registerLists(r prometheus.Registerer, lists *networks.Lists) {
	taken := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "glint_networks_list_timestamp_seconds", Help: "When the list was taken or the database was built.",
	}, []string{"list"})
	if lists.Relay != nil {
		taken.WithLabelValues("apple_relay").Set(float64(lists.Relay.TakenAt.Unix()))
	}
	if lists.ASNs != nil {
		taken.WithLabelValues("asn_db").Set(float64(lists.ASNs.BuiltAt.Unix()))
	}
	r.MustRegister(taken)
}

// secure gives the pixel's address its scheme.
func (c *PixelConfig) secure(a Addresses) Addresses {
	if a.Pixel != "" && !c.TLS.Empty() {
		a.Pixel = "https" + a.Pixel[len("http"):]
	}
	return a
}
