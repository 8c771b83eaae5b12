// Package up is `glint up`: everything on one machine.
package up

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/demo"
	"glint/cli/internal/home"
	"glint/cli/internal/output"
	"glint/cli/internal/service"
	"glint/cli/internal/toolchain"
	networkscmd "glint/cli/networks"
	"glint/edge/pixel"
	"glint/edge/token"
	"glint/ingest"
	"glint/ingest/networks"
	"glint/ingest/warehouse/embedded"
	"glint/schema"
)

type options struct {
	app             *app.App
	pixelListen     string
	warehouseListen string
	networksFile    string
	precision       string
	memory          uint64
	demo            bool
	withEdge        bool
	wasm            string
	logLevel        string
	config          ingest.Config
	newCredentials  bool
	state           *home.StateKeeper
	edgeUp          chan struct{}        // closed when the emulator has been started, or could not be
	keyed           chan struct{}        // closed when there are pixel keys
	running         atomic.Pointer[edge] // with --edge, once it answers
}

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	o := &options{app: a, config: ingest.Default()}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run all of glint on this machine: pixel, ingest and warehouse",
		Long: `Runs the standalone pixel, ingest, and ClickHouse's engine as a child process. The pixel and ingest answer at once;
when all is up it prints one line on stdout, "ready pixel=URL ingest=URL clickhouse=URL credentials=FILE", and works
until Ctrl-C. While the engine cannot be started, opens are kept in the log, and stderr says what is missing.

Data, keys and credentials are in $GLINT_HOME (default: glint in your data folder). With --demo it plays a made-up
campaign and prints its report. With --edge the compiled edge program answers the pixel, in Fastly's emulator. That knows
networks of single addresses only, as --networks says when it starts: no lists, no --asn-db, no --trusted-proxies.`,
		Example: "  glint up\n  glint up --demo\n  glint up --pixel-listen 127.0.0.1:0 --ingest-listen 127.0.0.1:0 --warehouse-listen 127.0.0.1:0",
		Args:    app.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&o.pixelListen, "pixel-listen", "127.0.0.1:8701", "address of the pixel; port 0 takes a free one")
	f.StringVar(&o.warehouseListen, "warehouse-listen", "127.0.0.1:8703", "address of ClickHouse's HTTP interface")
	f.StringVar(&o.networksFile, "networks", "", "CSV file that tells networks: prefix,network,as_number,proxy_type,proxy_description,country")
	f.Uint64Var(&o.memory, "warehouse-memory-bytes", 0, "most memory that the engine uses (default: a part of the machine's)")
	app.NewCredentialsFlag(cmd, &o.newCredentials)
	f.BoolVar(&o.demo, "demo", false, "play a demo campaign and print its report")
	f.BoolVar(&o.withEdge, "edge", false, "let the edge program answer the pixel, in the emulator")
	f.StringVar(&o.wasm, "edge-wasm", filepath.Join("bin", "main.wasm"), "the compiled edge program")
	service.Add(cmd, &o.config)
	networkscmd.PixelFlags(cmd, &o.config.Pixel)
	precision := app.ChoiceFlag(cmd, "ip-precision", "how much of an address is kept", "truncated", "full", "none")
	level := app.ChoiceFlag(cmd, "log-level", "what is logged", "warn", "debug", "info", "error")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.precision, o.logLevel = precision.String(), level.String()
		return run(cmd.Context(), o)
	}
	return cmd
}

