// Package serve is `glint serve`: ingest before a ClickHouse of one's own.
package serve

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/service"
	networkscmd "glint/cli/networks"
	"glint/edge/pixel"
	"glint/edge/token"
	"glint/ingest"
	"glint/ingest/networks"
	"glint/ingest/warehouse"
)

type options struct {
	app       *app.App
	dsn       string
	networks  string
	precision string
	logLevel  string
	config    ingest.Config

	newCredentials bool
}

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	o := &options{app: a, config: ingest.Default()}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run ingest before a ClickHouse server",
		Long: `Runs ingest, and with --pixel-listen the standalone pixel, on any ClickHouse server. It applies pending migrations,
then works until Ctrl-C. It starts without that server, too, and keeps lines in its log until it answers. A 2xx means what that server's acknowledgement means: see fsync_after_insert there.

The ingest token is $GLINT_INGEST_TOKEN, else the one in $GLINT_HOME/credentials.env, which is made where it is missing.`,
		Example: "  GLINT_WAREHOUSE=http://glint:secret@127.0.0.1:8123/glint glint serve",
		Args:    app.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&o.dsn, "warehouse", "", "ClickHouse to use, as http://USER:PASSWORD@HOST:8123/glint; better in $GLINT_WAREHOUSE (required)")
	f.StringVar(&o.config.PixelListen, "pixel-listen", "", "address of the standalone pixel (default: none)")
	f.StringVar(&o.networks, "networks", "", "CSV file that tells networks: prefix,network,as_number,proxy_type,proxy_description,country")
	app.NewCredentialsFlag(cmd, &o.newCredentials)
	service.Add(cmd, &o.config)
	networkscmd.PixelFlags(cmd, &o.config.Pixel)
	precision := app.ChoiceFlag(cmd, "ip-precision", "how much of an address is kept", "truncated", "full", "none")
	level := app.ChoiceFlag(cmd, "log-level", "what is logged", "info", "debug", "warn", "error")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.precision, o.logLevel = precision.String(), level.String()
		return run(cmd.Context(), o)
	}
	return cmd
}

func run(ctx context.Context, o *options) error {
	h := o.app.Home
	if err := o.prepare(); err != nil {
		return err
	}
	state := &home.StateKeeper{Home: h, Fault: func(err error) { o.config.Logger.Error("state not written yet", "error", err) }}
	publish := func(at ingest.Addresses, ring *token.Ring, starting bool) {
		state.Keep(ctx, home.State{
			Pixel: at.Pixel, Ingest: at.Ingest, Metrics: at.Metrics, Credentials: h.CredentialsFile(),
			PixelKeys: home.KeyIDs(ring), Starting: starting,
		})
	}
	o.config.Listening = func(at ingest.Addresses) { publish(at, o.config.Ring, true) }
	o.config.Ready = func(at ingest.Addresses, ring *token.Ring) {
		publish(at, ring, false)
		fmt.Fprintf(o.app.Out, "ready pixel=%s ingest=%s credentials=%s\n", at.Pixel, at.Ingest, h.CredentialsFile())
	}
	err := ingest.Run(ctx, o.config)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil // asked to end while it started
	}
	if errors.Is(err, warehouse.ErrDSN) {
		err = app.Usage(err)
	}
	return errors.Join(err, h.RemoveState())
}

func (o *options) prepare() error {
	h := o.app.Home
	if o.dsn == "" {
		return app.Usage(errors.New("--warehouse is missing; it names your ClickHouse server (glint up brings its own)"))
	}
	if err := h.Prepare(); err != nil {
		return err
	}
	ingestToken := o.app.Getenv("GLINT_INGEST_TOKEN")
	c, err := h.Credentials(o.newCredentials || ingestToken != "") // only the token of them is used here
	if err != nil {
		return err
	}
	if ingestToken != "" {
		c.IngestToken = ingestToken
	}
	cfg := &o.config
	if cfg.Ring, err = h.RingOrNone(); err != nil {
		return err
	}
	cfg.Keys, cfg.Hint = h, app.Hint
	if cfg.Precision, err = pixel.ParsePrecision(o.precision); err != nil {
		return app.Usage(fmt.Errorf("--ip-precision: %w", err))
	}
	if o.networks != "" {
		if cfg.Networks, err = networks.Load(o.networks); err != nil {
			return app.Usage(fmt.Errorf("--networks: %w", err))
		}
	}
	cfg.Token, cfg.Version, cfg.WarehouseDSN = c.IngestToken, o.app.Version, o.dsn
	cfg.LogDir, cfg.DeadLetterDir = h.LogDir(), h.DeadLetterDir()
	cfg.IgnoreFile = h.IgnoreFile()
	cfg.Pixel.ListsHome, cfg.Pixel.NetworksFile = string(h), o.networks
	cfg.Logger = o.app.Logger(o.logLevel)
	if err := cfg.Validate(); err != nil {
		return app.UsageTry(err, "glint serve --help")
	}
	return nil
}
