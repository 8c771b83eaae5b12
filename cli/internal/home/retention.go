package home

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"glint/ingest/host/atomicfile"
	"glint/ingest/retention"
)

// RetentionFile holds how long each kind is kept, where that is not the default.
func (h Home) RetentionFile() string { return h.path("retention.json") }

// Retention returns how long each kind is kept. A file that cannot be read is an error,
// since without it more, or less, would be kept than was decided.
func (h Home) Retention() (retention.Settings, error) {
	s := retention.Default()
	text, err := readPrivate(h.RetentionFile())
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &s)
	}
	if err != nil {
		return s, fmt.Errorf("read %s: %w", h.RetentionFile(), err)
	}
	return s, nil
}

// SetRetention writes how long each kind is kept.
func (h Home) SetRetention(s retention.Settings) error {
	if err := h.Make(); err != nil {
		return err
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = atomicfile.WriteFile(h.RetentionFile(), append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep retention: %w", err)
	}
	return nil
}