// run works until ctx ends, which is how it is meant to end.
func run(ctx context.Context, o *options) error {
	began := time.Now()
	credentials, err := o.prepare()
	if err != nil {
		return err
	}
	// The service outlives ctx by the time that the edge needs to hand over its
	// last lines.
	service, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		o.stopEdge()
		cancel(nil)
	})
	defer stop()
	o.state = &home.StateKeeper{Home: o.app.Home, Fault: func(err error) {
		fmt.Fprintln(o.app.Err, "note: other commands do not find this glint yet:", output.Safe(err.Error()))
	}}
	o.edgeUp, o.keyed = make(chan struct{}), make(chan struct{})
	o.config.Listening = func(at ingest.Addresses) { o.listening(service, cancel, at, credentials, began) }
	o.config.Ready = func(at ingest.Addresses, ring *token.Ring) {
		if err := o.ready(service, cancel, at, ring, credentials, began); err != nil {
			cancel(err)
		}
	}
	err = ingest.Run(service, o.config)
	if cause := context.Cause(service); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil // asked to end while it started
	}
	return errors.Join(err, o.app.Home.RemoveState())
}

// prepare fills the configuration from home and flags.
func (o *options) prepare() (c home.Credentials, err error) {
	h := o.app.Home
	if (o.demo || o.withEdge) && !o.config.TLS.Empty() {
		return c, app.Usage(errors.New("--demo and --edge post to ingest themselves, without TLS; leave them or --ingest-tls-cert out"))
	}
	if err := h.Prepare(); err != nil {
		return c, err
	}
	// Without the engine a glint that was in use answers the pixel and waits; the
	// first start has nothing to answer for.
	if _, err := findEngine(); err != nil && !h.InUse() {
		return c, err
	}
	if c, err = h.Credentials(o.newCredentials); err != nil {
		return c, err
	}
	cfg := &o.config
	if cfg.Ring, err = h.RingOrNone(); err != nil {
		return c, err
	}
	if cfg.Precision, err = pixel.ParsePrecision(o.precision); err != nil {
		return c, app.Usage(fmt.Errorf("--ip-precision: %w", err))
	}
	if cfg.Networks, err = o.loadNetworks(); err != nil {
		return c, app.Usage(fmt.Errorf("--networks: %w", err))
	}
	o.fill(cfg, c)
	if err := cfg.Validate(); err != nil {
		return c, app.UsageTry(err, "glint up --help")
	}
	if running, err := h.ReadState(); err == nil {
		fmt.Fprintf(o.app.Err, "note: glint runs with this home already, as process %d, which has to end first\n", running.PID)
	}
	return c, nil
}

// findEngine returns the path of the engine's library.
func findEngine() (string, error) {
	library, err := toolchain.Locate("engine")
	if err == nil {
		_, err = os.Stat(library)
	}
	if err != nil {
		return "", app.Try(fmt.Errorf("find the engine's library: %w", err), "glint engine install")
	}
	return library, nil
}

func (o *options) fill(cfg *ingest.Config, c home.Credentials) {
	h := o.app.Home
	cfg.PixelListen = o.pixelListen
	if o.withEdge {
		cfg.PixelListen = "" // the emulator listens there
	}
	cfg.Token, cfg.Keys, cfg.Version = c.IngestToken, h, o.app.Version
	cfg.LogDir, cfg.DeadLetterDir = h.LogDir(), h.DeadLetterDir()
	cfg.IgnoreFile = h.IgnoreFile()
	cfg.Pixel.ListsHome, cfg.Pixel.NetworksFile = string(h), o.networksFile
	cfg.Logger = o.app.Logger(o.logLevel)
	cfg.Progress = func(what string) {
		for line := range strings.SplitSeq(what, "\n") {
			fmt.Fprintln(o.app.Err, output.Safe(line))
		}
	}
	cfg.Hint, cfg.FindEngine = app.Hint, findEngine
	cfg.Engine = &embedded.Config{
		DataDir: h.WarehouseDir(), RunDir: filepath.Join(h.RunDir(), "engine"), Listen: o.warehouseListen,
		Users: []embedded.User{
			{Name: c.WarehouseUser, Password: c.WarehousePassword},
			{Name: c.SQLUser, Password: c.SQLPassword, ReadOnlyViews: schema.PublicViews()},
		},
		MaxMemoryBytes: o.memory,
		LockWait:       15 * time.Second,
		Logger:         cfg.Logger.With(slog.String("part", "engine")),
	}
}

