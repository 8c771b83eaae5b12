package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/embedded"
	"glint/schema/migrate"
)

// house is the warehouse and, if it is ours, its engine.
type house struct {
	*warehouse.Warehouse
	engine  *embedded.Engine // nil for an outside server
	address string           // URL without user, "" for an outside server
	done    <-chan struct{}  // closed when the engine has ended for good
}

// openWarehouse starts the engine if there is one, connects and migrates.
func openWarehouse(ctx context.Context, cfg *Config) (h *house, err error) {
	h = &house{}
	dsn := cfg.WarehouseDSN
	if cfg.Engine != nil {
		cfg.progress("starting the embedded warehouse")
		if h.engine, err = embedded.Start(ctx, *cfg.Engine); err != nil {
			return nil, err
		}
		h.done, h.address = h.engine.Done(), h.engine.URL()
		dsn = engineDSN(h.engine.URL(), cfg.Engine.Users)
	}
	if h.Warehouse, err = warehouse.Connect(ctx, dsn); err == nil {
		cfg.progress("checking the schema")
		err = h.migrate(ctx)
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		_ = h.stop(ctx) // the first error tells more
		return nil, err
	}
	return h, nil
}

// engineDSN signs in as the user who may write, the one without a list of views.
func engineDSN(address string, users []embedded.User) string {
	u, _ := url.Parse(address) // the engine's own
	for _, user := range users {
		if user.ReadOnlyViews == nil {
			u.User = url.UserPassword(user.Name, user.Password)
		}
	}
	return u.String()
}

func (h *house) migrate(ctx context.Context) error {
	db := h.DB()
	defer func() { _ = db.Close() }()
	if _, err := migrate.Up(ctx, db); err != nil {
		return fmt.Errorf("migrate warehouse: %w", err)
	}
	return nil
}

func (h *house) stop(ctx context.Context) error {
	if h.Warehouse != nil {
		_ = h.Close() // only closes sockets
	}
	if h.engine == nil {
		return nil
	}
	return h.engine.Stop(ctx)
}

func (h *house) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := h.Ping(ctx); err != nil {
		return errNoAnswer // why is nothing for strangers
	}
	return nil
}

var errNoAnswer = errors.New("the warehouse does not answer")

// register tells how often the engine had to be started again.
func (h *house) register(r prometheus.Registerer) {
	if h.engine == nil {
		return
	}
	r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "glint_engine_restarts_total", Help: "How often the embedded engine ended unasked and was started again.",
	}, func() float64 { return float64(h.engine.Restarts()) }))
}

func (h *house) err() error {
	if h.engine == nil {
		return nil
	}
	return h.engine.Err()
}

func (c *Config) progress(what string) {
	if c.Progress != nil {
		c.Progress(what)
	}
}
