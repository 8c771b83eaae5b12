package home

import (
	"errors"
	"fmt"
	"io/fs"

	"glint/ingest/ignore"
)

// IgnoreFile says whose opens are kept and never counted; see ingest/ignore.
func (h Home) IgnoreFile() string { return h.path("ignore.txt") }

// ReadIgnored returns the list, an empty one if there is no file. It makes
// nothing.
func (h Home) ReadIgnored() (*ignore.List, error) {
	if err := private(h.IgnoreFile(), 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return ignore.Load(h.IgnoreFile())
}

// UpdateIgnored replaces the entries by what change makes of them. It waits for
// other processes that change them.
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
