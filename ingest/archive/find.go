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

// File is a file found by Find.
type File struct {
	Path    string // absolute, or an address that only Open reads
	Size    int64
	Regular bool // not a pipe or device, which can be read only once

	Version string                                       // changes with the content; "": unknown without reading
	Open    func(context.Context) (io.ReadCloser, error) // opens it at the beginning; nil: use Path
}

// Find returns the files at paths and in the folders among them, recursively,
// sorted by path, each once. Hidden and empty files and hidden folders are
// skipped unless named themselves. Errors are collected in faults.
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
			// A link to a folder stands for the folder.
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
		info, err := os.Stat(path) // of the link's target
		if err != nil {
			fault(plain(path, err))
		} else if info.Mode().IsRegular() {
			add(path, info)
		}
		return nil
	})
}

// plain returns an error about a path without the name of the system call.
func plain(path string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}
