// Package archive reads archived log lines: files of them, plain or compressed
// by gzip or zstd, and folders of such files.
//
//	files, err := archive.Files(paths)
//	r, err := archive.Open(files[0])
//	err = archive.Lines(r, func(line string) error { … })
//
// What a file is compressed by is told by its first bytes, not by its name. The
// memory is bounded whatever the file is. The package does not look into lines.
package archive

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"glint/ingest/server/codec"
)

// ErrNoFiles is wrapped by Files's error about a folder without any.
var ErrNoFiles = errors.New("archive: no files")

const (
	readBuffer = 256 << 10
	// maxWindow admits what zstd makes with --long, whose window is 128 MiB.
	maxWindow = 128 << 20
)

// Files returns the files that paths name: a file itself, and of a folder all
// that are in it and below, but for those whose names begin with a dot. They come
// sorted, each once.
func Files(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		before := len(files)
		err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
			hidden := name != path && strings.HasPrefix(filepath.Base(name), ".")
			switch {
			case err != nil:
				return err
			case entry.IsDir() && hidden:
				return fs.SkipDir
			case !entry.IsDir() && !hidden:
				files = append(files, filepath.Clean(name))
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("list archive: %w", err)
		}
		if len(files) == before {
			return nil, fmt.Errorf("%w in %s", ErrNoFiles, path)
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// Open opens a file. Read returns its lines as they were before any compression.
func Open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	r, err := decompress(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open archive %s: %w", path, err), f.Close())
	}
	return r, nil
}

func decompress(f *os.File) (io.ReadCloser, error) {
	b := bufio.NewReaderSize(f, readBuffer)
	begin, err := b.Peek(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch c := codec.Detect(begin); c {
	case codec.Plain:
		return &reader{Reader: b, closers: []io.Closer{f}}, nil
	case codec.Gzip:
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		return &reader{Reader: z, closers: []io.Closer{z, f}}, nil
	case codec.Zstd:
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return &reader{Reader: z, closers: []io.Closer{z.IOReadCloser(), f}}, nil
	default:
		return nil, fmt.Errorf("%s is not read here: want plain lines, gzip or zstd", c)
	}
}

// reader closes what it reads from, in the order of closers.
type reader struct {
	io.Reader
	closers []io.Closer
}

// Close ends the reading.
func (r *reader) Close() error {
	var errs []error
	for _, c := range r.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// MaxLineBytes is the longest line that Lines hands out.
const MaxLineBytes = 1 << 20

// Lines calls visit for each line that is not empty, without the space around it.
// The line is the visitor's to keep. Of a line above MaxLineBytes it hands out
// the beginning, MaxLineBytes long, which is no JSON. An error of visit ends the
// reading and is returned as it is.
func Lines(r io.Reader, visit func(line string) error) error {
	b := bufio.NewReaderSize(r, readBuffer)
	var line []byte
	for {
		part, err := b.ReadSlice('\n')
		line = append(line, part[:min(len(part), MaxLineBytes-len(line))]...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read archive: %w", err)
		}
		if text := strings.TrimSpace(string(line)); text != "" {
			if err := visit(text); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
		line = line[:0]
	}
}
