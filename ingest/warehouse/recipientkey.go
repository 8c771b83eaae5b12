package warehouse

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"math/big"
	"slices"
)

// RecipientKey identifies a recipient in all campaigns of a database: the first
// 16 bytes of an HMAC-SHA256 of the normalized recipient. The zero key means no
// recipient. As a number (UInt128) it is little-endian.
type RecipientKey [16]byte

// RecipientHasher computes recipient keys. It is not safe for concurrent use.
type RecipientHasher struct {
	mac hash.Hash
	sum [sha256.Size]byte
	buf []byte
}

// RecipientHasher returns a hasher with the secret of the database, or
// ErrNoSchema if the migrations are not complete.
func (w *Warehouse) RecipientHasher(ctx context.Context) (*RecipientHasher, error) {
	w.secret.mu.Lock()
	defer w.secret.mu.Unlock()
	if w.secret.key == nil {
		var secrets uint64
		var inner, outer string
		err := w.ask(ctx, "recipient_secret", nil, &secrets, &inner, &outer)
		if err == nil && secrets == 0 {
			err = ErrNoSchema
		}
		if err != nil {
			return nil, fmt.Errorf("read secret of recipient keys: %w", err)
		}
		w.secret.key = []byte(inner)
		for i := range w.secret.key {
			w.secret.key[i] ^= 0x36 // RFC 2104 §2
		}
	}
	return &RecipientHasher{mac: hmac.New(sha256.New, w.secret.key)}, nil
}

// ForgetRecipientSecret makes the next use read the secret again, after it was
// replaced.
func (w *Warehouse) ForgetRecipientSecret() {
	w.secret.mu.Lock()
	defer w.secret.mu.Unlock()
	w.secret.key = nil
}

// Key returns the key of a normalized recipient.
func (h *RecipientHasher) Key(recipient string) RecipientKey {
	h.mac.Reset()
	h.buf = append(h.buf[:0], recipient...)
	h.mac.Write(h.buf)
	return RecipientKey(h.mac.Sum(h.sum[:0])[:16])
}

// number returns the key in the form that the driver takes.
func (k RecipientKey) number() *big.Int {
	slices.Reverse(k[:])
	return new(big.Int).SetBytes(k[:])
}
