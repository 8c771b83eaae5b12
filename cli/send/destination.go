package send

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"glint/ingest/host/atomicfile"
	"glint/ingest/sends"
)

// destination is the output for the pixel URLs. A file appears only when it is complete,
// readable by its owner only, since it contains addresses. A pipe receives the URLs at the
// end, too: no URL is written before its message is registered.
type destination struct {
	path      string
	temporary *atomicfile.File // replaces path; nil: write to w
	w         io.Writer        // stdout, or a pipe or device at path
}

// openDestination opens the destination at path before any other work; "-"
// is stdout. It returns an error if path is the input file.
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
	if _, err := atomicfile.Sweep(filepath.Dir(path), time.Now()); err != nil {
		return nil, fmt.Errorf("remove the temporary file of a killed glint: %w", err)
	}
	f, err := atomicfile.Create(path)
	if e, ok := errors.AsType[*fs.PathError](err); ok { // its path is that of a temporary file
		return nil, fmt.Errorf("write into the folder %s: %w", filepath.Dir(path), e.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("open output: %w", err)
	}
	return &destination{path: path, temporary: f}, nil
}

// early writes everything that may be written before the messages are registered.
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

// finish moves the URLs to their destination, after early.
func (d *destination) finish(b *sends.Batch) (err error) {
	if d.temporary != nil {
		err = d.temporary.Commit()
	} else {
		err = b.WriteCSV(d.w)
	}
	if err != nil {
		return fmt.Errorf("write pixel URLs: %w", err)
	}
	return nil
}

// close closes open files, and removes the temporary file if finish did not succeed.
func (d *destination) close() {
	if d.temporary != nil {
		_ = d.temporary.Close() // does nothing after finish
	}
}
