// Package atomicfile writes files so that a crash, also one of the machine, leaves
// the old content or the new one and nothing between.
//
// Where the file system can do that (O_TMPFILE, open(2)), a new file has no name until
// it is whole: a process that is killed leaves nothing. Elsewhere,
// and in the moment between its first name and its last, a temporary file may be
// left, which Sweep removes.
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

// temporaryPrefix begins the names of temporary files; the older one is that of
// versions before.
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

// Write is WriteFile for content that fill writes.
func Write(path string, fill func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // after Commit it does nothing
	if err := fill(f); err != nil {
		return err
	}
	return f.Commit()
}

// File is the new content of a file that keeps its old one until Commit. It is
// not safe for concurrent use.
type File struct {
	file *os.File
	path string
	name string // of the temporary file; "": it has none
	done bool
}

// Create begins the new content of the file at path, readable for its owner only.
// The caller calls Close in the end, whatever happened.
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
	_ = filelock.Try(f) // it is new; Sweep heeds its age, too
	return &File{file: f, path: path, name: f.Name()}, nil
}

// canBeUnnamed reports whether a file without a name can get one later, which
// goes by /proc (linkat(2)).
var canBeUnnamed = sync.OnceValue(func() bool {
	_, err := os.Stat("/proc/self/fd")
	return err == nil
})

// Write implements io.Writer.
func (f *File) Write(p []byte) (int, error) { return f.file.Write(p) }

// Sync returns when what was written is on disk, still without its name.
func (f *File) Sync() error { return f.file.Sync() }

// Commit brings the new content into its place and returns when it is on disk.
func (f *File) Commit() error {
	if err := f.file.Sync(); err != nil {
		return err
	}
	if f.name == "" {
		name := filepath.Join(filepath.Dir(f.path), temporaryPrefix+rand.Text())
		_ = filelock.Try(f.file) // nobody else has it
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

// Close gives up what was not committed. Further calls do nothing.
func (f *File) Close() error {
	if !f.done && f.name != "" {
		_ = os.Remove(f.name) // a leftover is Sweep's
	}
	f.done = true
	if err := f.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// sweepAge is how old a temporary file is before Sweep takes it: one that is
// being made has its lock a moment after its name.
const sweepAge = time.Minute

// Sweep removes the temporary files in a folder that a killed process has left,
// and returns how many. A folder that is missing has none.
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
