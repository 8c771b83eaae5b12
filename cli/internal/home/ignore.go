package home

import (
	"errors"
	"fmt"
	"io/fs"

	"glint/ingest/ignore"
)

// IgnoreFile returns the file with the ignore list; see ingest/ignore.
func (h Home) IgnoreFile() string { return h.path("ignore.txt") }

// ReadIgnored returns the list, empty if there is no file. It creates nothing.
func (h Home) ReadIgnored() (*ignore.List, error) {
	if err := private(h.IgnoreFile(), 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return ignore.Load(h.IgnoreFile())
}

// UpdateIgnored replaces the entries by the result of change. It waits for
// concurrent updates.
func (h Home) UpdateIgnored(change func(*ignore.List) ([]ignore.Entry, error)) error {
	if err := h.Make(); err != nil {
		return err
	}
	unlock, err := lock(string(h))
	if err != nil {
		return fmt.Errorf("lock the ignore list: %w", err)
	}
	defer unlock()
	before, err := h.ReadIgnored()
	if err != nil {
		return err
	}
	entries, err := change(before)
	if err != nil {
		return err
	}
	after, err := ignore.NewList(entries)
	if err != nil {
		return err
	}
	return after.Save(h.IgnoreFile())
}
