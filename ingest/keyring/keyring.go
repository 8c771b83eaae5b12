// Package keyring compares the pixel keys of a home with the keys that a
// warehouse knows by their fingerprints.
//
// If a key is lost, every URL signed with it has a bad token, and a new key in
// its place would hide that. So a home whose ring lacks a key that its
// warehouse knows loads nothing and creates no key, until the key is restored
// or declared lost. The package holds no secrets and reads no files.
package keyring

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"glint/edge/token"
)

// Known is a key that a warehouse has seen.
type Known struct {
	ID          uint8  `json:"id"`
	Fingerprint string `json:"fingerprint"`
}

// Notes are a home's notes about the keys of its warehouse.
type Notes struct {
	Known     []Known `json:"known"`               // at the last start
	Forgotten []Known `json:"forgotten,omitempty"` // declared lost by the operator
	// GaveUp means that the operator has no key and wants a new one, although
	// messages are registered.
	GaveUp bool `json:"gave_up,omitempty"`
}

// Fingerprint returns the first 64 bits of the SHA-256 of a key's secret, in
// hex. The secret is 32 random bytes, so it cannot be guessed from it.
func Fingerprint(k *token.Key) string {
	sum := sha256.Sum256(k.Secret[:])
	return fmt.Sprintf("%x", sum[:8])
}

// Of returns the ids and fingerprints of keys, in their order.
func Of(keys []token.Key) []Known {
	known := make([]Known, len(keys))
	for i := range keys {
		known[i] = Known{keys[i].ID, Fingerprint(&keys[i])}
	}
	return known
}

// Missing returns the known keys that are neither in keys nor forgotten, by id.
func Missing(keys []token.Key, known, forgotten []Known) (missing []Known) {
	here := slices.Concat(Of(keys), forgotten)
	for _, k := range known {
		if !slices.Contains(here, k) && !slices.Contains(missing, k) {
			missing = append(missing, k)
		}
	}
	slices.SortFunc(missing, func(a, b Known) int { return int(a.ID) - int(b.ID) })
	return missing
}

// ErrMissing is wrapped by a MissingError.
var ErrMissing = errors.New("keyring: keys are missing")

// MissingError holds the keys that a ring lacks.
type MissingError struct {
	Missing []Known // empty: keys without any note
	File    string  // of the ring
	Clash   []uint8 // ids of Missing that other keys of the ring use
}

// NewMissingError returns the error about a ring, in file, that lacks these
// keys.
func NewMissingError(file string, keys []token.Key, missing []Known) *MissingError {
	e := &MissingError{Missing: missing, File: file}
	for _, m := range missing {
		if slices.ContainsFunc(keys, func(k token.Key) bool { return k.ID == m.ID }) {
			e.Clash = append(e.Clash, m.ID)
		}
	}
	return e
}

func (e *MissingError) Error() string {
	if len(e.Missing) == 0 {
		return fmt.Sprintf("%s holds no key, though messages were registered with one", e.File)
	}
	var names []string
	for _, m := range e.Missing {
		name := fmt.Sprintf("%d (fingerprint %s)", m.ID, m.Fingerprint)
		if slices.Contains(e.Clash, m.ID) {
			name += ", whose id is that of another key here"
		}
		names = append(names, name)
	}
	noun := "key"
	if len(names) > 1 {
		noun = "keys"
	}
	return fmt.Sprintf("%s lacks the %s %s, which the warehouse knows", e.File, noun, strings.Join(names, "; "))
}

// Unwrap returns ErrMissing.
func (e *MissingError) Unwrap() error { return ErrMissing }

// Hint returns advice for restoring the keys.
func (e *MissingError) Hint() string {
	return "bring the keys back, from a copy or from another glint of this warehouse; or, if they are permanently lost: glint keys forget"
}

// ErrNoID is returned by NewID when all ids are in use.
var ErrNoID = errors.New("the last key id is used")

// NewID returns a random unused id from 1 to 255, or ErrNoID.
func NewID(taken []Known) (uint8, error) {
	used := [256]bool{0: true}
	for _, k := range taken {
		used[k.ID] = true
	}
	var free []uint8
	for id, u := range used {
		if !u {
			free = append(free, uint8(id))
		}
	}
	if len(free) == 0 {
		return 0, ErrNoID
	}
	return free[rand.IntN(len(free))], nil
}