func (o *options) loadNetworks() (*networks.Table, error) {
	switch {
	case o.networksFile != "":
		return networks.Load(o.networksFile)
	case o.demo:
		return demo.Networks()
	}
	return nil, nil
}

// listening publishes where the pixel and ingest answer, and starts the emulator.
func (o *options) listening(ctx context.Context, cancel context.CancelCauseFunc, at ingest.Addresses, c home.Credentials, began time.Time) {
	o.publish(ctx, at, o.config.Ring, true)
	if !o.withEdge {
		close(o.edgeUp)
		fmt.Fprintf(o.app.Err, "the pixel and ingest answer after %.1f s\n", time.Since(began).Seconds())
		return
	}
	go func() {
		defer close(o.edgeUp)
		if !o.keysCome(ctx) {
			return
		}
		e, err := o.startEdge(ctx, cancel, at, c)
		if err != nil {
			cancel(err)
			return
		}
		o.running.Store(e)
		if ctx.Err() != nil {
			o.stopEdge()
		}
	}()
}

// keysCome waits until there are pixel keys, which the emulator reads at its
// start: a new home has its first ones once the warehouse is up. It reports
// whether they came before the end.
func (o *options) keysCome(ctx context.Context) bool {
	if _, err := os.Stat(o.app.Home.PixelKeysFile()); err == nil {
		return true
	}
	select {
	case <-o.keyed:
		return true
	case <-ctx.Done():
		return false
	}
}

// stopEdge ends the emulator, once.
func (o *options) stopEdge() {
	if e := o.running.Swap(nil); e != nil {
		e.stop()
	}
}

// publish lets the other commands find this glint.
func (o *options) publish(ctx context.Context, at ingest.Addresses, ring *token.Ring, starting bool) {
	o.state.Keep(ctx, home.State{
		Pixel: at.Pixel, Ingest: at.Ingest, Warehouse: at.Warehouse, Metrics: at.Metrics,
		Credentials: o.app.Home.CredentialsFile(), PixelKeys: home.KeyIDs(ring), Starting: starting,
	})
}

// ready says that all is up, then plays the demo if asked.
func (o *options) ready(ctx context.Context, cancel context.CancelCauseFunc, at ingest.Addresses, ring *token.Ring, c home.Credentials, began time.Time) error {
	close(o.keyed)
	<-o.edgeUp
	if e := o.running.Load(); e != nil {
		at.Pixel = e.emulator.URL()
	}
	if ctx.Err() != nil {
		return nil // the end came first
	}
	o.publish(ctx, at, ring, false)
	fmt.Fprintf(o.app.Err, "up in %.1f s; Ctrl-C stops it\n", time.Since(began).Seconds())
	if _, err := fmt.Fprintf(o.app.Out, "ready pixel=%s ingest=%s clickhouse=%s credentials=%s\n",
		at.Pixel, at.Ingest, at.Warehouse, o.app.Home.CredentialsFile()); err != nil {
		return err
	}
	if !o.demo {
		return nil
	}
	go func() {
		if err := o.play(ctx, at, ring, c); err != nil {
			cancel(err)
		}
	}()
	return nil
}

func (o *options) play(ctx context.Context, at ingest.Addresses, ring *token.Ring, c home.Credentials) error {
	dsn, err := o.app.RunningDSN(app.OwnDatabase)
	if err != nil {
		return err
	}
	err = demo.Play(ctx, demo.Options{
		Pixel: at.Pixel, Ingest: at.Ingest, IngestToken: c.IngestToken, Warehouse: dsn, Ring: ring,
		Out: o.app.Out, Progress: o.app.Err,
	})
	if err != nil {
		return fmt.Errorf("play the demo: %w", err)
	}
	demo.WriteNextSteps(o.app.Err, at.Pixel, at.Warehouse, o.app.Home.CredentialsFile())
	return nil
}
