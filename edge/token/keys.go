package token

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

// State is the permitted use of a key. It only moves forward.
type State uint8

// The states of a key. Verifying lasts for years, since old mail is still opened.
const (
	Signing   State = iota // verifies nothing; kept so that its id is not reused
	Verifying              // verifies tokens signed earlier
	Revoked                // verifies nothing; kept so that its id is not used again
)

var stateNames = [...]string{"signing", "verifying", "revoked"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "State(" + strconv.Itoa(int(s)) + ")"
}

// SecretLen is the length of a key's secret in bytes.
const SecretLen = 32

// Key is one signing key.
type Key struct {
	ID     uint8
	State  State
	Secret [SecretLen]byte
}

// ErrRing is wrapped by every error of ParseRing.
var ErrRing = errors.New("token: faulty key ring")

// Ring is a set of keys. Its zero value is empty: it opens and signs nothing.
// It is safe for concurrent use while it is not changed.
type Ring struct {
	keys []Key
}

// NewRing returns a ring of the given keys. Two keys with the same id, or two
// signing keys, give an error around ErrRing.
func NewRing(keys ...Key) (*Ring, error) {
	r := &Ring{}
	for _, k := range keys {
		if err := r.add(k); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Ring) add(k Key) error {
	if r.key(k.ID) != nil {
		return ringError("two keys have the id " + strconv.Itoa(int(k.ID)))
	}
	if k.State == Signing && r.signing() != nil {
		return ringError("two keys are signing; retire one")
	}
	r.keys = append(r.keys, k)
	return nil
}

// Keys returns a copy of the ring's keys in their order.
func (r *Ring) Keys() []Key { return append([]Key(nil), r.keys...) }

// Has reports whether the ring has a key with that id, in any state.
func (r *Ring) Has(id uint8) bool { return r.key(id) != nil }

func (r *Ring) key(id uint8) *Key {
	for i := range r.keys {
		if r.keys[i].ID == id {
			return &r.keys[i]
		}
	}
	return nil
}

func (r *Ring) signing() *Key {
	for i := range r.keys {
		if r.keys[i].State == Signing {
			return &r.keys[i]
		}
	}
	return nil
}

// ParseRing reads the text form of a ring, one key per line:
//
//	1:signing:5f2c…   id, state, secret in 64 hex digits
//
// Empty lines and lines that begin with # are skipped. Errors wrap ErrRing and
// name the line, never the secret.
func ParseRing(text string) (*Ring, error) {
	r := &Ring{}
	line := 0
	for text != "" {
		var s string
		s, text, _ = strings.Cut(text, "\n")
		line++
		if s = strings.TrimSpace(s); s == "" || s[0] == '#' {
			continue
		}
		k, err := parseKey(s)
		if err == nil {
			err = r.add(k)
		}
		if err != nil {
			return nil, &lineError{line, err}
		}
	}
	return r, nil
}

func parseKey(s string) (Key, error) {
	id, rest, ok := strings.Cut(s, ":")
	state, secret, ok2 := strings.Cut(rest, ":")
	n, err := strconv.ParseUint(id, 10, 8)
	if !ok || !ok2 || err != nil {
		return Key{}, ringError("want id:state:secret with an id from 0 to 255")
	}
	k := Key{ID: uint8(n), State: State(len(stateNames))}
	for i, name := range stateNames {
		if state == name {
			k.State = State(i)
		}
	}
	if int(k.State) == len(stateNames) {
		return Key{}, ringError("the state is not one of signing, verifying, revoked")
	}
	if !decodeHex(k.Secret[:], secret) {
		return Key{}, ringError("the secret is not 64 hex digits")
	}
	return k, nil
}

// Text returns the form that ParseRing reads. It contains secrets.
func (r *Ring) Text() string {
	var b []byte
	for _, k := range r.keys {
		b = strconv.AppendUint(b, uint64(k.ID), 10)
		b = append(b, ':')
		b = append(b, k.State.String()...)
		b = append(b, ':')
		b = hex.AppendEncode(b, k.Secret[:])
		b = append(b, '\n')
	}
	return string(b)
}

// tag returns HMAC-SHA256 (RFC 2104) over the token's data, truncated. The data
// has a fixed length, so both hashes run over arrays on the stack: without
// allocation, and without the reflection that crypto/hmac adds to the wasm.
func (k *Key) tag(raw *[size]byte) (tag [tagLen]byte) {
	const block = sha256.BlockSize
	var inner [block + dataLen]byte
	var outer [block + sha256.Size]byte
	for i := 0; i < block; i++ {
		var c byte
		if i < SecretLen {
			c = k.Secret[i]
		}
		inner[i], outer[i] = c^0x36, c^0x5c
	}
	copy(inner[block:], raw[:dataLen])
	sum := sha256.Sum256(inner[:])
	copy(outer[block:], sum[:])
	sum = sha256.Sum256(outer[:])
	copy(tag[:], sum[:])
	return tag
}

type ringError string

func (e ringError) Error() string { return "token: key ring: " + string(e) }
func (e ringError) Unwrap() error { return ErrRing }

type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return e.err.Error() + " (line " + strconv.Itoa(e.line) + ")" }
func (e *lineError) Unwrap() error { return e.err }
