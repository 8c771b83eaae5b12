// Package backup is `glint backup`: it copies all data of a glint.
package backup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/output"
	"glint/cli/internal/service"
	"glint/ingest/backup"
	"glint/ingest/objects"
	"glint/ingest/warehouse"
	"glint/schema/migrate"
)

type options struct {
	app    *app.App
	target objects.Target
	dsn    string
	dryRun bool
	format *app.Choice
}

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	o := &options{app: a}
	cmd := &cobra.Command{
		Use:   "backup DIR|s3://BUCKET/PREFIX",
		Short: "Store a copy of keys, log and warehouse",
		Long: `Copies all data of this glint into an empty folder or bucket: its home with keys, credentials, log and dead letters,
and every table of its warehouse. glint may run or be stopped. The copy contains every line that was acknowledged before
the backup began. At the end all of it is read back and compared. The file manifest.jsonl, with the size and SHA-256 of
every file, is written last; without it glint restore refuses the copy.

The copy contains keys, passwords and recipients' addresses: protect it as you protect the originals. Only its owner can
read a folder. Files outside the home, such as --tokens-file and TLS certificates, are not copied. The source is not
changed.`,
		Example: "  glint backup backups/monday\n  glint backup s3://backups/glint/monday --endpoint https://s3.example.com",
		Args:    app.OneArg("folder or s3://BUCKET/PREFIX"),
	}
	app.PlaceFlags(cmd, &o.target)
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "print what would be stored, and store nothing")
	o.format = app.ChoiceFlag(cmd, "format", "format of the result", "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.target.Place = args[0]
		return run(cmd.Context(), o)
	}
	return cmd
}

func run(ctx context.Context, o *options) (err error) {
	a := o.app
	to, err := a.OpenPlace(&o.target)
	if err != nil {
		return err
	}
	w, end, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end(context.WithoutCancel(ctx))) }()
	db := w.DB()
	defer func() { _ = db.Close() }()
	schema, newest, err := migrate.Version(ctx, db)
	switch {
	case err != nil:
		return err
	case schema == 0:
		return app.Try(errors.New("the warehouse has no tables of glint yet"), "glint up, or glint serve, which make them")
	case schema > newest:
		return app.Try(migrate.ErrNewer, "the glint that this warehouse belongs to")
	}
	if o.dryRun {
		return o.list(ctx, w)
	}
	progress := output.NewProgress(a.Err, "bytes stored", 0)
	m, err := backup.Create(ctx, to, backup.Options{
		Home: string(a.Home), Warehouse: w, Schema: schema, Glint: a.Version,
		Lock: func(ctx context.Context) (func(), error) {
			_, unlock, err := a.Home.LockConsent(ctx)
			return unlock, err
		},
		Stored: func(f *backup.File) { progress.Add(int(f.Size)) },
	})
	progress.End()
	if errors.Is(err, backup.ErrNotEmpty) {
		return app.Try(fmt.Errorf("%s: %w", o.target.Place, err), "another place; a backup never replaces one")
	}
	if err != nil {
		return fmt.Errorf("store a backup: %w", err)
	}
	return o.write(m)
}

// open returns the running glint's warehouse, the one of --warehouse, or the
// embedded one, which it starts.
func (o *options) open(ctx context.Context) (*warehouse.Warehouse, func(context.Context) error, error) {
	a := o.app
	if !a.Home.InUse() {
		return nil, nil, app.Try(fmt.Errorf("%s is not the home of a glint that has worked", a.Home), "GLINT_HOME=DIR glint backup …")
	}
	_, err := a.Home.ReadState()
	if o.dsn != "" || !errors.Is(err, home.ErrNotRunning) {
		w, err := a.OpenWarehouse(ctx, o.dsn, app.OwnDatabase)
		if err != nil {
			return nil, nil, err
		}
		return w, func(context.Context) error { return w.Close() }, nil
	}
	if !a.Home.HasEngine() {
		return nil, nil, app.Try(errors.New("this glint uses a ClickHouse of yours"), "--warehouse http://USER:PASSWORD@HOST:8123/glint")
	}
	return service.OpenEngine(ctx, a, a.Home)
}

func (o *options) list(ctx context.Context, w *warehouse.Warehouse) error {
	tables, err := w.Tables(ctx)
	if err != nil {
		return err
	}
	t := output.NewTable("TABLE", "ROWS", "BYTES").AlignRight(1, 2)
	for _, table := range tables {
		t.Row(table.Name, output.Count(table.Rows), output.Count(table.Bytes))
	}
	if err := t.Write(o.app.Out); err != nil {
		return err
	}
	fmt.Fprintln(o.app.Err, "and the files of", output.Safe(string(o.app.Home))+"; nothing was stored (--dry-run)")
	return nil
}

// result is the document of --format json.
type result struct {
	Place      string    `json:"place"`
	BeganAt    time.Time `json:"began_at"`
	FinishedAt time.Time `json:"finished_at"`
	Schema     int64     `json:"schema"`
	Tables     int       `json:"tables"`
	Rows       uint64    `json:"rows"`
	HomeFiles  int       `json:"home_files"`
	Files      int       `json:"files"`
	Bytes      int64     `json:"bytes"`
}

func (o *options) write(m *backup.Manifest) error {
	r := result{
		Place: o.target.Place, BeganAt: m.BeganAt.Truncate(time.Second), FinishedAt: m.FinishedAt.Truncate(time.Second), Schema: m.Schema,
		Tables: len(m.Tables), Rows: m.Rows(), Files: len(m.Files), Bytes: m.Bytes(),
	}
	for i := range m.Files {
		if m.Files[i].Table == "" {
			r.HomeFiles++
		}
	}
	if o.format.String() == "json" {
		return output.WriteJSON(o.app.Out, r)
	}
	_, err := fmt.Fprintf(o.app.Out, "stored %s rows of %d tables and %s of the home: %s files, %s bytes, each read again, in %s\n",
		output.Count(r.Rows), r.Tables, output.Plural(r.HomeFiles, "file", "files"), output.Count(uint64(r.Files)), output.Count(uint64(r.Bytes)), output.Safe(r.Place))
	if strings.HasPrefix(r.Place, "s3://") {
		fmt.Fprintln(o.app.Err, "note: the backup contains keys, passwords and addresses; keep that bucket private")
	}
	return err
}
