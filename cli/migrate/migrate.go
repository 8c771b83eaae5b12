// Package migrate is `glint migrate`: it migrates the warehouse's schema and copies warehouses.
package migrate

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/ingest/warehouse"
)

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	return app.Group(&cobra.Command{
		Use:   "migrate",
		Short: "Update or inspect the warehouse's schema, or copy the warehouse",
		Long: "The warehouse's tables and views are created by migrations in this program. `glint up` and `glint serve` apply them when\n" +
			"they start; these commands apply or list them at another time.",
		Example: "  glint migrate status\n  glint migrate up",
	}, newUpCmd(a), newStatusCmd(a), newCopyCmd(a))
}

func newUpCmd(a *app.App) *cobra.Command {
	var dsn, cluster string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Apply pending migrations and changed views",
		Long: "Applies pending migrations and recreates changed views. `glint up` and `glint serve` do the same when they start.\n" +
			"There is no way back to an older schema; running the command again changes nothing. Several hosts in --warehouse, or of a\n" +
			"shard of --cluster, are replicas: their tables are replicated, and each replica gets the schema in turn. If the cluster has\n" +
			"several shards, opens are spread over them. Their number is fixed then; glint finds them by an address of the first shard.",
		Example: "  glint migrate up",
		Args:    app.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runUp(cmd.Context(), a, dsn, cluster) },
	}
	app.WarehouseFlag(cmd, &dsn)
	clusterFlag(cmd, &cluster)
	return cmd
}

// open connects to the warehouse or, with cluster, to all servers of that cluster.
func open(ctx context.Context, a *app.App, dsn, cluster string) (*warehouse.Warehouse, error) {
	if cluster == "" {
		return a.OpenWarehouse(ctx, dsn, app.OwnDatabase)
	}
	if dsn == "" {
		return nil, app.Usage(errors.New("--cluster needs --warehouse, which names one of its servers"))
	}
	w, err := warehouse.ConnectCluster(ctx, dsn, cluster)
	if errors.Is(err, warehouse.ErrCluster) || errors.Is(err, warehouse.ErrDSN) {
		err = app.Usage(err)
	}
	return w, err
}

func clusterFlag(cmd *cobra.Command, cluster *string) {
	cmd.Flags().StringVar(cluster, "cluster", "", "cluster in that ClickHouse with the servers to use, reached by their native ports: replicas, or shards of them")
}

func runUp(ctx context.Context, a *app.App, dsn, cluster string) error {
	w, err := open(ctx, a, dsn, cluster)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	result, err := w.Migrate(ctx)
	for _, name := range result.Applied {
		fmt.Fprintln(a.Err, "applied", name)
	}
	for _, name := range result.Views {
		fmt.Fprintln(a.Err, "created view", name)
	}
	for _, server := range result.Away {
		fmt.Fprintf(a.Err, "warning: %s does not answer. Try: glint migrate up, once it does\n", server)
	}
	if err == nil && len(result.Applied)+len(result.Views)+len(result.Away) == 0 {
		fmt.Fprintln(a.Err, "the schema is up to date")
	}
	return err
}
