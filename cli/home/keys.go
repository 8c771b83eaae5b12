package home

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"

	"glint/edge/token"
)

// Keys returns the key ring of pixel tokens. Where there is none yet, one with
// a new signing key is made.
func (h Home) Keys() (*token.Ring, error) {
	text, err := readPrivate(h.PixelKeysFile())
	if errors.Is(err, fs.ErrNotExist) {
		return h.newKeys()
	}
	if err != nil {
		return nil, fmt.Errorf("read pixel keys: %w", err)
	}
	ring, err := token.ParseRing(text)
	if err != nil {
		return nil, fmt.Errorf("read pixel keys %s: %w", h.PixelKeysFile(), err)
	}
	return ring, nil
}

func (h Home) newKeys() (*token.Ring, error) {
	key := token.Key{ID: 1, State: token.Signing}
	_, _ = rand.Read(key.Secret[:]) // never fails
	ring, err := token.NewRing(key)
	if err != nil {
		return nil, err
	}
	if err := writePrivate(h.PixelKeysFile(), ring.Text()); err != nil {
		return nil, fmt.Errorf("keep pixel keys: %w", err)
	}
	return ring, nil
}
