package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// RemoveLines removes the lines of a file for which drop returns true, and returns their
// number. The file is written anew under its name; one of which no line is left is
// removed. A file that is missing has no lines.
func RemoveLines(path string, drop func(line []byte) bool) (removed int, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("remove lines: %w", err)
	}
	kept := make([]byte, 0, len(text))
	for line := range bytes.Lines(text) {
		if drop(line) {
			removed++
			continue
		}
		kept = append(kept, line...)
	}
	switch {
	case removed == 0:
		return 0, nil
	case len(kept) > 0:
		return removed, WriteFile(path, kept)
	}
	if err := os.Remove(path); err != nil {
		return removed, fmt.Errorf("remove lines: %w", err)
	}
	return removed, SyncDir(filepath.Dir(path))
}
