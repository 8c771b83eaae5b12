package home

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"glint/ingest/consent"
	"glint/ingest/host/atomicfile"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// ConsentDir returns the folder of the consent settings and of the end of the
// home's ledger.
func (h Home) ConsentDir() string { return h.path("consent") }

func (h Home) consentSettingsFile() string { return h.path("consent", "settings.json") }

func (h Home) consentHeadFile() string { return h.path("consent", "ledger.json") }

// ConsentSettings are the home's settings of consent. Only commands that are
// asked to change them do.
type ConsentSettings struct {
	Policy    sends.Policy         `json:"policy,omitempty"`
	Withdrawn string               `json:"withdrawn,omitempty"` // in the form of warehouse.ParseFate
	Edges     map[string]time.Time `json:"edges,omitempty"`     // pixel base URLs whose edge applies privacy modes, and when that was observed
}

// Fate returns how the opens of recipients who refuse or withdraw are treated.
func (s *ConsentSettings) Fate() warehouse.Fate {
	fate, err := warehouse.ParseFate(s.Withdrawn)
	if err != nil {
		return warehouse.FateDrop // written by a newer program: keep the least
	}
	return fate
}

// ConsentSettings reads the settings; without a file it returns the zero value.
// An unreadable file is an error, since defaults could keep more.
func (h Home) ConsentSettings() (s ConsentSettings, err error) {
	text, err := readPrivate(h.consentSettingsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &s)
	}
	if err == nil {
		_, err = sends.ParsePolicy(string(s.Policy))
	}
	if err != nil {
		return s, fmt.Errorf("read consent settings %s: %w", h.consentSettingsFile(), err)
	}
	return s, nil
}

// UpdateConsentSettings replaces the settings by the result of change. It waits
// for concurrent updates, and writes only if there is a difference.
func (h Home) UpdateConsentSettings(change func(*ConsentSettings) error) error {
	unlock, err := h.lockConsent()
	if err != nil {
		return err
	}
	defer unlock()
	s, err := h.ConsentSettings()
	if err != nil {
		return err
	}
	before, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := change(&s); err != nil {
		return err
	}
	if after, err := json.Marshal(s); err != nil || string(after) == string(before) {
		return err
	}
	if err := atomicfile.WriteJSON(h.consentSettingsFile(), "  ", s); err != nil {
		return fmt.Errorf("keep consent settings: %w", err)
	}
	return nil
}

// NoteEdge records that the edge at a pixel base URL applies privacy modes.
func (h Home) NoteEdge(base string, at time.Time) error {
	return h.UpdateConsentSettings(func(s *ConsentSettings) error {
		if s.Edges == nil {
			s.Edges = map[string]time.Time{}
		}
		if s.Edges[base].IsZero() {
			s.Edges[base] = at.UTC().Truncate(time.Second)
		}
		return nil
	})
}

// WithdrawnFate returns the Fate of the settings.
func (h Home) WithdrawnFate() (warehouse.Fate, error) {
	s, err := h.ConsentSettings()
	return s.Fate(), err
}

// RegisterRules returns the policy, the Fate, and whether the edge at base is
// known to apply privacy modes.
func (h Home) RegisterRules(base string) (policy sends.Policy, no warehouse.Fate, modes bool, err error) {
	s, err := h.ConsentSettings()
	return s.Policy, s.Fate(), !s.Edges[base].IsZero(), err
}

// PreferencesDir returns the folder of the operator's texts for the page on
// which recipients choose, <language>.json.
func (h Home) PreferencesDir() string { return h.path("preferences") }

func (h Home) lockConsent() (unlock func(), err error) {
	if err := os.MkdirAll(h.ConsentDir(), 0o700); err != nil {
		return nil, fmt.Errorf("make glint's folder: %w", err)
	}
	if err := ours(h.ConsentDir(), 0o700); err != nil {
		return nil, err
	}
	if unlock, err = lock(h.ConsentDir()); err != nil {
		return nil, fmt.Errorf("lock the consent ledger: %w", err)
	}
	return unlock, nil
}

// ConsentHead returns the home's name in the ledger and the last row that it
// wrote; zero if none.
func (h Home) ConsentHead() (head consent.Head, err error) {
	text, err := readPrivate(h.consentHeadFile())
	if errors.Is(err, fs.ErrNotExist) {
		return head, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &head)
	}
	if err != nil {
		return head, fmt.Errorf("read the end of the consent ledger: %w", err)
	}
	return head, nil
}

// LockConsent implements consent.Book. The first call creates the home's name.
func (h Home) LockConsent(context.Context) (head consent.Head, unlock func(), err error) {
	if unlock, err = h.lockConsent(); err != nil {
		return head, nil, err
	}
	if head, err = h.ConsentHead(); err == nil && head.Node == "" {
		head.Node = rand.Text()
		err = h.KeepConsentHead(head)
	}
	if err != nil {
		unlock()
		return head, nil, err
	}
	return head, unlock, nil
}

// KeepConsentHead implements consent.Book.
func (h Home) KeepConsentHead(head consent.Head) error {
	if err := atomicfile.WriteJSON(h.consentHeadFile(), "  ", head); err != nil {
		return fmt.Errorf("keep the end of the consent ledger: %w", err)
	}
	return nil
}
