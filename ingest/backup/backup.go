// Package backup copies all data of a running glint: its home (keys,
// credentials, the log, receipts, dead letters) and its warehouse. It also
// restores such a copy.
//
// A backup is a folder, or a prefix of a bucket:
//
//	manifest.jsonl                           written last: all files, with sizes and SHA-256
//	home/keys/pixel.keys                     files of the home, unchanged
//	warehouse/opens/000001.native.zst        rows of a table: blocks in ClickHouse's Native format, zstd
//
// A backup contains everything acknowledged before it began: first the log is
// copied, as of its checkpoint, then the warehouse. Log records that were not
// yet in the warehouse are inserted after the start of the restored glint;
// events in both are stored once, since rows replace each other by key. If rows
// move from one table to another, the first table is exported before the
// second, so that a row is in both rather than in neither; the next start moves
// it again.
//
// Rows are exported as rows, not as the engine's files: the embedded engine, a
// server and a cloud create the same backup and can restore each other's.
package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"glint/ingest/objects"
	"glint/ingest/warehouse"
)

// Source is the warehouse to copy; *warehouse.Warehouse implements it.
type Source interface {
	Tables(ctx context.Context) ([]warehouse.Table, error)
	ExportTable(ctx context.Context, t *warehouse.Table, visit func(block []byte, rows uint64) error) error
}

// Options configure a backup.
type Options struct {
	Home      string // folder
	Warehouse Source
	Schema    int64                                 // version of the warehouse's schema
	Lock      func(context.Context) (func(), error) // locks the ledger of consent while it is copied; nil: none
	Glint     string                                // version of the program
	Now       func() time.Time                      // nil: time.Now
	Stored    func(f *File)                         // called with each stored file; nil: not called
}

// ErrNotEmpty means that the place contains other files.
var ErrNotEmpty = errors.New("backup: there is something already")

// Tables that a restored warehouse computes from the others and from its
// schema.
var derived = []string{"campaign_changes", "campaign_totals", "campaign_estimate_totals", "campaign_breakdowns", "schema_views"}

// The order of tables whose order matters: first the tables that rows move out
// of and that complete others; last the tables that follow from others. See the
// package comment.
var (
	firstTables = []string{"registrations", "key_fingerprints", "judgements", "unresolved_opens", "unresolved_deliveries", "bad_tokens", "opens", "deliveries"}
	lastTables  = []string{"aggregate_opens", "sends", "message_campaigns", "recipient_messages", "arrivals"}
	// ledgerTables are exported while no choice can be recorded, together with
	// the end of the ledger, and after the opens, from which a restored glint
	// has withdrawn opens.
	ledgerTables = []string{"withdrawals", "consents", "erased_messages", "deleted_campaigns"}
)

// Create makes a backup in an empty place, or returns ErrNotEmpty. After an
// error it removes the files that it has stored; files of a killed backup are
// no backup, as they have no manifest.
func Create(ctx context.Context, to objects.Store, o Options) (*Manifest, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	there, err := to.List(ctx)
	if err != nil {
		return nil, err
	}
	if len(there) > 0 {
		return nil, fmt.Errorf("%w: %d files", ErrNotEmpty, len(there))
	}
	w := &writer{to: to, Options: o}
	w.m.Header = Header{Format: formatName, Version: formatVersion, Glint: o.Glint, Schema: o.Schema, BeganAt: o.Now().UTC()}
	if err := w.all(ctx); err != nil {
		return nil, errors.Join(err, w.undo(ctx))
	}
	return &w.m, nil
}

// writer makes one backup.
type writer struct {
	Options
	to objects.Store
	m  Manifest
}

// undo removes the stored files, so that the same command can be repeated.
func (w *writer) undo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	for _, f := range append(w.m.Files, File{Name: ManifestFile}) {
		if err := w.to.Remove(ctx, f.Name); err != nil {
			return fmt.Errorf("remove the unfinished backup: %w", err)
		}
	}
	return nil
}

