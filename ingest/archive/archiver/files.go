package archiver

import (
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"glint/ingest/archive"
	"glint/ingest/objects"
)

// Files lists the files of a store as archive.Find lists folders: sorted, without
// hidden and empty ones. Their paths begin with at and a slash; with "" they are the
// names in the store.
func Files(ctx context.Context, s objects.Store, at string) (files []archive.File, err error) {
	all, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.Size == 0 || isHidden(o.Name) {
			continue
		}
		name := o.Name
		if at != "" {
			name = at + "/" + name
		}
		files = append(files, archive.File{Path: name, Size: o.Size, Regular: true, Version: o.Version, Open: func(ctx context.Context) (io.ReadCloser, error) {
			in, err := s.Open(ctx, o.Name)
			if err != nil {
				return nil, err
			}
			return &object{in}, nil
		}})
	}
	slices.SortFunc(files, func(a, b archive.File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

func isHidden(name string) bool {
	for part := range strings.SplitSeq(path.Clean(name), "/") {
		if strings.HasPrefix(part, ".") {
			return true
		}
	}
	return false
}

// object is a file of a store.
type object struct{ io.ReadCloser }

// readError keeps a file from being read. It is like a disk's (fs.PathError): the file
// itself is not damaged.
type readError struct{ error }

func (e readError) Unwrap() error { return e.error }

// Timeout makes it one to package archive.
func (readError) Timeout() bool { return false }

func (o *object) Read(p []byte) (int, error) {
	n, err := o.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = readError{err}
	}
	return n, err
}
