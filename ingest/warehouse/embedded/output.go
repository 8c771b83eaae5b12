package embedded

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// maxOutputBytes is the size at which the file of the engine's standard error
// is rotated; one older file is kept. The engine limits its own log.
const maxOutputBytes = 1 << 20

// tailBytes is the part of the engine's output that an error quotes.
const tailBytes = 4 << 10

// cappedFile appends to a file and rotates it at maxOutputBytes. It is not safe
// for concurrent use.
type cappedFile struct {
	path string
	file *os.File
	size int64
}

func openCappedFile(path string) (*cappedFile, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open engine output: %w", err)
	}
	if err := file.Chmod(0o600); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("narrow mode of engine output: %w", err)
	}
	return &cappedFile{path: path, file: file, size: fileSize(path)}, nil
}

// Write appends p, after a rotation if the file would grow too long.
func (c *cappedFile) Write(p []byte) (int, error) {
	if c.size > 0 && c.size+int64(len(p)) > maxOutputBytes {
		if err := os.Rename(c.path, c.path+".1"); err != nil {
			return 0, fmt.Errorf("rotate engine output: %w", err)
		}
		next, err := openCappedFile(c.path)
		if err != nil {
			return 0, err
		}
		_ = c.file.Close()
		*c = *next
	}
	n, err := c.file.Write(p)
	c.size += int64(n)
	return n, err
}

// Close closes the file.
func (c *cappedFile) Close() error { return c.file.Close() }

// tailWriter keeps the last tailBytes written to next. It is safe for
// concurrent use.
type tailWriter struct {
	next io.Writer

	mu   sync.Mutex
	last []byte
}

// Write keeps p and passes it on. It never fails: if a full disk stopped the
// copying, the engine would block on its next message.
func (t *tailWriter) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	if excess := len(t.last) - tailBytes; excess > 0 {
		t.last = append(t.last[:0], t.last[excess:]...)
	}
	_, _ = t.next.Write(p)
	return len(p), nil
}

func (t *tailWriter) tail() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.last))
}

// fileTail returns the last tailBytes of a file, from offset on. If the file is
// shorter than offset, it was rotated and is read from its beginning.
func fileTail(path string, offset int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()
	size := fileSize(path)
	if size < offset {
		offset = 0
	}
	offset = max(offset, size-tailBytes)
	text := make([]byte, size-offset)
	n, err := file.ReadAt(text, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	return strings.TrimSpace(string(text[:n]))
}

// fileSize returns the size of a file, or 0 if it is missing.
func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
