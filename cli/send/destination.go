package send

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"glint/ingest/sends"
)

// destination is where the pixel URLs go. A file appears whole, at the end, and
// for its owner only, since it holds addresses; into a pipe they go at the end,
// too: no URL is out before its message is known.
type destination struct {
	path      string
	temporary *os.File  // for path; nil: they go to w
	unnamed   bool      // temporary has no name yet
	w         io.Writer // stdout, or a pipe or device at path
}

// openDestination opens the destination at path before any work is done; "-"
// is stdout. It must not be the file that is read.
func openDestination(path, input string, stdout io.Writer) (*destination, error) {
	if path == "-" {
		return &destination{w: stdout}, nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("open output: %w", err)
	case info.IsDir():
		return nil, fmt.Errorf("the output %s is a folder", path)
	case !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("open output: %w", err)
		}
		return &destination{path: path, w: f}, nil
	default:
		if in, err := os.Stat(input); err == nil && os.SameFile(in, info) {
			return nil, fmt.Errorf("the output %s is the file of recipients", path)
		}
	}
	f, unnamed, err := openTemporary(path)
	if e, ok := errors.AsType[*fs.PathError](err); ok { // it names a file that nobody asked for
		return nil, fmt.Errorf("write into the folder %s: %w", filepath.Dir(path), e.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("open output: %w", err)
	}
	return &destination{path: path, temporary: f, unnamed: unnamed}, nil
}

// openTemporary opens a file in the folder of path. One without a name
// (O_TMPFILE) is gone with the process, however that ends; where the file system
// has none, it has a name beside path.
func openTemporary(path string) (f *os.File, unnamed bool, err error) {
	folder := filepath.Dir(path)
	if fd, err := unix.Open(folder, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600); err == nil {
		return os.NewFile(uintptr(fd), path), true, nil
	}
	f, err = os.CreateTemp(folder, "."+filepath.Base(path)+"-*")
	return f, false, err
}

// name gives the file without a name one beside path, since only such a one can
// replace another file.
func (d *destination) name() (string, error) {
	if !d.unnamed {
		return d.temporary.Name(), nil
	}
	name := filepath.Join(filepath.Dir(d.path), "."+filepath.Base(d.path)+"-"+rand.Text())
	from := fmt.Sprintf("/proc/self/fd/%d", d.temporary.Fd())
	if err := unix.Linkat(unix.AT_FDCWD, from, unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW); err != nil {
		return "", &fs.PathError{Op: "link", Path: name, Err: err}
	}
	return name, nil
}

// early writes what can be written before the messages are registered.
func (d *destination) early(b *sends.Batch) error {
	if d.temporary == nil {
		return nil
	}
	buffered := bufio.NewWriterSize(d.temporary, 1<<20)
	if err := errors.Join(b.WriteCSV(buffered), buffered.Flush(), d.temporary.Sync()); err != nil {
		return fmt.Errorf("write pixel URLs: %w", err)
	}
	return nil
}

// finish brings the URLs to their place, after early.
func (d *destination) finish(b *sends.Batch) (err error) {
	if d.temporary == nil {
		err = b.WriteCSV(d.w)
	} else {
		var name string
		if name, err = d.name(); err == nil {
			if err = os.Rename(name, d.path); err != nil {
				err = errors.Join(err, os.Remove(name))
			}
		}
	}
	if err != nil {
		return fmt.Errorf("write pixel URLs: %w", err)
	}
	return nil
}

// close closes what is open, and removes what did not come to its place.
func (d *destination) close() {
	if d.temporary != nil {
		_ = d.temporary.Close()
		if !d.unnamed {
			_ = os.Remove(d.temporary.Name()) // nothing is there after finish
		}
	}
}
