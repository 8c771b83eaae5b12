package home

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"

	"glint/edge/token"
	"glint/ingest/host/atomicfile"
	"glint/ingest/host/filelock"
	"glint/ingest/keyring"
)

// keysNote opens the key file. The edge's copy of it may hold the note, too.
const keysNote = "# glint's pixel keys, id:state:secret. A reader of this file can forge opens. Change it by: glint keys\n"

// NoKeysError means that a home has no pixel keys.
type NoKeysError struct {
	File string
	Lost bool // there is evidence that it had keys
}

// ErrNoKeys is wrapped by a NoKeysError.
var ErrNoKeys = errors.New("home: no pixel keys")

func (e *NoKeysError) Error() string {
	if e.Lost {
		return e.File + " holds no key any more"
	}
	return "there are no pixel keys in " + e.File + " yet"
}

// Unwrap returns ErrNoKeys.
func (e *NoKeysError) Unwrap() error { return ErrNoKeys }

// Hint returns advice.
func (e *NoKeysError) Hint() string {
	if e.Lost {
		return "restore the file from a backup or from another glint of this warehouse; or, if it is permanently lost: glint keys forget"
	}
	return "glint up or glint serve, which make the first key; or copy the file from the glint that receives the opens"
}

// Keys returns the key ring of pixel tokens, or a *NoKeysError. It creates
// nothing.
func (h Home) Keys() (*token.Ring, error) {
	keys, err := h.ReadKeys()
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, h.noKeys()
	}
	return token.NewRing(keys...)
}

// RingOrNone returns the ring for callers that can do without: an empty one if
// there are no keys or the file is damaged. It refuses a file that others may
// use.
func (h Home) RingOrNone() (*token.Ring, error) {
	keys, err := h.ReadKeys()
	if err != nil && !errors.Is(err, token.ErrRing) {
		return nil, err
	}
	return token.NewRing(keys...)
}

// noKeys returns the error about a ring without keys. Keys were lost if the
// file exists, or if the home has notes about its warehouse's keys.
func (h Home) noKeys() *NoKeysError {
	notes := h.KeyNotes()
	_, err := os.Stat(h.PixelKeysFile())
	there := !errors.Is(err, fs.ErrNotExist) && !notes.GaveUp
	return &NoKeysError{h.PixelKeysFile(), there || len(keyring.Missing(nil, notes.Known, notes.Forgotten)) > 0}
}

// CheckNoKeys returns a *NoKeysError if the home had keys that are lost.
func (h Home) CheckNoKeys() error {
	if e := h.noKeys(); e.Lost {
		return e
	}
	return nil
}

// FirstKey creates the ring with its first key, whose id no known key has, and
// returns the resulting keys: of two concurrent callers the second gets the
// first one's. It returns a *NoKeysError if keys were lost.
func (h Home) FirstKey() ([]token.Key, error) {
	return h.UpdateKeys(func(keys []token.Key) ([]token.Key, error) {
		if len(keys) > 0 {
			return keys, nil
		}
		if e := h.noKeys(); e.Lost {
			return nil, e
		}
		notes := h.KeyNotes()
		id, err := keyring.NewID(append(notes.Known, notes.Forgotten...))
		if err != nil {
			return nil, err
		}
		return []token.Key{NewKey(id)}, nil
	})
}

// KeyNotes returns the notes about the warehouse's keys, empty if the file is
// missing or damaged: the next start rewrites it.
func (h Home) KeyNotes() (n keyring.Notes) {
	b, err := os.ReadFile(h.KnownKeysFile())
	if err != nil || json.Unmarshal(b, &n) != nil {
		return keyring.Notes{}
	}
	return n
}

// KeepKeyNotes stores the notes if they have changed.
func (h Home) KeepKeyNotes(n keyring.Notes) error {
	if reflect.DeepEqual(h.KeyNotes(), n) {
		return nil
	}
	if err := atomicfile.WriteJSON(h.KnownKeysFile(), "  ", n); err != nil {
		return fmt.Errorf("note the warehouse's keys: %w", err)
	}
	return nil
}

// NewKey returns a signing key with a random secret.
func NewKey(id uint8) token.Key {
	key := token.Key{ID: id, State: token.Signing}
	_, _ = rand.Read(key.Secret[:]) // never fails
	return key
}

// ReadKeys returns the keys of the ring in order, none if there is no ring yet.
// It creates nothing.
func (h Home) ReadKeys() ([]token.Key, error) {
	text, err := readPrivate(h.PixelKeysFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read pixel keys: %w", err)
	}
	ring, err := token.ParseRing(text)
	if err != nil {
		return nil, fmt.Errorf("read pixel keys %s: %w", h.PixelKeysFile(), err)
	}
	return ring.Keys(), nil
}

// UpdateKeys replaces the keys by the result of change, and returns them. It
// waits for concurrent updates.
func (h Home) UpdateKeys(change func([]token.Key) ([]token.Key, error)) ([]token.Key, error) {
	if err := h.Make(); err != nil {
		return nil, err
	}
	unlock, err := lock(h.KeysDir())
	if err != nil {
		return nil, fmt.Errorf("lock pixel keys: %w", err)
	}
	defer unlock()
	keys, err := h.ReadKeys()
	if err != nil {
		return nil, err
	}
	if keys, err = change(keys); err != nil {
		return nil, err
	}
	ring, err := token.NewRing(keys...)
	if err != nil {
		return nil, err
	}
	if err := atomicfile.WriteFile(h.PixelKeysFile(), []byte(keysNote+ring.Text())); err != nil {
		return nil, fmt.Errorf("keep pixel keys: %w", err)
	}
	return keys, nil
}

// lock locks a folder for this process until unlock, or its end. It waits for
// the holder of the lock.
func lock(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := filelock.Wait(context.Background(), f, func() {}); err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() { _ = f.Close() }, nil // closing releases the lock
}
