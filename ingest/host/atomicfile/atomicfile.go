// Package atomicfile replaces files atomically: a crash, also of the machine,
// leaves either the old content or the new one.
//
// If the file system supports it (O_TMPFILE, open(2)), a new file has no name
// until it is complete, so a killed process leaves nothing behind. Otherwise,
// and between its first name and its final one, a temporary file may be left,
// which Sweep removes.
package atomicfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"glint/ingest/host/filelock"
)

// temporaryPrefix begins the names of temporary files; the other prefix is that
// of older versions.
const (
	temporaryPrefix = ".glint-new-"
	olderPrefix     = ".new-"
)

// WriteFile replaces the file at path, readable for its owner only (mode 0600),
// and returns when it is on disk.
func WriteFile(path string, content []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// Write is WriteFile for content written by fill.
func Write(path string, fill func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // no effect after Commit
	if err := fill(f); err != nil {
		return err
	}
	return f.Commit()
}

// File is the new content of a file, which keeps the old content until Commit.
// It is not safe for concurrent use.
type File struct {
	file *os.File
	path string
	name string // name of the temporary file; "": none
	done bool
}

// Create begins the new content of the file at path, readable for its owner
// only. The caller must call Close in any case.
func Create(path string) (*File, error) {
	dir := filepath.Dir(path)
	if canBeUnnamed() {
		fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
		if err == nil {
			return &File{file: os.NewFile(uintptr(fd), path), path: path}, nil
		}
		if !errors.Is(err, syscall.EOPNOTSUPP) && !errors.Is(err, syscall.EISDIR) && !errors.Is(err, syscall.EINVAL) {
			return nil, &os.PathError{Op: "open", Path: dir, Err: err}
		}
	}
	f, err := os.CreateTemp(dir, temporaryPrefix+"*") // mode 0600
	if err != nil {
		return nil, err
	}
	_ = filelock.Try(f) // the file is new; Sweep also checks its age
	return &File{file: f, path: path, name: f.Name()}, nil
}

// canBeUnnamed reports whether a file without a name can be given one later,
// which requires /proc (linkat(2)).
var canBeUnnamed = sync.OnceValue(func() bool {
	_, err := os.Stat("/proc/self/fd")
	return err == nil
})

// Write implements io.Writer.
func (f *File) Write(p []byte) (int, error) { return f.file.Write(p) }

// Sync returns when the written bytes are on disk; the file still has no name.
func (f *File) Sync() error { return f.file.Sync() }

// Commit replaces the old content and returns when the new one is on disk.
func (f *File) Commit() error {
	if err := f.file.Sync(); err != nil {
		return err
	}
	if f.name == "" {
		name := filepath.Join(filepath.Dir(f.path), temporaryPrefix+rand.Text())
		_ = filelock.Try(f.file) // the file is new, so no other process has it
		source := fmt.Sprintf("/proc/self/fd/%d", f.file.Fd())
		if err := unix.Linkat(unix.AT_FDCWD, source, unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW); err != nil {
			return &os.LinkError{Op: "link", Old: source, New: name, Err: err}
		}
		f.name = name
	}
	if err := os.Rename(f.name, f.path); err != nil {
		return err
	}
	f.done = true
	return SyncDir(filepath.Dir(f.path))
}

// Close discards content that was not committed. Further calls do nothing.
func (f *File) Close() error {
	if !f.done && f.name != "" {
		_ = os.Remove(f.name) // Sweep removes a leftover
	}
	f.done = true
	if err := f.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// sweepAge is the age from which Sweep removes a temporary file: a new one is
// locked a moment after it gets its name.
const sweepAge = time.Minute

// Sweep removes temporary files that killed processes have left in a folder,
// and returns their number. It ignores a missing folder.
func Sweep(dir string, now time.Time) (removed int, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), temporaryPrefix) && !isOlder(e.Name()) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		info, statErr := e.Info()
		if statErr != nil || !info.Mode().IsRegular() || now.Sub(info.ModTime()).Abs() < sweepAge || inUse(path) {
			continue
		}
		if removeErr := os.Remove(path); removeErr != nil && !errors.Is(removeErr, os.ErrNotExist) {
			err = errors.Join(err, removeErr)
			continue
		}
		removed++
	}
	return removed, err
}

// isOlder reports whether a name is that of an older version's temporary file:
// the prefix, then digits (os.CreateTemp).
func isOlder(name string) bool {
	digits, ok := strings.CutPrefix(name, olderPrefix)
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// inUse reports whether a process has the file locked.
func inUse(path string) bool {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return !errors.Is(err, os.ErrNotExist)
	}
	defer func() { _ = f.Close() }()
	return filelock.Try(f) != nil
}

// SyncDir returns when the names in a folder are on disk.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
