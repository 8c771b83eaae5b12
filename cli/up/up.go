// Package up is `glint up`: it runs everything on one machine.
package up

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/demo"
	"glint/cli/internal/home"
	"glint/cli/internal/output"
	"glint/cli/internal/service"
	"glint/edge/token"
	"glint/ingest"
	"glint/ingest/warehouse/embedded"
)

type options struct {
	*service.Service
	pixelListen     string
	warehouseListen string
	memory          uint64
	demo            bool
	withEdge        bool
	wasm            string
	edgeUp          chan struct{}        // closed when the emulator has started or failed to start
	keyed           chan struct{}        // closed when pixel keys exist
	running         atomic.Pointer[edge] // with --edge, once it answers
	keyChanges      atomic.Int64         // how often the keys have changed since the start
}

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run all of glint on this machine: pixel, ingest and warehouse",
		Long: `Runs the standalone pixel, ingest, and ClickHouse's engine as a child process. The pixel and ingest answer at once. When
everything is up, it prints one line on stdout, "ready pixel=URL ingest=URL clickhouse=URL web=URL credentials=FILE", and
runs until Ctrl-C. If the engine cannot start, opens are kept in the log, and stderr says what is missing.

Data, keys and credentials are in $GLINT_HOME (default: glint in your data folder). --demo plays a made-up campaign and
prints its report. With --edge, the compiled edge program serves the pixel in Fastly's emulator. The emulator knows the
network of single addresses only, from the --networks file at its start: no other lists, no --asn-db, no --trusted-proxies.
When the keys change, the emulator restarts, and the pixel does not answer for some seconds.`,
		Example: "  glint up\n  glint up --demo\n  glint up --pixel-listen 127.0.0.1:0 --ingest-listen 127.0.0.1:0 --warehouse-listen 127.0.0.1:0",
		Args:    app.NoArgs,
	}
	o := &options{Service: service.New(a, cmd, "warn", "debug", "info", "error")}
	f := cmd.Flags()
	f.StringVar(&o.pixelListen, "pixel-listen", "127.0.0.1:8701", "address of the pixel; port 0 takes a free one")
	f.StringVar(&o.warehouseListen, "warehouse-listen", "127.0.0.1:8703", "address of ClickHouse's HTTP interface")
	f.Uint64Var(&o.memory, "warehouse-memory-bytes", 0, "memory limit of the engine (default: a part of the machine's memory)")
	f.BoolVar(&o.demo, "demo", false, "play a demo campaign and print its report")
	f.BoolVar(&o.withEdge, "edge", false, "serve the pixel with the edge program, in the emulator")
	f.StringVar(&o.wasm, "edge-wasm", "", "the compiled edge program (default: bin/main.wasm, else where make install has put it)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) }
	return cmd
}

// run runs the service until ctx ends; it then returns nil.
func run(ctx context.Context, o *options) error {
	began := time.Now()
	credentials, err := o.prepare()
	if err != nil {
		return err
	}
	// The service outlives ctx by the time that the edge needs to post its last
	// lines.
	running, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		o.stopEdge()
		cancel(nil)
	})
	defer stop()
	o.StateFault = func(err error) {
		fmt.Fprintln(o.App.Err, "note: other commands do not find this glint yet:", output.Safe(err.Error()))
	}
	o.edgeUp, o.keyed = make(chan struct{}), make(chan struct{})
	o.Config.Listening = func(at ingest.Addresses) { o.listening(running, cancel, at, credentials, began) }
	o.Config.Ready = func(at ingest.Addresses, ring *token.Ring) {
		if err := o.ready(running, cancel, at, ring, credentials, began); err != nil {
			cancel(err)
		}
	}
	err = o.Run(running)
	if cause := context.Cause(running); cause != nil && !errors.Is(cause, context.Canceled) {
		err = errors.Join(cause, o.App.Home.RemoveState())
	}
	return err
}

// prepare fills the configuration from the home and the flags.
func (o *options) prepare() (c home.Credentials, err error) {
	h := o.App.Home
	if (o.demo || o.withEdge) && !o.Config.TLS.Empty() {
		return c, app.Usage(errors.New("--demo and --edge post to ingest themselves, without TLS; leave them or --ingest-tls-cert out"))
	}
	if o.demo && len(o.Config.Pixel.TLSAuto.Domains) > 0 {
		return c, app.Usage(errors.New("--demo fetches images of this machine's pixel, which no authority gives a certificate for; leave it or --pixel-tls-auto out"))
	}
	if err := h.Prepare(); err != nil {
		return c, err
	}
	// Without the engine, a home that was in use serves the pixel and waits; a first
	// start fails, since no mail has its pixel yet.
	if _, err := service.FindEngine(); err != nil && !h.InUse() {
		return c, err
	}
	if c, err = h.Credentials(o.NewCredentials); err != nil {
		return c, err
	}
	if err := o.fill(c); err != nil {
		return c, err
	}
	if running, err := h.ReadState(); err == nil {
		fmt.Fprintf(o.App.Err, "note: glint runs with this home already, as process %d, which has to end first\n", running.PID)
	}
	return c, nil
}

