package deadletters

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"glint/ingest/host/atomicfile"
)

// Erase removes the letters, and lines that are no letters, for which names
// returns true, and returns their number. A file keeps its name, so that its
// remaining letters are not stored twice. It is removed once it is empty.
func (f *Folder) Erase(names func(line []byte) bool) (erased int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	files, err := f.Files()
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		n, err := f.eraseFile(file.Name, names)
		erased += n
		if err != nil {
			return erased, fmt.Errorf("erase dead letters: %w", err)
		}
	}
	return erased, f.count()
}

func (f *Folder) eraseFile(name string, names func(line []byte) bool) (erased int, err error) {
	return atomicfile.RemoveLines(filepath.Join(f.dir, name), func(letter []byte) bool {
		line := letter
		var d document
		if json.Unmarshal(letter, &d) == nil {
			if line = []byte(d.Line); d.LineBase64 != nil {
				line = d.LineBase64
			}
		}
		return names(line)
	})
}

// RemoveOlder removes the files written before that time, and returns the
// number of their letters.
func (f *Folder) RemoveOlder(before time.Time) (letters int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	files, err := f.Files()
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		if !file.ChangedAt.Before(before) {
			break // the oldest come first
		}
		if text, err := os.ReadFile(filepath.Join(f.dir, file.Name)); err == nil {
			letters += bytes.Count(text, []byte("\n"))
		}
		if err := f.Remove(file.Name); err != nil {
			return letters, err
		}
	}
	return letters, f.count()
}
