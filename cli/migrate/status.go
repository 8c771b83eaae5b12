package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/warehouse"
	"glint/schema/migrate"
)

func newStatusCmd(a *app.App) *cobra.Command {
	var dsn, cluster string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "List the migrations and servers; exit code 3 if one is pending or not ready",
		Long: "Lists the migrations of this program with the time at which each was applied. It changes nothing. The exit code is 3 if one\n" +
			"is pending. For several hosts in --warehouse, or a --cluster, it also lists each server: its pending migrations, whether it\n" +
			"can be written, and its delay behind the others. The exit code is also 3 if a server cannot be queried, cannot be written,\n" +
			"or is behind.",
		Example: "  glint migrate status",
		Args:    app.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runStatus(cmd.Context(), a, dsn, cluster) },
	}
	app.WarehouseFlag(cmd, &dsn)
	clusterFlag(cmd, &cluster)
	return cmd
}

func runStatus(ctx context.Context, a *app.App, dsn, cluster string) error {
	w, err := open(ctx, a, dsn, cluster)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	var servers []migrate.Server
	_ = w.OnServers(ctx, func(all [][]*sql.DB) error { servers = migrate.Servers(ctx, slices.Concat(all...)); return nil })
	return writeStatus(a.Out, w.Addresses(), servers)
}

// writeStatus prints the migrations and, if there are several, the servers.
func writeStatus(w io.Writer, addresses []string, servers []migrate.Server) error {
	if len(servers) == 1 && servers[0].Err != nil {
		return servers[0].Err
	}
	pending, err := writeMigrations(w, addresses, servers)
	if err != nil {
		return err
	}
	faulty := 0
	if len(servers) > 1 {
		if faulty, err = writeServers(w, addresses, servers); err != nil {
			return err
		}
	}
	switch {
	case pending > 0:
		return app.Problem(errors.New(output.Plural(pending, "migration is", "migrations are")+" pending"), "glint migrate up")
	case faulty > 0:
		return app.Problem(errors.New(output.Plural(faulty, "server is", "servers are")+" not ready"), "check the log of that ClickHouse, and its connection to Keeper")
	}
	return nil
}

// writeMigrations prints the state of each migration, and returns the number of migrations
// that a server lacks.
func writeMigrations(w io.Writer, addresses []string, servers []migrate.Server) (pending int, err error) {
	t := output.NewTable("VERSION", "NAME", "STATE", "APPLIED AT").AlignRight(0)
	var known []migrate.Migration // of any server that answers: they all list the same
	for i := range servers {
		if servers[i].Err == nil {
			known = servers[i].Migrations
		}
	}
	for m, migration := range known {
		var lack []string
		var last time.Time
		answering := 0
		for i := range servers {
			if servers[i].Err != nil {
				continue
			}
			answering++
			if of := servers[i].Migrations[m]; of.Pending() {
				lack = append(lack, addresses[i])
			} else if of.AppliedAt.After(last) {
				last = of.AppliedAt
			}
		}
		state, at := "applied", output.Time(&last)
		if last.IsZero() {
			at = ""
		}
		switch {
		case len(lack) == answering:
			state = "pending"
		case len(lack) > 0:
			state = "pending on " + strings.Join(lack, ", ")
		}
		if len(lack) > 0 {
			pending++
		}
		t.Row(fmt.Sprint(migration.Version), migration.Name, state, at)
	}
	return pending, t.Write(w)
}

// writeServers prints the state of each server, and returns the number of servers that are
// not ready.
func writeServers(w io.Writer, addresses []string, servers []migrate.Server) (faulty int, err error) {
	fmt.Fprintln(w)
	t := output.NewTable("SERVER", "PENDING", "STATE")
	for i := range servers {
		s := &servers[i]
		state, behind := "ready", time.Duration(min(s.BehindSeconds, 365*24*3600))*time.Second
		switch {
		case s.Err != nil:
			state = "cannot be queried"
		case s.ReadOnly > 0:
			state = "cannot be written: no session with Keeper"
		case behind > warehouse.MostBehind:
			state = output.Duration(behind) + " behind the others"
		}
		if state != "ready" {
			faulty++
		}
		pending := ""
		if s.Err == nil {
			pending = fmt.Sprint(s.Pending())
		}
		t.Row(addresses[i], pending, state)
	}
	return faulty, t.AlignRight(1).Write(w)
}
