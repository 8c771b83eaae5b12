package token

// base64url is implemented here because encoding/base64 adds reflection to the
// wasm and accepts more than one spelling of the same bytes.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// sextets maps a base64url character to its 6 bits, any other to 0xff.
var sextets = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i := 0; i < len(alphabet); i++ {
		t[alphabet[i]] = byte(i)
	}
	return t
}()

func appendBase64(dst []byte, raw *[size]byte) []byte {
	var acc uint32
	bits := 0
	for _, b := range raw {
		acc = acc<<8 | uint32(b)
		for bits += 8; bits >= 6; {
			bits -= 6
			dst = append(dst, alphabet[acc>>bits&0x3f])
		}
	}
	return append(dst, alphabet[acc<<(6-bits)&0x3f])
}

// decodeBase64 is strict: the length is exact and unused bits are zero, so that
// no two texts decode to the same token.
func decodeBase64[T string | []byte](raw *[size]byte, s T) bool {
	if len(s) != TextLen {
		return false
	}
	var seen byte // OR of all sextets; an invalid byte sets the highest bit
	for i, n := 0, 0; n < size-1; i, n = i+4, n+3 {
		a, b, c, d := sextets[s[i]], sextets[s[i+1]], sextets[s[i+2]], sextets[s[i+3]]
		seen |= a | b | c | d
		raw[n], raw[n+1], raw[n+2] = a<<2|b>>4, b<<4|c>>2, c<<6|d
	}
	a, b := sextets[s[TextLen-2]], sextets[s[TextLen-1]]
	raw[size-1] = a<<2 | b>>4
	return seen|a|b < 1<<6 && b&0xf == 0
}

// decodeHex fills dst from exactly 2·len(dst) hex digits, in any case.
func decodeHex[T string | []byte](dst []byte, s T) bool {
	if len(s) != 2*len(dst) {
		return false
	}
	for i := range dst {
		high, low := hexDigit(s[2*i]), hexDigit(s[2*i+1])
		if high|low > 15 {
			return false
		}
		dst[i] = high<<4 | low
	}
	return true
}
