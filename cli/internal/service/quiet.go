package service

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/toolchain"
	"glint/ingest"
	"glint/ingest/warehouse/embedded"
	"glint/schema"
)

// FindEngine returns the path of the engine's library.
func FindEngine() (string, error) {
	library, err := toolchain.Locate("engine")
	if err == nil {
		_, err = os.Stat(library)
	}
	if err != nil {
		return "", app.Try(fmt.Errorf("find the engine's library: %w", err), "glint engine install")
	}
	return library, nil
}

// Engine returns the configuration of the home's embedded engine.
func Engine(h home.Home, c *home.Credentials, listen string, memory uint64, logger *slog.Logger) *embedded.Config {
	return &embedded.Config{
		DataDir: h.WarehouseDir(), RunDir: filepath.Join(h.RunDir(), "engine"), Listen: listen,
		Users: []embedded.User{
			{Name: c.WarehouseUser, Password: c.WarehousePassword},
			{Name: c.SQLUser, Password: c.SQLPassword, ReadOnlyViews: schema.PublicViews()},
		},
		MaxMemoryBytes: memory,
		LockWait:       15 * time.Second,
		Logger:         logger.With(slog.String("part", "engine")),
	}
}

// Quiet returns the configuration of a service for one errand in a home whose glint
// does not run: without a pixel, on a port that nobody is told. dsn names an outside
// warehouse; "": the home's own engine.
func Quiet(a *app.App, dsn string) (*ingest.Config, error) {
	h, cfg := a.Home, ingest.Default()
	if dsn == "" && !h.InUse() {
		return nil, app.Try(errors.New("this home has never been in use"), "GLINT_HOME=DIR, the folder of the glint that is meant")
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
	cfg.Logger, cfg.Hint, cfg.Judge.Every = a.Logger("warn"), app.Hint, 0
	if cfg.WarehouseDSN = dsn; dsn == "" {
		cfg.FindEngine = FindEngine
		cfg.Engine = Engine(h, &c, "127.0.0.1:0", 0, cfg.Logger)
	}
	return &cfg, nil
}
