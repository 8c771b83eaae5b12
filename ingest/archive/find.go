package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// File is a file that was found.
type File struct {
	Path    string // absolute, or an address that only Open reads
	Size    int64
	Regular bool // not a pipe or device, which can be read once only

	Version string                                       // differs where the content does; "": only reading says that
	Open    func(context.Context) (io.ReadCloser, error) // from the begin; nil: the file of that path
}

// Find returns the files at paths, and those in the folders among them and
// below, sorted by path and each once. Hidden and empty files and hidden
// folders are left out, but for those that are named themselves. What cannot be
// looked at is among the faults.
func Find(paths []string) (files []File, faults []error) {
	seen := map[string]bool{}
	add := func(path string, info fs.FileInfo) {
		if seen[path] || info.IsDir() || info.Mode().IsRegular() && info.Size() == 0 {
			return
		}
		seen[path] = true
		files = append(files, File{Path: path, Size: info.Size(), Regular: info.Mode().IsRegular()})
	}
	for _, path := range paths {
		absolute, err := filepath.Abs(path)
		if err == nil {
			// A folder that is a link is meant as the folder.
			if real, linkErr := filepath.EvalSymlinks(absolute); linkErr == nil {
				absolute = real
			}
			err = find(absolute, add, func(err error) { faults = append(faults, err) })
		}
		if err != nil {
			faults = append(faults, plain(path, err))
		}
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, faults
}

func find(root string, add func(string, fs.FileInfo), fault func(error)) error {
	info, err := os.Stat(root)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		add(root, info)
		return nil
	}
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			fault(plain(path, err))
			return nil
		case path != root && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		}
		info, err := os.Stat(path) // of what a link leads to
		if err != nil {
			fault(plain(path, err))
		} else if info.Mode().IsRegular() {
			add(path, info)
		}
		return nil
	})
}

// plain is an error about a path, without the name of the system call.
func plain(path string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}
