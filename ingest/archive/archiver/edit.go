package archiver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"glint/ingest/host/atomicfile"
	"glint/ingest/objects"
)

// extension is the end of the names of an archive's files.
const extension = ".json.gz"

// Each calls visit with the name of each file of an archive, with slashes. It
// removes temporary files left by a killed process.
func Each(ctx context.Context, s objects.Store, visit func(name string) error) error {
	if dir, ok := s.(objects.Folder); ok {
		if err := sweep(string(dir)); err != nil {
			return err
		}
	}
	all, err := s.List(ctx)
	if err != nil {
		return fmt.Errorf("look through the archive: %w", err)
	}
	for _, o := range all {
		if !strings.HasSuffix(o.Name, extension) || strings.HasPrefix(path.Base(o.Name), ".") {
			continue
		}
		if err := visit(o.Name); err != nil {
			return err
		}
	}
	return nil
}

func sweep(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // nothing was archived yet
		case err != nil:
			return fmt.Errorf("look through the archive: %w", err)
		case d.IsDir():
			_, err = atomicfile.Sweep(path, time.Now())
		}
		return err
	})
}

// Read returns the content of a file.
func Read(ctx context.Context, s objects.Store, name string) ([]byte, error) {
	r, err := s.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	content, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return content, nil
}

// EachLine calls visit with each line of a file.
func EachLine(content []byte, visit func(line []byte)) error {
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("read a file of the archive: %w", err)
	}
	for lines := bufio.NewReader(z); ; {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 && (err == nil || errors.Is(err, io.EOF)) {
			visit(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a file of the archive: %w", err)
		}
	}
}

// Erase removes the lines for which names returns true from all files, which
// keep their names. It returns the number of removed lines and of changed
// files.
func Erase(ctx context.Context, s objects.Store, names func(line []byte) bool) (lines, files int, err error) {
	err = Each(ctx, s, func(name string) error {
		content, err := Read(ctx, s, name)
		if err != nil {
			return err
		}
		var kept bytes.Buffer
		z := gzip.NewWriter(&kept)
		erased := 0
		err = EachLine(content, func(line []byte) {
			if names(line) {
				erased++
				return
			}
			_, _ = z.Write(line) // into memory
		})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if erased == 0 {
			return nil
		}
		if err := z.Close(); err != nil {
			return err
		}
		if err := s.Put(ctx, name, kept.Bytes()); err != nil {
			return err
		}
		lines, files = lines+erased, files+1
		return nil
	})
	return lines, files, err
}

// hourName finds the hour in the name of a file.
var hourName = regexp.MustCompile(`(?:^|/)year=(\d{4})/month=(\d\d)/day=(\d\d)/hour=(\d\d)/[^/]*$`)

// HourOf returns the hour of receipt of the lines in a file of an archive, by its name or
// path; false: it is not one that glint has named.
func HourOf(name string) (hour time.Time, ok bool) {
	m := hourName.FindStringSubmatch(filepath.ToSlash(name))
	if m == nil {
		return hour, false
	}
	hour, err := time.Parse("2006010215", m[1]+m[2]+m[3]+m[4])
	return hour, err == nil
}

// RemoveOlder removes the files of the hours that ended before that time, and
// returns their number.
func RemoveOlder(ctx context.Context, s objects.Store, before time.Time) (files int, err error) {
	err = Each(ctx, s, func(name string) error {
		hour, ok := HourOf(name)
		if !ok || !strings.HasPrefix(name, "year=") || hour.Add(time.Hour).After(before) {
			return nil
		}
		files++
		return s.Remove(ctx, name)
	})
	return files, err
}
