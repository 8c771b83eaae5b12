package ingest

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"glint/ingest/host/portowner"
)

func newHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    128 << 10, // Fastly sends at most 69 kB
		// Messages of net/http contain addresses of clients.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}

func serveError(name string, err error) error {
	if err == nil || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", name, err)
}

// ErrAddressInUse is wrapped by the error of Run about a port in use.
var ErrAddressInUse = errors.New("the address is in use")

type listeners struct{ pixel, pixelHTTP, ingest, metrics net.Listener }

// listen opens all ports before anything slow starts. The engine opens its port
// later, so listen only checks that it is free.
func listen(cfg *Config) (l listeners, err error) {
	var engine net.Listener
	for _, p := range []struct {
		flag, address string
		listener      *net.Listener
	}{
		{"pixel-listen", cfg.PixelListen, &l.pixel},
		{"pixel-http-listen", cfg.Pixel.HTTPListen, &l.pixelHTTP},
		{"ingest-listen", cfg.IngestListen, &l.ingest},
		{"metrics-listen", cfg.MetricsListen, &l.metrics},
		{"warehouse-listen", cfg.engineListen(), &engine},
	} {
		if p.address == "" {
			continue
		}
		if *p.listener, err = net.Listen("tcp", p.address); err != nil {
			l.close()
			if errors.Is(err, syscall.EADDRINUSE) {
				err = fmt.Errorf("%w: --%s %s", ErrAddressInUse, p.flag, portowner.Describe(p.address))
			}
			return listeners{}, err
		}
	}
	if engine != nil {
		_ = engine.Close()
	}
	return l, nil
}

// engineListen returns the address of the embedded engine, or "" without
// one.
func (c *Config) engineListen() string {
	if c.Engine == nil {
		return ""
	}
	return c.Engine.Listen
}

func (l *listeners) close() {
	for _, c := range []net.Listener{l.pixel, l.pixelHTTP, l.ingest, l.metrics} {
		if c != nil {
			_ = c.Close()
		}
	}
}

func (l *listeners) addresses(warehouse string, ingestTLS bool) Addresses {
	a := Addresses{Ingest: listenerURL(l.ingest), Metrics: listenerURL(l.metrics), Warehouse: warehouse}
	if ingestTLS {
		a.Ingest = "https://" + l.ingest.Addr().String()
	}
	if l.pixel != nil {
		a.Pixel = listenerURL(l.pixel)
	}
	if l.pixelHTTP != nil {
		a.PixelHTTP = listenerURL(l.pixelHTTP)
	}
	return a
}

func listenerURL(l net.Listener) string { return "http://" + l.Addr().String() }
