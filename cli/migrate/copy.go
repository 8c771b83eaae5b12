package migrate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/mirrors"
	"glint/ingest/warehouse"
)

type copyOptions struct {
	app     *app.App
	dsn, to string
}

func newCopyCmd(a *app.App) *cobra.Command {
	o := &copyOptions{app: a}
	cmd := &cobra.Command{
		Use:   "copy --to DSN",
		Short: "Copy a warehouse into another one, and verify that they are equal",
		Long: `Copies the running glint's warehouse, or that of --warehouse, into another ClickHouse. The database glint there is created;
an existing one must be empty or an earlier copy. Then it compares both table by table and report by report; the exit code
is 3 if they differ. glint may run meanwhile: run the command again, and it adds only new rows.

To move, stop glint, run the command a last time with --warehouse, and start glint serve with the other ClickHouse in the
same $GLINT_HOME, which has the keys and the log.`,
		Example: "  GLINT_TO=$(cat other-warehouse) glint migrate copy",
		Args:    app.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.Flags().StringVar(&o.to, "to", "", "ClickHouse to fill, as http://USER:PASSWORD@HOST:8123/glint; prefer $GLINT_TO (required)")
	return cmd
}

func (o *copyOptions) run(ctx context.Context) error {
	if o.to == "" {
		return app.UsageTry(errors.New("--to is missing; it names the ClickHouse to fill"), "glint migrate copy --help")
	}
	from, err := o.app.OpenWarehouse(ctx, o.dsn, app.OwnDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	to, err := o.app.OpenWarehouse(ctx, o.to, app.OwnDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = to.Close() }()
	if _, err := to.Migrate(ctx); err != nil {
		return err
	}
	before, err := o.copy(ctx, from, to)
	if errors.Is(err, mirrors.ErrItself) {
		return app.Try(err, "name another ClickHouse in $GLINT_TO")
	}
	if errors.Is(err, mirrors.ErrForeign) {
		return app.Try(err, "an empty database, or DROP DATABASE glint there if nothing in it is needed")
	}
	if err != nil {
		return err
	}
	return o.prove(ctx, from, to, before)
}

// maxCopies is the maximum number of passes for rows that arrived meanwhile.
const maxCopies = 5

// copy copies all rows, and then the rows that arrived meanwhile. It returns a time before
// which all rows are copied.
func (o *copyOptions) copy(ctx context.Context, from, to *warehouse.Warehouse) (before time.Time, err error) {
	progress := output.NewProgress(o.app.Err, "rows copied", 0)
	defer progress.End()
	written := map[string]uint64{}
	c := &mirrors.Copier{From: from, To: to, State: &mirrors.State{}, Keep: func(*mirrors.State) error { return nil }}
	c.Progress = func(table string, rows uint64) {
		progress.Add(int(rows - written[table]))
		written[table] = rows
	}
	id, err := to.Identity(ctx)
	if err != nil {
		return before, err
	}
	if err := c.Adopt(ctx, id); err != nil {
		return before, err
	}
	for range maxCopies {
		before = time.Now()
		clear(written)
		rows, err := c.Pass(ctx)
		if err != nil {
			return before, err
		}
		if rows == 0 {
			break
		}
		c.State.Whole = false // no log delivers the rest
	}
	return before, nil
}

// Times for rows that are in transit to the first warehouse while it is read.
const (
	copyMargin   = 10 * time.Second
	copyPatience = 20 * time.Second
)

func (o *copyOptions) prove(ctx context.Context, from, to *warehouse.Warehouse, before time.Time) error {
	all, err := mirrors.Compare(ctx, from, to, before.Add(-copyMargin), copyPatience)
	if err != nil {
		return err
	}
	a, err := from.ReportsDigest(ctx)
	if err != nil {
		return err
	}
	b, err := to.ReportsDigest(ctx)
	if err != nil {
		return err
	}
	all = append(all, mirrors.Difference{Table: "reports of campaigns", First: a.Rows, Other: b.Rows, Equal: a == b})
	differ := 0
	t := output.NewTable("TABLE", "ROWS", "COPIED", "EQUAL").AlignRight(1, 2)
	for _, d := range all {
		equal := "yes"
		if !d.Equal {
			equal = "no"
			differ++
		}
		t.Row(d.Table, output.Count(d.First), output.Count(d.Other), equal)
	}
	if err := t.Write(o.app.Out); err != nil {
		return err
	}
	if differ > 0 {
		return app.Problem(errors.New(output.Plural(differ, "table differs", "tables differ")), "the same again; while lines arrive, the newest rows are on their way")
	}
	_, err = fmt.Fprintln(o.app.Out, "\nall is there, row for row, and every report is the same")
	return err
}
