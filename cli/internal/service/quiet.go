package service

import (
	"errors"

	"glint/cli/internal/app"
	"glint/ingest"
)

// Quiet returns the configuration of a service for one task in a home whose glint does
// not run: without a pixel, on an unpublished port. dsn is the address of an external
// warehouse; "": the home's own engine.
func Quiet(a *app.App, dsn string) (*ingest.Config, error) {
	h, cfg := a.Home, ingest.Default()
	if dsn == "" && !h.InUse() {
		return nil, app.Try(errors.New("this home has never been in use"), "GLINT_HOME=DIR, with the folder of your glint")
	}
	if err := h.Prepare(); err != nil {
		return nil, err
	}
	c, err := h.Credentials(dsn != "")
	if err != nil {
		return nil, err
	}
	if cfg.Ring, err = h.RingOrNone(); err != nil {
		return nil, err
	}
	cfg.IngestListen, cfg.Token, cfg.Keys, cfg.Consent, cfg.Version = "127.0.0.1:0", c.IngestToken, h, h, a.Version
	cfg.LogDir, cfg.DeadLetterDir, cfg.IgnoreFile, cfg.ErasureDir = h.LogDir(), h.DeadLetterDir(), h.IgnoreFile(), h.ErasureDir()
	cfg.Feed.Dir = h.WebhookDir()
	cfg.Logger, cfg.Hint, cfg.Judge.Every = a.Logger("warn"), app.Hint, 0
	if cfg.WarehouseDSN = dsn; dsn == "" {
		cfg.FindEngine = FindEngine
		cfg.Engine = EngineConfig(h, c, cfg.Logger)
		cfg.Engine.Listen = "127.0.0.1:0"
	}
	return &cfg, nil
}
