package deadletters

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"glint/ingest/host/atomicfile"
)

// A file that is being sent again has another name: its lines may come back as
// letters before it is removed, and must not count as already stored.
const (
	extension      = ".ndjson"
	retryExtension = ".retry" + extension
)

// File is a file of the folder.
type File struct {
	Name      string // in the folder
	Bytes     int64
	ChangedAt time.Time
}

// Files returns the files, the oldest first.
func (f *Folder) Files() ([]File, error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	var files []File
	for _, e := range entries {
		if !isFile(e.Name()) {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("list dead letters: %w", err)
		}
		if info.Mode().IsRegular() {
			files = append(files, File{e.Name(), info.Size(), info.ModTime()})
		}
	}
	slices.SortFunc(files, func(a, b File) int {
		return cmp.Or(a.ChangedAt.Compare(b.ChangedAt), strings.Compare(a.Name, b.Name))
	})
	return files, nil
}

func isFile(name string) bool {
	return strings.HasSuffix(name, extension) && !strings.HasPrefix(name, ".") && filepath.Base(name) == name
}

// Letters reads the letters of a file. An error, which ends them, wraps
// fs.ErrNotExist if there is no such file.
func (f *Folder) Letters(name string) iter.Seq2[Letter, error] {
	return func(yield func(Letter, error) bool) {
		if !isFile(name) {
			yield(Letter{}, fmt.Errorf("read dead letters: %w: %s", fs.ErrNotExist, name))
			return
		}
		file, err := os.Open(filepath.Join(f.dir, name))
		if err != nil {
			yield(Letter{}, fmt.Errorf("read dead letters: %w", err))
			return
		}
		defer func() { _ = file.Close() }() // only read
		decode(file, func(l Letter, err error) bool {
			if err != nil {
				err = fmt.Errorf("read dead letters: %s: %w", name, err)
			}
			return yield(l, err)
		})
	}
}

// BeginRetry renames a file before its lines are sent again, so that Write does
// not find it, and returns its new name. If sending fails, the file stays
// there.
func (f *Folder) BeginRetry(name string) (string, error) {
	if strings.HasSuffix(name, retryExtension) {
		return name, nil // an interrupted retry
	}
	renamed := strings.TrimSuffix(name, extension) + retryExtension
	err := os.Rename(filepath.Join(f.dir, name), filepath.Join(f.dir, renamed))
	if err == nil {
		err = atomicfile.SyncDir(f.dir)
	}
	if err != nil {
		return "", fmt.Errorf("take dead letters: %w", err)
	}
	return renamed, nil
}

// Remove deletes a file. A missing file is not an error.
func (f *Folder) Remove(name string) error {
	err := os.Remove(filepath.Join(f.dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove dead letters: %w", err)
	}
	return atomicfile.SyncDir(f.dir)
}