// all copies everything; the order is that of the package comment.
func (w *writer) all(ctx context.Context) error {
	// The positions of feed and replays are copied before their effects. Keys
	// are copied last: a ring may have more keys than the warehouse knows, and
	// never fewer.
	if err := w.files(ctx, ".", "log", "deadletters", "consent", "keys"); err != nil {
		return err
	}
	if err := w.log(ctx); err != nil {
		return err
	}
	if err := w.files(ctx, "deadletters"); err != nil {
		return err
	}
	tables, err := w.Warehouse.Tables(ctx)
	if err != nil {
		return err
	}
	tables = slices.DeleteFunc(tables, func(t warehouse.Table) bool { return slices.Contains(derived, t.Name) })
	slices.SortStableFunc(tables, func(a, b warehouse.Table) int { return place(a.Name) - place(b.Name) })
	ledger := slices.IndexFunc(tables, func(t warehouse.Table) bool { return slices.Contains(ledgerTables, t.Name) })
	if ledger < 0 {
		ledger = len(tables)
	}
	if err := w.tables(ctx, tables[:ledger]); err != nil {
		return err
	}
	if err := w.ledger(ctx, tables[ledger:]); err != nil {
		return err
	}
	if err := w.files(ctx, "keys"); err != nil {
		return err
	}
	w.m.FinishedAt = w.Now().UTC()
	if _, err := Check(ctx, w.to, &w.m, nil); err != nil {
		return fmt.Errorf("read the backup again: %w", err)
	}
	b, err := w.m.encode()
	if err == nil {
		err = w.to.Put(ctx, ManifestFile, b)
	}
	return err
}

// place returns the position of a table in the order.
func place(name string) int {
	if i := slices.Index(firstTables, name); i >= 0 {
		return i
	}
	if i := slices.Index(lastTables, name); i >= 0 {
		return 1000 + i
	}
	if i := slices.Index(ledgerTables, name); i >= 0 {
		return 2000 + i
	}
	return 500
}

// ledger copies the ledger of consent and its end together.
func (w *writer) ledger(ctx context.Context, tables []warehouse.Table) error {
	if w.Lock != nil {
		unlock, err := w.Lock(ctx)
		if err != nil {
			return err
		}
		defer unlock()
	}
	if err := w.tables(ctx, tables); err != nil {
		return err
	}
	return w.files(ctx, "consent")
}

// fileBytes is the size, before compression, at which the next file begins: a
// file is held in memory and inserted at once.
const fileBytes = 16 << 20

func (w *writer) tables(ctx context.Context, tables []warehouse.Table) error {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	for i := range tables {
		t := &tables[i]
		w.m.Tables = append(w.m.Tables, Table{t.Name, t.Columns})
		var blocks []byte
		var rows uint64
		n := 0
		store := func() error {
			if rows == 0 {
				return nil
			}
			n++
			f := File{Name: fmt.Sprintf("%s%s/%06d.native.zst", warehouseFolder, t.Name, n), Table: t.Name, Rows: rows}
			content := z.EncodeAll(blocks, nil)
			blocks, rows = blocks[:0], 0
			return w.put(ctx, f, content)
		}
		err := w.Warehouse.ExportTable(ctx, t, func(block []byte, count uint64) error {
			if len(blocks) > 0 && len(blocks)+len(block) > fileBytes {
				if err := store(); err != nil {
					return err
				}
			}
			blocks, rows = append(blocks, block...), rows+count
			return nil
		})
		if err == nil {
			err = store()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// put stores a file from memory.
func (w *writer) put(ctx context.Context, f File, content []byte) error {
	sum := sha256.Sum256(content)
	f.Size, f.SHA256 = int64(len(content)), hex.EncodeToString(sum[:])
	w.m.Files = append(w.m.Files, f) // before storing, so that undo removes it
	if err := w.to.Put(ctx, f.Name, content); err != nil {
		return err
	}
	w.stored(&f)
	return nil
}

func (w *writer) stored(f *File) {
	if w.Stored != nil {
		w.Stored(f)
	}
}

// copyFile stores a file of the home with its current length. A file that is
// gone or not regular is skipped.
func (w *writer) copyFile(ctx context.Context, name string) error {
	file, err := os.Open(filepath.Join(w.Home, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	defer func() { _ = file.Close() }()
	return w.copyOpen(ctx, name, file)
}

func (w *writer) copyOpen(ctx context.Context, name string, file *os.File) error {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	h := sha256.New()
	f := File{Name: homeFolder + name, Size: info.Size()}
	w.m.Files = append(w.m.Files, f)
	if f.Size > 0 {
		if err := w.to.Write(ctx, f.Name, f.Size, io.TeeReader(io.LimitReader(file, f.Size), h)); err != nil {
			return err
		}
	}
	f.SHA256 = hex.EncodeToString(h.Sum(nil))
	w.m.Files[len(w.m.Files)-1] = f
	w.stored(&f)
	return nil
}
