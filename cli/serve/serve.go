// Package serve is `glint serve`: it runs ingest in front of a ClickHouse server.
package serve

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/service"
	"glint/edge/token"
	"glint/ingest"
	"glint/ingest/warehouse"
)

type options struct {
	*service.Service
	dsn string
}

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run ingest in front of a ClickHouse server",
		Long: `Runs ingest, and with --pixel-listen the standalone pixel, with any ClickHouse server. It applies pending migrations and
runs until Ctrl-C. It also starts without the server, and keeps lines in its log until the server answers. Inserted rows
are as durable as that server's acknowledgement: see its setting fsync_after_insert.

The ingest token is $GLINT_INGEST_TOKEN, or else the one in $GLINT_HOME/credentials.env, which is created if missing.`,
		Example: "  GLINT_WAREHOUSE=http://glint:secret@127.0.0.1:8123/glint glint serve",
		Args:    app.NoArgs,
	}
	o := &options{Service: service.New(a, cmd, "info", "debug", "warn", "error")}
	f := cmd.Flags()
	f.StringVar(&o.dsn, "warehouse", "", "ClickHouse to use, as http://USER:PASSWORD@HOST:8123/glint; prefer $GLINT_WAREHOUSE (required)")
	f.StringVar(&o.Config.Cluster, "cluster", "", "cluster in that ClickHouse with the servers to use, reached by their native ports: replicas, or shards of them (default: the hosts in --warehouse, and the shards that the warehouse has)")
	f.StringVar(&o.Config.PixelListen, "pixel-listen", "", "address of the standalone pixel (default: none)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) }
	return cmd
}

func run(ctx context.Context, o *options) error {
	if err := o.prepare(); err != nil {
		return err
	}
	o.StateFault = func(err error) { o.Config.Logger.Error("state not written yet", "error", err) }
	publish := func(at ingest.Addresses, ring *token.Ring, starting bool) {
		at.Warehouse = "" // external: every client needs its own credentials for it
		o.Publish(ctx, at, ring, starting)
	}
	o.Config.Listening = func(at ingest.Addresses) { publish(at, o.Config.Ring, true) }
	o.Config.Ready = func(at ingest.Addresses, ring *token.Ring) {
		publish(at, ring, false)
		o.ShowPages(ctx, o.dsn, o.dsn)
		fmt.Fprintf(o.App.Out, "ready pixel=%s ingest=%s %s%scredentials=%s\n", at.Pixel, at.Ingest, service.PlainField(at), o.WebField(), o.App.Home.CredentialsFile())
	}
	err := o.Run(ctx)
	if errors.Is(err, warehouse.ErrDSN) || errors.Is(err, warehouse.ErrCluster) {
		err = app.Usage(err)
	}
	return err
}

func (o *options) prepare() error {
	if o.dsn == "" {
		return app.Usage(errors.New("--warehouse is missing; it names your ClickHouse server (glint up brings its own)"))
	}
	h := o.App.Home
	if err := h.Prepare(); err != nil {
		return err
	}
	ingestToken := o.App.Getenv("GLINT_INGEST_TOKEN")
	c, err := h.Credentials(o.NewCredentials || ingestToken != "") // only the ingest token is used here
	if err != nil {
		return err
	}
	if ingestToken != "" {
		c.IngestToken = ingestToken
	}
	if err := o.Fill(c); err != nil {
		return err
	}
	o.Config.WarehouseDSN = o.dsn
	return o.Validate()
}
