package home

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"glint/ingest/host/atomicfile"
)

// WebSecrets are the secrets of the web pixel and POST /e, in a file of KEY=value lines
// that only its owner can read.
type WebSecrets struct {
	EventsToken   string // GLINT_EVENTS_TOKEN: bearer token of servers that post events
	VisitorSecret string // GLINT_VISITOR_SECRET: distinguishes the visitors of a day
}

// WebFile returns the file with the WebSecrets.
func (h Home) WebFile() string { return filepath.Join(string(h), "web.env") }

// WebSecrets returns the secrets, and makes missing ones. With a new visitor
// secret, today's visitors count as new ones.
func (h Home) WebSecrets() (WebSecrets, error) {
	var s WebSecrets
	text, err := readPrivate(h.WebFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("read the secrets of the web pixel: %w", err)
	}
	readSecrets(text, s.fields())
	if s.EventsToken != "" && s.VisitorSecret != "" {
		return s, nil
	}
	return h.makeWebSecrets(s)
}

// NewWebSecrets replaces the secrets by new ones.
func (h Home) NewWebSecrets() (WebSecrets, error) { return h.makeWebSecrets(WebSecrets{}) }

// makeWebSecrets adds missing secrets to s, stores and returns them.
func (h Home) makeWebSecrets(s WebSecrets) (WebSecrets, error) {
	var b strings.Builder
	for _, f := range s.fields() {
		if *f.value == "" {
			*f.value = rand.Text()
		}
		fmt.Fprintf(&b, "%s=%s\n", f.name, *f.value)
	}
	if err := atomicfile.WriteFile(h.WebFile(), []byte(b.String())); err != nil {
		return s, fmt.Errorf("keep the secrets of the web pixel: %w", err)
	}
	return s, nil
}

func (s *WebSecrets) fields() []secret {
	return []secret{{"GLINT_EVENTS_TOKEN", &s.EventsToken}, {"GLINT_VISITOR_SECRET", &s.VisitorSecret}}
}
