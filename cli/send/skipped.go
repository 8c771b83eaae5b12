package send

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"glint/cli/internal/app"
	"glint/ingest/host/atomicfile"
	"glint/ingest/sends"
)

// skippedFile is the file of the skipped rows. It appears only when it is complete, after
// the other rows are registered. A nil *skippedFile means that no row was skipped.
type skippedFile struct {
	path string
	file *atomicfile.File
}

// skippedHeader is the beginning of each such file, which distinguishes it from other files.
const skippedHeader = "skipped_line,reason"

// openSkipped writes a temporary file beside the output; it returns nil if no row was skipped.
func (o *registerOptions) openSkipped(r *sends.Recipients) (_ *skippedFile, err error) {
	path := o.skipped
	if path == "" {
		if o.output == "-" || strings.HasPrefix(filepath.Clean(o.output), "/dev/") {
			return nil, nil //nolint:nilnil // no rows, no file
		}
		path = filepath.Join(filepath.Dir(o.output), "skipped.csv")
	}
	if len(r.Skipped) == 0 {
		return nil, nil //nolint:nilnil // no rows, no file
	}
	if err := replaceable(path, o.skipped != ""); err != nil {
		return nil, err
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return nil, fmt.Errorf("open file of skipped rows: %w", err)
	}
	s := &skippedFile{path, f}
	if err := s.write(r); err != nil {
		s.close()
		return nil, fmt.Errorf("write skipped rows: %w", err)
	}
	return s, nil
}

// replaceable returns an error if path is an existing file other than one of skipped rows.
func replaceable(path string, named bool) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open file of skipped rows: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("open file of skipped rows: %w", err)
	}
	line, _ := bufio.NewReader(f).ReadString('\n') // a shorter file does not match
	if !info.Mode().IsRegular() || !named && info.Size() > 0 && !strings.HasPrefix(line, skippedHeader) {
		return app.Try(fmt.Errorf("%s exists and contains something other than skipped rows", path), "--skipped FILE")
	}
	return nil
}

func (s *skippedFile) write(r *sends.Recipients) error {
	buffered := bufio.NewWriterSize(s.file, 1<<16)
	w := csv.NewWriter(buffered)
	_ = w.Write(append(strings.Split(skippedHeader, ","), r.Header...)) // Error also returns its error
	for _, row := range r.Skipped {
		reason := row.Reason
		if row.First > 0 {
			reason = "duplicate of line " + strconv.Itoa(row.First)
		}
		_ = w.Write(append([]string{strconv.Itoa(row.Line), reason}, row.Cells...))
	}
	w.Flush()
	return errors.Join(w.Error(), buffered.Flush(), s.file.Sync())
}

// finish moves the file to its path and returns the path; "" if no row was skipped.
func (s *skippedFile) finish() (string, error) {
	if s == nil {
		return "", nil
	}
	if err := s.file.Commit(); err != nil {
		return "", fmt.Errorf("write skipped rows: %w", err)
	}
	return s.path, nil
}

// close removes the temporary file unless finish has moved it.
func (s *skippedFile) close() {
	if s != nil {
		_ = s.file.Close() // does nothing after finish
	}
}
