// Package restore is `glint restore`: it restores a backup.
package restore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/output"
	"glint/cli/internal/service"
	"glint/ingest/backup"
	"glint/ingest/objects"
	"glint/schema/migrate"
)

type options struct {
	app    *app.App
	target objects.Target
	dsn    string
	dryRun bool
}

// NewCmd returns the command.
func NewCmd(a *app.App) *cobra.Command {
	o := &options{app: a}
	cmd := &cobra.Command{
		Use:   "restore DIR|s3://BUCKET/PREFIX",
		Short: "Restore a backup to a new home",
		Long: `Restores a home and its warehouse from a copy made by glint backup. $GLINT_HOME must be missing or empty, and no glint may
run there. It first checks the whole backup: a backup that is damaged, incomplete or made by a newer glint changes nothing.
The rows go into an embedded warehouse or, with --warehouse, into a ClickHouse server with an empty database glint.

After an interruption, glint does not start from a partial copy: repeat the command, which starts again or completes the
copy. If the server's database has rows by then, drop it first.`,
		Example: "  glint restore backups/monday --dry-run\n  GLINT_HOME=restored glint restore backups/monday",
		Args:    app.OneArg("folder or s3://BUCKET/PREFIX"),
	}
	app.PlaceFlags(cmd, &o.target)
	cmd.Flags().StringVar(&o.dsn, "warehouse", "",
		"ClickHouse to fill, as http://USER:PASSWORD@HOST:8123/glint; prefer $GLINT_WAREHOUSE (default: an embedded one)")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "check the backup, and restore nothing")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.target.Place = args[0]
		return run(cmd.Context(), o)
	}
	return cmd
}

func run(ctx context.Context, o *options) error {
	a := o.app
	from, err := a.OpenPlace(&o.target)
	if err != nil {
		return err
	}
	if !o.dryRun {
		if err := o.checkHome(); err != nil {
			return err
		}
	}
	m, err := o.check(ctx, from)
	if err != nil {
		return err
	}
	if o.dryRun {
		_, err := fmt.Fprintf(a.Out, "the backup of %s is whole: %s rows of %d tables, %s files, %s bytes\n", m.BeganAt.Format("2006-01-02 15:04:05 UTC"),
			output.Count(m.Rows()), len(m.Tables), output.Count(uint64(len(m.Files))), output.Count(uint64(m.Bytes())))
		return err
	}
	progress := output.NewProgress(a.Err, "bytes restored", int(m.Bytes()))
	err = backup.Restore(ctx, from, m, backup.RestoreOptions{
		Home: string(a.Home), OpenWarehouse: o.open, Restored: func(f *backup.File) { progress.Add(int(f.Size)) },
	})
	progress.End()
	if errors.Is(err, backup.ErrWarehouseInUse) {
		return app.Try(err, "another server, or DROP DATABASE glint on this one if nothing in it is needed")
	}
	if err != nil {
		return fmt.Errorf("restore %s: %w", o.target.Place, err)
	}
	_, err = fmt.Fprintf(a.Out, "restored %s rows of %d tables and %s of the home to %s\n", output.Count(m.Rows()), len(m.Tables), output.Plural(homeFiles(m), "file", "files"), output.Safe(string(a.Home)))
	return err
}

func homeFiles(m *backup.Manifest) (n int) {
	for i := range m.Files {
		if m.Files[i].Table == "" {
			n++
		}
	}
	return n
}

func (o *options) checkHome() error {
	a := o.app
	if state, err := a.Home.ReadState(); err == nil {
		return app.Try(fmt.Errorf("glint runs with this home, as process %d", state.PID), "another $GLINT_HOME")
	}
	err := backup.CheckHome(string(a.Home))
	if errors.Is(err, backup.ErrHomeInUse) {
		return app.Try(err, "another $GLINT_HOME, or move this one away")
	}
	return err
}

// check reads and verifies the whole backup.
func (o *options) check(ctx context.Context, from objects.Store) (*backup.Manifest, error) {
	m, err := backup.ReadManifest(ctx, from)
	if err != nil {
		return nil, refused(o.target.Place, err)
	}
	if newest := migrate.Newest(); m.Schema > newest {
		return nil, refused(o.target.Place, fmt.Errorf("%w: its schema is version %d, known up to %d", backup.ErrNewer, m.Schema, newest))
	}
	progress := output.NewProgress(o.app.Err, "bytes checked", int(m.Bytes()))
	others, err := backup.Check(ctx, from, m, func(f *backup.File) { progress.Add(int(f.Size)) })
	progress.End()
	if err != nil {
		return nil, refused(o.target.Place, err)
	}
	if len(others) > 0 {
		fmt.Fprintf(o.app.Err, "note: %s no part of the backup, and left alone: %s\n",
			output.Plural(len(others), "file is", "files are"), output.Safe(output.Cut(fmt.Sprint(slices.Sorted(slices.Values(others))), 200)))
	}
	return m, nil
}

func refused(place string, err error) error {
	err = fmt.Errorf("%s: %w", place, err)
	switch {
	case errors.Is(err, backup.ErrNewer):
		return app.Try(err, "the version of glint that made it, or a newer one")
	case errors.Is(err, backup.ErrDamaged), errors.Is(err, backup.ErrNoBackup):
		return app.Try(err, "another copy of it; nothing was changed")
	}
	return err
}

// open opens the warehouse to fill.
func (o *options) open(ctx context.Context, dir string) (backup.Target, func(context.Context) error, error) {
	if o.dsn == "" {
		w, end, err := service.OpenEngine(ctx, o.app, home.Home(dir))
		if err != nil {
			return nil, nil, err
		}
		return w, end, nil
	}
	w, err := o.app.OpenWarehouse(ctx, o.dsn, app.OwnDatabase)
	if err != nil {
		return nil, nil, err
	}
	return w, func(context.Context) error { return w.Close() }, nil
}
