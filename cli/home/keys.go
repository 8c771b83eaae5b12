package home

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"glint/edge/token"
	"glint/ingest/durable"
)

// keysNote opens the key file. The edge's copy of it may hold the note, too.
const keysNote = "# glint's pixel keys, id:state:secret. Whoever reads this file can forge opens. Change it by: glint keys\n"

// Keys returns the key ring of pixel tokens. Where there is none yet, one with
// a new signing key is made.
func (h Home) Keys() (*token.Ring, error) {
	keys, err := h.ReadKeys()
	if err == nil && len(keys) == 0 {
		// Two programs may be here at once; the second one takes the first one's.
		keys, err = h.UpdateKeys(func(keys []token.Key) ([]token.Key, error) {
			if len(keys) == 0 {
				keys = []token.Key{NewKey(1)}
			}
			return keys, nil
		})
	}
	if err != nil {
		return nil, err
	}
	return token.NewRing(keys...)
}

// NewKey returns a signing key with a random secret.
func NewKey(id uint8) token.Key {
	key := token.Key{ID: id, State: token.Signing}
	_, _ = rand.Read(key.Secret[:]) // never fails
	return key
}

// ReadKeys returns the keys of the ring in their order, none if there is no
// ring yet. It makes nothing.
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

// UpdateKeys replaces the keys by what change makes of them, and returns those.
// It waits for others who are at it.
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
	if err := durable.WriteFile(h.PixelKeysFile(), []byte(keysNote+ring.Text())); err != nil {
		return nil, fmt.Errorf("keep pixel keys: %w", err)
	}
	return keys, nil
}

// lock takes a folder for this process until unlock, or its end.
func lock(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() { _ = f.Close() }, nil // which gives the lock back
}