// fill completes the configuration, including the engine, and checks it.
func (o *options) fill(c home.Credentials) error {
	if err := o.Fill(c); err != nil {
		return err
	}
	h, cfg := o.App.Home, &o.Config
	if o.demo && cfg.Networks == nil {
		var err error
		if cfg.Networks, err = demo.Networks(); err != nil {
			return err
		}
	}
	if !o.withEdge { // otherwise the emulator listens there
		cfg.PixelListen = o.pixelListen
	}
	cfg.Progress = func(what string) {
		for line := range strings.SplitSeq(what, "\n") {
			fmt.Fprintln(o.App.Err, output.Safe(line))
		}
	}
	if o.withEdge {
		publish := cfg.KeysTaken
		cfg.KeysTaken = func(ring *token.Ring) {
			publish(ring)
			o.keyChanges.Add(1)
			if e := o.running.Load(); e != nil {
				cfg.Progress("the keys have changed: the edge program starts anew in the emulator")
				e.renew()
			}
		}
	}
	cfg.FindEngine = service.FindEngine
	cfg.Engine = service.EngineConfig(h, c, cfg.Logger)
	cfg.Readers = func() ([]embedded.User, error) { return service.Readers(h) }
	cfg.Engine.Listen, cfg.Engine.MaxMemoryBytes = o.warehouseListen, o.memory
	return o.Validate()
}

// listening publishes the addresses of the pixel and ingest, and starts the emulator.
func (o *options) listening(ctx context.Context, cancel context.CancelCauseFunc, at ingest.Addresses, c home.Credentials, began time.Time) {
	o.Publish(ctx, at, o.Config.Ring, true)
	if !o.withEdge {
		close(o.edgeUp)
		fmt.Fprintf(o.App.Err, "the pixel and ingest answer after %.1f s\n", time.Since(began).Seconds())
		return
	}
	go func() {
		defer close(o.edgeUp)
		if !o.keysCome(ctx) {
			return
		}
		changes := o.keyChanges.Load()
		e, err := o.startEdge(ctx, cancel, at, c)
		if err != nil {
			cancel(err)
			return
		}
		o.running.Store(e)
		if o.keyChanges.Load() != changes {
			e.renew()
		}
		if ctx.Err() != nil {
			o.stopEdge()
		}
	}()
}

// keysCome waits until pixel keys exist, which the emulator reads at its start: a
// new home gets its first key once the warehouse is up. It reports whether they
// exist, or false if ctx ended first.
func (o *options) keysCome(ctx context.Context) bool {
	if _, err := os.Stat(o.App.Home.PixelKeysFile()); err == nil {
		return true
	}
	select {
	case <-o.keyed:
		return true
	case <-ctx.Done():
		return false
	}
}

// stopEdge ends the emulator; further calls do nothing.
func (o *options) stopEdge() {
	if e := o.running.Swap(nil); e != nil {
		e.stop()
	}
}

// ready prints the ready line, then plays the demo if requested.
func (o *options) ready(ctx context.Context, cancel context.CancelCauseFunc, at ingest.Addresses, ring *token.Ring, c home.Credentials, began time.Time) error {
	close(o.keyed)
	<-o.edgeUp
	if e := o.running.Load(); e != nil {
		at.Pixel = e.url()
	}
	if ctx.Err() != nil {
		return nil //nolint:nilerr // ctx ended first
	}
	o.Publish(ctx, at, ring, false)
	o.ShowPages(ctx, service.AsUser(at.Warehouse, c.SQLUser, c.SQLPassword), service.AsUser(at.Warehouse, c.WarehouseUser, c.WarehousePassword))
	fmt.Fprintf(o.App.Err, "up in %.1f s; Ctrl-C stops it\n", time.Since(began).Seconds())
	if _, err := fmt.Fprintf(o.App.Out, "ready pixel=%s ingest=%s clickhouse=%s %s%scredentials=%s\n",
		at.Pixel, at.Ingest, at.Warehouse, service.PlainField(at), o.WebField(), o.App.Home.CredentialsFile()); err != nil {
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
	dsn, err := o.App.RunningDSN(app.OwnDatabase)
	if err != nil {
		return err
	}
	err = demo.Play(ctx, demo.Options{
		Pixel: at.Pixel, Ingest: at.Ingest, IngestToken: c.IngestToken, Warehouse: dsn, Ring: ring,
		Out: o.App.Out, Progress: o.App.Err,
	})
	if err != nil {
		return fmt.Errorf("play the demo: %w", err)
	}
	demo.WriteNextSteps(o.App.Err, at.Pixel, at.Warehouse, o.App.Home.CredentialsFile())
	return nil
}
