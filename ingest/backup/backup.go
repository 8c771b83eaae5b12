// Package backup makes a copy of all that a glint keeps, while it works: its home (keys,
// credentials, the log, receipts, dead letters) and its warehouse; and makes a glint of
// such a copy.
//
// A backup is a folder, or a prefix of a bucket:
//
//	manifest.jsonl                           written last: what there is, with sizes and SHA-256
//	home/keys/pixel.keys                     files of the home as they are
//	warehouse/opens/000001.native.zst        rows of a table: blocks in ClickHouse's Native format, zstd
//
// What was acknowledged before the backup began is in it: the log is copied first, as
// it was at the moment of its checkpoint, and the warehouse then. What the log had not
// yet brought into the warehouse is brought into the restored one after its start; what
// is in both is there once, since rows replace themselves by their keys. Where rows move
// from one table to another, the first is exported before the second, so that a row is
// in both rather than in none, and the next start moves it again.
//
// Rows are exported and inserted as rows, not as the engine's files: the embedded
// engine, a server and a cloud give the same backup and take each other's.
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

// Source is the warehouse that is copied; *warehouse.Warehouse is one.
type Source interface {
	Tables(ctx context.Context) ([]warehouse.Table, error)
	ExportTable(ctx context.Context, t *warehouse.Table, visit func(block []byte, rows uint64) error) error
}

// Options say what is copied.
type Options struct {
	Home      string // folder
	Warehouse Source
	Schema    int64                                 // version of its schema
	Lock      func(context.Context) (func(), error) // of the ledger of consent, held while that is copied; nil: none
	Glint     string                                // version of the program
	Now       func() time.Time                      // nil: time.Now
	Stored    func(f *File)                         // is told of each file; nil: nobody
}

// ErrNotEmpty means that a backup would be mixed with other files.
var ErrNotEmpty = errors.New("backup: there is something already")

// The tables that a restored warehouse computes from the others and from its schema.
var derived = []string{"campaign_changes", "campaign_totals", "campaign_estimate_totals", "schema_views"}

// The order of the tables, where it matters: first those out of which rows move, and
// what completes others; last what follows from others. See the package comment.
var (
	firstTables = []string{"registrations", "key_fingerprints", "judgements", "unresolved_opens", "unresolved_deliveries", "bad_tokens", "opens", "deliveries"}
	lastTables  = []string{"aggregate_opens", "sends", "message_campaigns", "recipient_messages", "arrivals"}
	// ledgerTables are exported while no choice is recorded, with the end of the ledger,
	// and after the opens, from which a restored glint takes what was withdrawn.
	ledgerTables = []string{"withdrawals", "consents", "erased_messages", "deleted_campaigns"}
)

// Create makes a backup in a place that has to be empty (ErrNotEmpty). After an error it
// removes what it has stored; what a killed one leaves is no backup.
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

// undo removes what was stored, so that the same command can be given again.
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
	// How far the feed and replays are goes before what they have brought about. Keys
	// come last: a ring may have more keys than the warehouse knows, and never fewer.
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

// place sorts tables.
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

// fileBytes is the size, before compression, from which rows go into another file: it
// is held in memory, and inserted at once.
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

// put stores a file whose content is in memory.
func (w *writer) put(ctx context.Context, f File, content []byte) error {
	sum := sha256.Sum256(content)
	f.Size, f.SHA256 = int64(len(content)), hex.EncodeToString(sum[:])
	w.m.Files = append(w.m.Files, f) // first: undo then removes it
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

// copyFile stores a file of the home as long as it is now. One that is gone, or is
// no regular file, is left out.
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
