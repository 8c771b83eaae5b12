package service

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/toolchain"
	"glint/ingest/warehouse"
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

// EngineConfig returns the configuration of the embedded warehouse of a home, without
// the path of the library and the address.
func EngineConfig(h home.Home, c home.Credentials, logger *slog.Logger) *embedded.Config {
	return &embedded.Config{
		DataDir: h.WarehouseDir(), RunDir: filepath.Join(h.RunDir(), "engine"),
		Users: []embedded.User{
			{Name: c.WarehouseUser, Password: c.WarehousePassword},
			{Name: c.SQLUser, Password: c.SQLPassword, ReadOnlyViews: schema.PublicViews()},
		},
		LockWait: 15 * time.Second,
		Logger:   logger.With(slog.String("part", "engine")),
	}
}

// Readers returns the users of a home in the engine's form.
func Readers(h home.Home) ([]embedded.User, error) {
	users, err := h.Users()
	if err != nil {
		return nil, err
	}
	readers := make([]embedded.User, len(users))
	for i, u := range users {
		readers[i] = embedded.User{Name: u.Name, Password: u.Password, ReadOnlyViews: ViewsOf(u.Role)}
	}
	return readers, nil
}

// ViewsOf returns the names of the views that a role may read.
func ViewsOf(role string) []string {
	switch role {
	case "analyst":
		return schema.AnalystViews()
	case "owner":
		return schema.OwnerViews()
	}
	return schema.PublicViews()
}

// OpenEngine starts the embedded warehouse of a home in which no glint runs, and
// connects to it as its owner. The caller must call end.
func OpenEngine(ctx context.Context, a *app.App, h home.Home) (w *warehouse.Warehouse, end func(context.Context) error, err error) {
	c, err := h.Credentials(false)
	if err != nil {
		return nil, nil, err
	}
	config := EngineConfig(h, c, a.Logger("error"))
	config.Listen = "127.0.0.1:0"
	if config.Library, err = FindEngine(); err != nil {
		return nil, nil, err
	}
	engine, err := embedded.Start(ctx, *config)
	if err != nil {
		return nil, nil, err
	}
	u, err := url.Parse(engine.URL())
	if err == nil {
		u.User = url.UserPassword(c.WarehouseUser, c.WarehousePassword)
		w, err = warehouse.Connect(ctx, u.String())
	}
	if err != nil {
		_ = engine.Stop(context.WithoutCancel(ctx)) // the first error is the one to report
		return nil, nil, err
	}
	return w, func(ctx context.Context) error {
		_ = w.Close() // only closes sockets
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		return engine.Stop(ctx)
	}, nil
}
