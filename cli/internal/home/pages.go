package home

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"glint/ingest/host/atomicfile"
)

// PagesKeyFile returns the file with the key by which `glint web` creates links
// to the pages. It is for its owner only, and exists while the instance runs.
func (h Home) PagesKeyFile() string { return h.path("run", "pages.key") }

// NewPagesKey returns a new random key.
func NewPagesKey() string { return rand.Text() + rand.Text() }

// KeepPagesKey stores the key for other commands of the same user.
func (h Home) KeepPagesKey(key string) error {
	if err := atomicfile.WriteFile(h.PagesKeyFile(), []byte(key+"\n")); err != nil {
		return fmt.Errorf("keep the key of the pages: %w", err)
	}
	return nil
}

// PagesKey returns the key of the running instance, or ErrNotRunning if no
// instance runs.
func (h Home) PagesKey() (string, error) {
	text, err := readPrivate(h.PagesKeyFile())
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNotRunning
	}
	if err != nil {
		return "", fmt.Errorf("read the key of the pages: %w", err)
	}
	return strings.TrimSpace(text), nil
}

// RemovePagesKey removes the file if it contains that key.
func (h Home) RemovePagesKey(key string) error {
	if kept, err := h.PagesKey(); err != nil || kept != key {
		return nil //nolint:nilerr // missing, or another process's
	}
	return os.Remove(h.PagesKeyFile())
}
