package ingest

import (
	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/host/tlsfiles"
	"glint/ingest/server"
	"glint/ingest/wal"
)

// tokenLabel is the source label of the one token that Config.Token is.
const tokenLabel = "default"

// pixelLabel is the source label of the standalone pixel.
const pixelLabel = "pixel"

// newLogServer returns what takes bodies for the log.
func newLogServer(cfg *Config, lanes *wal.Lanes, tokens *server.Tokens, g gates, ready func() error, status func() any, r prometheus.Registerer) (*server.Server, error) {
	c := server.Config{
		Tokens: tokens, Store: appendTo(lanes), Admit: g.admit, Ready: ready, Status: status, ServiceIDs: cfg.ServiceIDs,
		Outcomes:          outcomes{logDir: cfg.LogDir}.of,
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
	return server.New(c)
}

func openTokens(cfg *Config) (*server.Tokens, error) {
	one := server.Token{Label: tokenLabel, Scopes: []server.Scope{server.ScopeLogs}, Secret: cfg.Token}
	if cfg.TokensFile == "" {
		return server.NewTokens(one)
	}
	return server.OpenTokens(cfg.TokensFile, cfg.Logger, one)
}
