package receipts

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"glint/ingest/host/atomicfile"
)

// file is one file of the folder.
type file struct {
	hour  time.Time
	part  int
	bytes int64
	last  time.Time // newest ReceivedAt in it; zero: unknown
}

func (f *file) name() string { return fileName(f.hour, f.part) }

// end returns a time before which all receipts of the file were received.
func (f *file) end() time.Time {
	if f.last.IsZero() {
		return f.hour.Add(time.Hour)
	}
	return f.last.Add(time.Millisecond)
}

func compareFiles(a, b *file) int {
	return cmp.Or(a.hour.Compare(b.hour), cmp.Compare(a.part, b.part))
}

// list returns the files of a folder in the order of their hours and parts.
func list(dir string) ([]*file, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list receipts: %w", err)
	}
	var files []*file
	for _, e := range entries {
		hour, part, ok := parseFileName(e.Name())
		if !ok {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has expired
		}
		if err != nil {
			return nil, fmt.Errorf("list receipts: %w", err)
		}
		files = append(files, &file{hour: hour, part: part, bytes: info.Size()})
	}
	slices.SortFunc(files, compareFiles)
	return files, nil
}

const sinceFile = "since.json"

type sinceDocument struct {
	Since time.Time `json:"since"`
	Clock time.Time `json:"clock"` // the time by which receipts expire; zero in files of older versions
}

// errDamaged is wrapped by the error about a damaged file.
var errDamaged = errors.New("receipts: damaged file")

// Since returns the time from which the folder is complete: each loaded record that was
// received at that time or later has its receipt, unless it is damaged. It is zero if no
// receipts were ever written.
func Since(dir string) (time.Time, error) {
	d, err := readSince(dir)
	return d.Since, err
}

func readSince(dir string) (d sinceDocument, err error) {
	path := filepath.Join(dir, sinceFile)
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return sinceDocument{}, nil
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ENOMEM):
	case err != nil:
		err = fmt.Errorf("%w: %w", errDamaged, err)
	default:
		if err = json.Unmarshal(b, &d); err != nil || d.Since.IsZero() {
			err = errors.Join(fmt.Errorf("%w: %s", errDamaged, path), err)
		}
	}
	if err != nil {
		return sinceDocument{}, fmt.Errorf("read since when there are receipts: %w", err)
	}
	return d, nil
}

func saveSince(dir string, since, clock time.Time) error {
	if err := atomicfile.WriteJSON(filepath.Join(dir, sinceFile), "", sinceDocument{since.UTC(), clock.UTC()}); err != nil {
		return fmt.Errorf("keep since when there are receipts: %w", err)
	}
	return nil
}
