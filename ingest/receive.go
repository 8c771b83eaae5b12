package ingest

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/admission"
	"glint/ingest/host/tlsfiles"
	"glint/ingest/receiver"
	"glint/ingest/wal"
)

// tokenLabel is the source label of Config.Token.
const tokenLabel = "default"

// pixelLabel is the source label of the standalone pixel.
const pixelLabel = "pixel"

// newGate returns the gate of the lanes for the current sources, and for the
// standalone pixel if there is one.
func newGate(lanes *wal.Lanes, m admission.DiskWatermarks, sources func() []string, pixel bool) *admission.Gate {
	if pixel {
		return admission.New(lanes, m, sources, pixelLabel)
	}
	return admission.New(lanes, m, sources)
}

// newLogServer returns the server that accepts bodies for the log.
func newLogServer(cfg *Config, tokens *receiver.Tokens, g *admission.Gate, routes []receiver.Route, page http.Handler, events receiver.Deliveries, ready func() error, status func() any, r prometheus.Registerer) (*receiver.Server, error) {
	c := receiver.Config{
		Tokens: tokens, Store: g.Store, Admit: g.Admit, Routes: routes, Ready: ready, Status: status, ServiceIDs: cfg.ServiceIDs,
		Deliveries: events, Preferences: page,
		Outcomes:          outcomes{logDir: cfg.LogDir}.lookup,
		RequireClientCert: cfg.TLS.ClientCA != "",
		MaxBodyBytes:      cfg.MaxBodyBytes, MaxDecodedBytes: cfg.MaxBodyBytes,
		MaxConcurrent: cfg.MaxConcurrent, StoreTimeout: cfg.StoreTimeout, DrainDelay: cfg.DrainDelay,
		Logger: cfg.Logger, Registerer: r,
	}
	if !cfg.TLS.Empty() {
		files, err := tlsfiles.Open(cfg.TLS, cfg.Logger)
		if err != nil {
			return nil, err
		}
		c.TLS = files.Config()
	}
	return receiver.New(c)
}

func openTokens(cfg *Config) (*receiver.Tokens, error) {
	one := receiver.Token{Label: tokenLabel, Scopes: []receiver.Scope{receiver.ScopeLogs}, Secret: cfg.Token}
	if cfg.TokensFile == "" {
		return receiver.NewTokens(one)
	}
	return receiver.OpenTokens(cfg.TokensFile, cfg.TokensMayMiss, cfg.Logger, one)
}
