package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"
)

// Visitor tells the visitors of a site apart for one UTC day: it returns 64 bits, as
// 16 hex digits, of an HMAC-SHA256 over site, address and user agent, with a key
// that is derived from secret for the day and kept nowhere. Without the secret
// nobody can join two days, or find out whose a value is by trying addresses. People
// behind one address with one browser are one visitor, and one person with two
// browsers is two. It returns "" without a secret or an address.
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

// mac is HMAC-SHA256 (RFC 2104) without the reflection behind crypto/hmac, which
// would make the wasm larger.
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
