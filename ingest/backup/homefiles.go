package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"glint/ingest/wal"
)

// unfinishedDir is the folder in a home in which a restore works until it is
// complete.
const unfinishedDir = "restoring"

// leftOut reports whether a file or folder of the home is not backed up: files
// of the running process, the engine's own files, the log's reserve for a full
// disk, the lock of repairs, the known state of the warehouse's servers (so that
// a restored home checks them all), and the archive's position. Archive files are
// named after log records, and a restored log reuses their numbers.
func leftOut(name string) bool {
	switch name {
	case "run", "warehouse", unfinishedDir, "log/archive", "log/reserve", "log/repair.lock", "log/servers.json":
		return true
	}
	base := path.Base(name)
	return base == "LOCK" || strings.HasPrefix(base, ".glint-new-") || strings.HasPrefix(base, ".new-")
}

// maxDepth is the deepest nesting of folders, in case links form a cycle.
const maxDepth = 16

// files copies the files below a folder of the home, except the named folders
// and what leftOut reports. It follows links: a folder may have been moved to
// another disk.
func (w *writer) files(ctx context.Context, dir string, but ...string) error {
	names, err := w.list(dir, but, 0)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := w.copyFile(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// list returns the names of the files below a folder, in order.
func (w *writer) list(dir string, but []string, depth int) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(w.Home, filepath.FromSlash(dir)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && depth > maxDepth {
		err = errors.New("folders are too deep")
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if leftOut(name) || slices.Contains(but, name) {
			continue
		}
		info, err := os.Stat(filepath.Join(w.Home, filepath.FromSlash(name)))
		switch {
		case errors.Is(err, fs.ErrNotExist): // gone, or a broken link
		case err != nil:
			return nil, fmt.Errorf("list %s: %w", dir, err)
		case info.IsDir():
			below, err := w.list(name, but, depth+1)
			if err != nil {
				return nil, err
			}
			names = append(names, below...)
		case info.Mode().IsRegular():
			names = append(names, name)
		}
	}
	return names, nil
}

// log copies the write-ahead log: first its checkpoint, then the receipts,
// whose records are in the log by then, then its records.
func (w *writer) log(ctx context.Context) error {
	for _, lane := range []string{wal.LaneLive, wal.LaneReplay} {
		if err := w.copyFile(ctx, "log/batches/"+lane+"/checkpoint.json"); err != nil {
			return err
		}
		if err := w.files(ctx, "log/batches/"+lane, "log/batches/"+lane+"/checkpoint.json"); err != nil {
			return err
		}
	}
	if err := w.files(ctx, "log/receipts"); err != nil {
		return err
	}
	for _, lane := range wal.LaneNames {
		if err := w.segments(ctx, "log/"+lane); err != nil {
			return err
		}
	}
	return w.files(ctx, "log", "log/batches", "log/receipts", "log/live", "log/replay", "log/sends")
}

// segments copies the files of a lane. It opens all files before it copies the
// first: the log deletes old segments once they are in the warehouse, and the
// copy must have no gap.
func (w *writer) segments(ctx context.Context, dir string) error {
	names, err := w.list(dir, nil, 0)
	if err != nil {
		return err
	}
	return w.copySegments(ctx, names)
}

func (w *writer) copySegments(ctx context.Context, names []string) error {
	var open []*os.File
	var kept []string
	defer func() {
		for _, f := range open {
			_ = f.Close()
		}
	}()
	for _, name := range names {
		f, err := os.Open(filepath.Join(w.Home, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) && path.Ext(name) != ".seg" {
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			// Earlier segments are gone, too: they are in the warehouse.
			for _, f := range open {
				_ = f.Close()
			}
			open, kept = nil, nil
			continue
		}
		if err != nil {
			return fmt.Errorf("copy %s: %w", name, err)
		}
		open, kept = append(open, f), append(kept, name)
	}
	for i, name := range kept {
		if err := w.copyOpen(ctx, name, open[i]); err != nil {
			return err
		}
	}
	return nil
}
