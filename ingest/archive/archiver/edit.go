package archiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/minio/minio-go/v7"

	"glint/ingest/host/atomicfile"
)

// Editor is a Store whose files can be read and changed. Nothing but an erasure and
// the end of a retention do so.
type Editor interface {
	Store
	// Each calls visit with the name of each file, with slashes.
	Each(ctx context.Context, visit func(name string) error) error
	Get(ctx context.Context, name string) ([]byte, error)
	Remove(ctx context.Context, name string) error
}

// extension ends the names of an archive's files.
const extension = ".json.gz"

// Each implements Editor. It removes temporary files that a killed process has left.
func (f Folder) Each(ctx context.Context, visit func(name string) error) error {
	root := string(f)
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was archived yet
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return fmt.Errorf("look through the archive: %w", err)
		case ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir():
			_, err := atomicfile.Sweep(path, time.Now())
			return err
		case !d.Type().IsRegular() || !strings.HasSuffix(path, extension) || strings.HasPrefix(d.Name(), "."):
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return visit(filepath.ToSlash(name))
	})
}

// Get implements Editor.
func (f Folder) Get(_ context.Context, name string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(string(f), filepath.FromSlash(name)))
	if err != nil {
		return nil, fmt.Errorf("read %s of the archive: %w", name, err)
	}
	return b, nil
}

// Remove implements Editor.
func (f Folder) Remove(_ context.Context, name string) error {
	path := filepath.Join(string(f), filepath.FromSlash(name))
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s of the archive: %w", name, err)
	}
	return atomicfile.SyncDir(filepath.Dir(path))
}

func (b *Bucket) key(name string) string {
	if b.prefix != "" {
		return b.prefix + "/" + name
	}
	return name
}

// Each implements Editor.
func (b *Bucket) Each(ctx context.Context, visit func(name string) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing
	for o := range b.client.ListObjects(ctx, b.bucket, minio.ListObjectsOptions{Prefix: b.key(""), Recursive: true}) {
		if o.Err != nil {
			return fault(ctx, "look through the archive", o.Err)
		}
		if name := strings.TrimPrefix(o.Key, b.key("")); strings.HasSuffix(name, extension) {
			if err := visit(name); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// Get implements Editor.
func (b *Bucket) Get(ctx context.Context, name string) ([]byte, error) {
	o, err := b.client.GetObject(ctx, b.bucket, b.key(name), minio.GetObjectOptions{})
	if err != nil {
		return nil, fault(ctx, "read "+name, err)
	}
	defer func() { _ = o.Close() }()
	content, err := io.ReadAll(o)
	if err != nil {
		return nil, fault(ctx, "read "+name, err)
	}
	return content, nil
}

// Remove implements Editor.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	if err := b.client.RemoveObject(ctx, b.bucket, b.key(name), minio.RemoveObjectOptions{}); err != nil {
		return fault(ctx, "remove "+name, err)
	}
	return nil
}

// fault is an error of the bucket that names neither the key nor the address.
func fault(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if answer := minio.ToErrorResponse(err); answer.Code != "" {
		return fmt.Errorf("%s: the bucket answered %s", what, answer.Code)
	}
	return fmt.Errorf("%s: the bucket does not answer", what)
}

// EachLine calls visit with each line of a file.
func EachLine(content []byte, visit func(line []byte)) error {
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("read a file of the archive: %w", err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return fmt.Errorf("read a file of the archive: %w", err)
	}
	for line := range bytes.Lines(text) {
		visit(line)
	}
	return nil
}

// Erase removes the lines that name someone from all files, which keep their names,
// and returns how many lines there were and in how many files.
func Erase(ctx context.Context, s Editor, names func(line []byte) bool) (lines, files int, err error) {
	err = s.Each(ctx, func(name string) error {
		content, err := s.Get(ctx, name)
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
var hourName = regexp.MustCompile(`^year=(\d{4})/month=(\d\d)/day=(\d\d)/hour=(\d\d)/`)

// RemoveOlder removes the files of the hours that ended before that time, and returns
// how many.
func RemoveOlder(ctx context.Context, s Editor, before time.Time) (files int, err error) {
	err = s.Each(ctx, func(name string) error {
		m := hourName.FindStringSubmatch(name)
		if m == nil {
			return nil
		}
		hour, err := time.Parse("2006010215", m[1]+m[2]+m[3]+m[4])
		if err != nil || hour.Add(time.Hour).After(before) {
			return nil //nolint:nilerr // not a file of glint's
		}
		files++
		return s.Remove(ctx, name)
	})
	return files, err
}
