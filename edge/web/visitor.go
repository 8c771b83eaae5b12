package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"
)

// Visitor returns a pseudonym, 16 hex digits, by which the visitors of a site
// can be distinguished for one UTC day. It is an HMAC-SHA256, cut to 64 bits, over
// site, address and user agent, with a key that is derived from secret for the
// day and not stored. Without the secret, values of two days cannot be joined,
// and addresses cannot be found by trial. Several people with the same address
// and browser are one visitor; one person with two browsers is two. It returns
// "" without a secret or an address.
func Visitor(secret []byte, at time.Time, site string, address netip.Addr, userAgent string) string {
	if len(secret) == 0 || !address.IsValid() {
		return ""
	}
	day := mac(secret, at.UTC().AppendFormat(nil, "2006-01-02"))
	text := make([]byte, 0, 512)
	text = append(append(text, site...), 0)
	text = append(address.AppendTo(text), 0)
	sum := mac(day[:], append(text, userAgent...))
	return hex.EncodeToString(sum[:8])
}

// mac returns HMAC-SHA256 (RFC 2104) without the reflection that crypto/hmac
// adds to the wasm.
func mac(key, text []byte) [sha256.Size]byte {
	if len(key) > sha256.BlockSize {
		sum := sha256.Sum256(key)
		key = sum[:]
	}
	inner := make([]byte, sha256.BlockSize, sha256.BlockSize+len(text))
	outer := make([]byte, sha256.BlockSize, sha256.BlockSize+sha256.Size)
	copy(inner, key)
	copy(outer, key)
	for i := range inner {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	sum := sha256.Sum256(append(inner, text...))
	return sha256.Sum256(append(outer, sum[:]...))
}
