package token

// The text forms are written out here because encoding/base64 and
// encoding/hex bring reflection and formatting into the wasm.

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

// decodeBase64 is strict: the length is exact and the bits past the last byte
// are zero, so that no two texts decode to one token.
func decodeBase64(raw *[size]byte, s string) bool {
	if len(s) != TextLen {
		return false
	}
	var acc uint32
	bits, n := 0, 0
	for i := 0; i < len(s); i++ {
		v := sextets[s[i]]
		if v == 0xff {
			return false
		}
		acc = acc<<6 | uint32(v)
		if bits += 6; bits >= 8 {
			bits -= 8
			raw[n] = byte(acc >> bits)
			n++
		}
	}
	return acc&(1<<bits-1) == 0
}

const hexDigits = "0123456789abcdef"

func appendHex(dst, src []byte) []byte {
	for _, b := range src {
		dst = append(dst, hexDigits[b>>4], hexDigits[b&15])
	}
	return dst
}

func decodeHex(dst []byte, s string) bool {
	if len(s) != 2*len(dst) {
		return false
	}
	for i := range dst {
		hi, lo := unhex(s[2*i]), unhex(s[2*i+1])
		if hi|lo > 15 {
			return false
		}
		dst[i] = hi<<4 | lo
	}
	return true
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}
