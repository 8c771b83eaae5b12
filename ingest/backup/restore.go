package backup

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"glint/ingest/host/atomicfile"
	"glint/ingest/objects"
	"glint/ingest/warehouse"
	"glint/schema/migrate"
)

// Target is the warehouse that receives the rows; *warehouse.Warehouse
// implements it.
type Target interface {
	Tables(ctx context.Context) ([]warehouse.Table, error)
	InsertBlocks(ctx context.Context, table string, columns []warehouse.TableColumn, blocks []byte) error
	Truncate(ctx context.Context, table string) error
	DB() *sql.DB
}

// RestoreOptions configure a restore.
type RestoreOptions struct {
	Home string // folder; missing or empty
	// OpenWarehouse opens the warehouse of a home, whose files are in a folder
	// by then. It must be empty. Closing it stops everything started for it.
	OpenWarehouse func(ctx context.Context, home string) (Target, func(context.Context) error, error)
	Restored      func(f *File) // called with each restored file; nil: not called
}

// The reasons why a restore is refused.
var (
	ErrHomeInUse      = errors.New("backup: the home is in use")
	ErrWarehouseInUse = errors.New("backup: the warehouse has rows already")
)

// completeFile marks a restore that is complete except for the move into its
// place.
const completeFile = "complete"

// Unfinished reports whether the restore of a home was interrupted.
func Unfinished(home string) bool {
	_, err := os.Stat(filepath.Join(home, unfinishedDir))
	return err == nil
}

// CheckHome returns an error around ErrHomeInUse unless a backup can be
// restored to the home. An interrupted restore does not prevent it.
func CheckHome(home string) error {
	_, err := homeState(home)
	return err
}

// homeState reports whether an interrupted restore is complete except for the
// move into its place.
func homeState(home string) (complete bool, err error) {
	entries, err := os.ReadDir(home)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look into the home: %w", err)
	}
	if _, err := os.Stat(filepath.Join(home, unfinishedDir, completeFile)); err == nil {
		return true, nil
	}
	if rest, err := os.ReadDir(filepath.Join(home, unfinishedDir)); err == nil && len(rest) == 0 && len(entries) > 1 {
		return true, nil // interrupted before the folder was removed
	}
	for _, e := range entries {
		if e.Name() != unfinishedDir && e.Name() != "lost+found" {
			return false, fmt.Errorf("%w: %s holds %s already", ErrHomeInUse, home, e.Name())
		}
	}
	return false, nil
}

// Restore restores a checked backup to a home and its warehouse. It works in a
// folder of the home and moves everything into its place at the end, so that no
// glint starts with a part. After an error or a kill, the same call starts
// again or completes the move.
func Restore(ctx context.Context, from objects.Store, m *Manifest, o RestoreOptions) error {
	if newest := migrate.Newest(); m.Schema > newest {
		return fmt.Errorf("%w: its schema is version %d, known up to %d", ErrNewer, m.Schema, newest)
	}
	complete, err := homeState(o.Home)
	if err != nil {
		return err
	}
	work := filepath.Join(o.Home, unfinishedDir)
	if !complete {
		if err := os.RemoveAll(work); err != nil {
			return fmt.Errorf("remove an unfinished restore: %w", err)
		}
		if err := o.fill(ctx, from, m, work); err != nil {
			return errors.Join(err, os.RemoveAll(work))
		}
	}
	return moveUp(o.Home, work)
}

// fill restores everything below work.
func (o *RestoreOptions) fill(ctx context.Context, from objects.Store, m *Manifest, work string) error {
	if err := os.MkdirAll(work, 0o700); err != nil {
		return fmt.Errorf("make the home: %w", err)
	}
	for i := range m.Files {
		f := &m.Files[i]
		name, ok := strings.CutPrefix(f.Name, homeFolder)
		if !ok {
			continue
		}
		path := filepath.Join(work, filepath.FromSlash(name))
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if err == nil {
			err = atomicfile.Write(path, func(w io.Writer) error { return readFile(ctx, from, f, w) })
		}
		if err != nil {
			return fmt.Errorf("restore %s: %w", name, err)
		}
		o.restored(f)
	}
	w, end, err := o.OpenWarehouse(ctx, work)
	if err != nil {
		return err
	}
	err = o.rows(ctx, from, m, w)
	if err = errors.Join(err, end(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(work, "run")); err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(work, completeFile), nil)
}

