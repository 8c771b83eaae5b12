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

// skippedFile is the file of the rows that are no messages. It appears whole, once
// the others are registered. Nil: there are no such rows.
type skippedFile struct {
	path string
	file *atomicfile.File
}

// skippedHeader begins each such file, so that it can be told from other files.
const skippedHeader = "skipped_line,reason"

// openSkipped writes the file beside the output, or returns nil.
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

// replaceable refuses to replace a file that is no earlier one of skipped rows.
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
	line, _ := bufio.NewReader(f).ReadString('\n') // short ones have another beginning
	if !info.Mode().IsRegular() || !named && info.Size() > 0 && !strings.HasPrefix(line, skippedHeader) {
		return app.Try(fmt.Errorf("%s is there and holds something else than skipped rows", path), "--skipped FILE")
	}
	return nil
}

func (s *skippedFile) write(r *sends.Recipients) error {
	buffered := bufio.NewWriterSize(s.file, 1<<16)
	w := csv.NewWriter(buffered)
	_ = w.Write(append(strings.Split(skippedHeader, ","), r.Header...)) // Error returns its error, too
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

// finish brings the file to its place and returns its name; "" without one.
func (s *skippedFile) finish() (string, error) {
	if s == nil {
		return "", nil
	}
	if err := s.file.Commit(); err != nil {
		return "", fmt.Errorf("write skipped rows: %w", err)
	}
	return s.path, nil
}

// close removes what did not come to its place.
func (s *skippedFile) close() {
	if s != nil {
		_ = s.file.Close() // nothing is there after finish
	}
}
