package home

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"glint/ingest/host/atomicfile"
	"glint/ingest/retention"
)

// RetentionFile returns the file with retention periods that differ from the
// defaults.
func (h Home) RetentionFile() string { return h.path("retention.json") }

// Retention returns the retention periods. An unreadable file is an error,
// since defaults could keep more or less than decided.
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

// SetRetention stores the retention periods.
func (h Home) SetRetention(s retention.Settings) error {
	if err := h.Make(); err != nil {
		return err
	}
	if err := atomicfile.WriteJSON(h.RetentionFile(), "  ", s); err != nil {
		return fmt.Errorf("keep retention: %w", err)
	}
	return nil
}
