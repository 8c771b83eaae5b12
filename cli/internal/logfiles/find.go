package logfiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"glint/ingest/archive"
)

// bucketScheme begins the places that are buckets.
const bucketScheme = "s3://"

// IsBucket reports whether a path names a bucket, or files of one.
func IsBucket(place string) bool { return strings.HasPrefix(place, bucketScheme) }

// errNoFiles means that a bucket has nothing at a place.
var errNoFiles = errors.New("no files there; name a folder of the bucket")

// Find returns the files at the paths of a Job, each once and but for stdin, those of
// this machine first, and what could not be looked at.
func (j *Job) Find(ctx context.Context) (files []archive.File, faults []error) {
	var paths, places []string
	for _, at := range j.Paths {
		switch {
		case at == Stdin:
		case IsBucket(at):
			places = append(places, at)
		default:
			paths = append(paths, at)
		}
	}
	files, faults = archive.Find(paths)
	seen := map[string]bool{}
	for _, place := range places {
		found, err := j.findObjects(ctx, place)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", place, err))
		}
		for _, file := range found {
			if !seen[file.Path] {
				seen[file.Path] = true
				files = append(files, file)
			}
		}
	}
	return files, faults
}

// findObjects returns the files below a place of a bucket as archive.Find does, sorted
// and without hidden and empty ones.
func (j *Job) findObjects(ctx context.Context, place string) (files []archive.File, err error) {
	place = strings.TrimRight(place, "/")
	target := j.Bucket
	target.Place, target.Getenv = place, j.App.Getenv
	store, err := target.Open()
	if err != nil {
		return nil, err
	}
	all, err := store.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range all {
		if o.Size == 0 || hidden(o.Name) {
			continue
		}
		at := place + "/" + o.Name
		files = append(files, archive.File{Path: at, Size: o.Size, Regular: true, Version: o.Version, Open: func(ctx context.Context) (io.ReadCloser, error) {
			in, err := store.Open(ctx, o.Name)
			if err != nil {
				return nil, err
			}
			return &object{in}, nil
		}})
	}
	if len(files) == 0 {
		return nil, errNoFiles
	}
	slices.SortFunc(files, func(a, b archive.File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

func hidden(name string) bool {
	for part := range strings.SplitSeq(path.Clean(name), "/") {
		if strings.HasPrefix(part, ".") {
			return true
		}
	}
	return false
}

// object is a file of a bucket.
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
