package logfiles

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"glint/ingest/archive"
	"glint/ingest/archive/archiver"
)

// bucketScheme is the prefix of the names of buckets.
const bucketScheme = "s3://"

// IsBucket reports whether a path names a bucket, or files of one.
func IsBucket(place string) bool { return strings.HasPrefix(place, bucketScheme) }

// errNoFiles is returned if a bucket has no files below a prefix.
var errNoFiles = errors.New("no files there; name a folder of the bucket")

// Find returns the files at the paths of a Job without stdin and without duplicates, this
// machine's first, and the errors of paths that could not be listed.
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

// findObjects returns the files below a prefix of a bucket as archive.Find does, sorted
// and without hidden and empty ones.
func (j *Job) findObjects(ctx context.Context, place string) (files []archive.File, err error) {
	place = strings.TrimRight(place, "/")
	target := j.Bucket
	target.Place, target.Getenv = place, j.App.Getenv
	store, err := target.Open()
	if err != nil {
		return nil, err
	}
	if files, err = archiver.Files(ctx, store, place); err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errNoFiles
	}
	return files, nil
}
