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

// PagesKeyFile has the key by which `glint web` makes links to the pages of the
// running glint. It is for its owner only, and lives as long as the process.
func (h Home) PagesKeyFile() string { return h.path("run", "pages.key") }

// NewPagesKey returns a new key that no file has yet.
func NewPagesKey() string { return rand.Text() + rand.Text() }

// KeepPagesKey writes the key for other commands of the same user.
func (h Home) KeepPagesKey(key string) error {
	if err := atomicfile.WriteFile(h.PagesKeyFile(), []byte(key+"\n")); err != nil {
		return fmt.Errorf("keep the key of the pages: %w", err)
	}
	return nil
}

// PagesKey returns the key of the running glint; ErrNotRunning if no file has it.
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

// RemovePagesKey removes the file if it has that key.
func (h Home) RemovePagesKey(key string) error {
	if kept, err := h.PagesKey(); err != nil || kept != key {
		return nil //nolint:nilerr // another process's key, or a missing one, is not ours to remove
	}
	return os.Remove(h.PagesKeyFile())
}