func (o *RestoreOptions) restored(f *File) {
	if o.Restored != nil {
		o.Restored(f)
	}
}

// filled are the tables that materialized views fill from others.
var filled = []string{"message_campaigns", "recipient_messages", "arrivals"}

// rows migrates an empty warehouse to the schema of the backup, inserts all
// rows, and migrates it to the schema of this program.
func (o *RestoreOptions) rows(ctx context.Context, from objects.Store, m *Manifest, w Target) error {
	if err := checkEmpty(ctx, w); err != nil {
		return err
	}
	db := w.DB()
	defer func() { _ = db.Close() }()
	current, _, err := migrate.Version(ctx, db)
	if err != nil {
		return err
	}
	if current > m.Schema {
		return fmt.Errorf("%w: its schema is version %d, that of the backup %d", ErrWarehouseInUse, current, m.Schema)
	}
	if err := migrate.To(ctx, db, m.Schema); err != nil {
		return err
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBlocksBytes))
	if err != nil {
		return err
	}
	defer z.Close()
	late := func(t Table) bool { return slices.Contains(filled, t.Name) }
	for _, isLate := range []bool{false, true} {
		for _, t := range m.Tables {
			if late(t) != isLate {
				continue
			}
			if isLate {
				if err := w.Truncate(ctx, t.Name); err != nil {
					return err
				}
			}
			if err := o.table(ctx, from, m, w, t, z); err != nil {
				return err
			}
		}
	}
	_, err = migrate.Up(ctx, db)
	return err
}

// maxBlocksBytes is the limit of a decompressed file of rows: fileBytes, or one
// larger block.
const maxBlocksBytes = 1 << 30

func (o *RestoreOptions) table(ctx context.Context, from objects.Store, m *Manifest, w Target, t Table, z *zstd.Decoder) error {
	var content bytes.Buffer
	for i := range m.Files {
		f := &m.Files[i]
		if f.Table != t.Name {
			continue
		}
		content.Reset()
		if err := readFile(ctx, from, f, &content); err != nil {
			return err
		}
		blocks, err := z.DecodeAll(content.Bytes(), nil)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrDamaged, f.Name, err)
		}
		if err := w.InsertBlocks(ctx, t.Name, t.Columns, blocks); err != nil {
			return err
		}
		o.restored(f)
	}
	return nil
}

func checkEmpty(ctx context.Context, w Target) error {
	tables, err := w.Tables(ctx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if t.Rows > 0 && !slices.Contains(derived, t.Name) {
			return fmt.Errorf("%w: %d in the table %s", ErrWarehouseInUse, t.Rows, t.Name)
		}
	}
	return nil
}

// moveUp moves the restored files into their place. Files moved by an
// interrupted call stay.
func moveUp(home, work string) error {
	entries, err := os.ReadDir(work)
	if err != nil {
		return fmt.Errorf("move the home into its place: %w", err)
	}
	for _, e := range entries {
		if e.Name() == completeFile {
			continue
		}
		if err := os.Rename(filepath.Join(work, e.Name()), filepath.Join(home, e.Name())); err != nil {
			return fmt.Errorf("move the home into its place: %w", err)
		}
	}
	if err := atomicfile.SyncDir(home); err != nil {
		return fmt.Errorf("move the home into its place: %w", err)
	}
	if err := os.RemoveAll(work); err != nil {
		return fmt.Errorf("move the home into its place: %w", err)
	}
	return os.Chmod(home, 0o700)
}
