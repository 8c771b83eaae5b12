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

// RecipientKey stands for a recipient in all campaigns of a database: the first
// 16 bytes of an HMAC-SHA256 of the normalized recipient. The zero key stands for no recipient.
// As a number (UInt128) it is little-endian.
type RecipientKey [16]byte

// RecipientHasher computes recipient keys. It is not safe for concurrent use.
type RecipientHasher struct {
	mac hash.Hash
	sum [sha256.Size]byte
	buf []byte
}

// RecipientHasher returns a hasher with the secret of the database, or
// ErrNoSchema where it was not migrated to the end.
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

// ForgetRecipientSecret lets the secret be read again: it was replaced.
func (w *Warehouse) ForgetRecipientSecret() {
	w.secret.mu.Lock()
	defer w.secret.mu.Unlock()
	w.secret.key = nil
}

// Key returns the key of a recipient as it is registered, normalized.
func (h *RecipientHasher) Key(recipient string) RecipientKey {
	h.mac.Reset()
	h.buf = append(h.buf[:0], recipient...)
	h.mac.Write(h.buf)
	return RecipientKey(h.mac.Sum(h.sum[:0])[:16])
}

// number is how the driver takes a key.
func (k RecipientKey) number() *big.Int {
	slices.Reverse(k[:])
	return new(big.Int).SetBytes(k[:])
}
