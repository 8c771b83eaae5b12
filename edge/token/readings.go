package token

// maxSearched is the number of bytes of a text that are searched. It exceeds
// the length of any of our URLs in any encoding, and bounds the work for other
// texts.
const maxSearched = 512

// readings iterates over the ways to decode a text that gateways, mail programs
// and logs have made of a URL. Each reading is tried only if it differs from
// the one before:
//
//	as received
//	percent-decoded (RFC 3986 §2.1), once and twice
//	then without characters that break a URL: white space, the = of a soft
//	    line break (RFC 2045 §6.7), invisible characters
//	then with - and _ decoded from quoted-printable (=2D, =5F), from
//	    Proofpoint's URL Defense v2 (-2D, -5F) and from other text: see foreign.go
//
// The zero value is empty; see start. The buffer is part of the value, so that
// a search does not allocate.
type readings struct {
	text   string
	buffer [maxSearched]byte
	n      int // number of bytes in use of the buffer
	step   int
	plain  bool // the text has no encoding, so there is only one reading
}

func (r *readings) start(text string) {
	r.text, r.step = text[:min(len(text), maxSearched)], 0
	r.n = copy(r.buffer[:], r.text)
	r.plain = isPlain(r.buffer[:r.n])
}

// isPlain reports whether no encoding can occur in b. Nearly every URL arrives
// unchanged, and one check is cheaper than four readings.
func isPlain(b []byte) bool {
	for i, c := range b {
		switch begins[c] {
		case 0:
		case 1 << foreign: // every other token contains a -
			if length, _, _ := decodeForeign(b[i:]); length > 0 {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// bytes returns the current reading; it is valid until the next one.
func (r *readings) bytes() []byte { return r.buffer[:r.n] }

// next moves to the next reading and reports whether there is one.
func (r *readings) next() bool {
	for r.step < 5 {
		r.step++
		switch r.step {
		case 1:
			return true
		case 2:
			if r.plain {
				r.step = 5
				return false
			}
			fallthrough
		case 3:
			if r.replace(percent) {
				return true
			}
		case 4:
			if r.replace(dropped) {
				return true
			}
		case 5:
			// The = may be missing: some software that breaks words removes it.
			r.n = copy(r.buffer[:], r.text)
			if r.replace(percent) {
				r.replace(percent)
			}
			if r.replace(foreign) {
				r.replace(dropped)
				return true
			}
		}
	}
	return false
}

// coding is the encoding that a reading decodes.
type coding uint8

const (
	percent coding = iota
	dropped
	foreign
)

// begins holds for each byte a bit set of the codings that may begin with it.
var begins = func() (codings [256]uint8) {
	for b := range codings {
		if b <= ' ' || b >= 0x7f || b == '=' {
			codings[b] |= 1 << dropped
		}
	}
	codings['%'] |= 1 << percent
	for _, b := range []byte("=-&\\<\xe2\xef") {
		codings[b] |= 1 << foreign
	}
	return codings
}()

// mayBegin reports whether a coding may begin with the byte.
func (c coding) mayBegin(b byte) bool { return begins[b]>>c&1 != 0 }

// decode returns the length of the encoded character at the start of b, or 0,
// and the byte that it encodes; drop means that it encodes none.
func (c coding) decode(b []byte) (length int, char byte, drop bool) {
	switch c {
	case percent:
		length, char = decodePercent(b)
		return length, char, false
	case dropped:
		length = lenDropped(b)
		return length, 0, length > 0
	}
	return decodeForeign(b)
}

// replace decodes every occurrence of coding and reports whether there was one.
func (r *readings) replace(coding coding) bool {
	b, n := r.buffer[:r.n], 0
	for i := 0; i < len(b); n++ {
		if !coding.mayBegin(b[i]) { // nearly always
			b[n] = b[i]
			i++
			continue
		}
		length, c, drop := coding.decode(b[i:])
		switch {
		case length == 0:
			b[n] = b[i]
			i++
		case drop:
			i += length
			n--
		default:
			b[n] = c
			i += length
		}
	}
	changed := n < r.n // every encoded character is longer than the byte that it encodes
	r.n = n
	return changed
}

func decodePercent(b []byte) (length int, c byte) {
	if b[0] != '%' || len(b) < 3 {
		return 0, 0
	}
	high, low := hexDigit(b[1]), hexDigit(b[2])
	if high > 15 || low > 15 {
		return 0, 0
	}
	return 3, high<<4 | low
}

// lenDropped returns the length of a character at the start of b that a reading
// drops, or 0.
func lenDropped(b []byte) int {
	switch {
	case b[0] <= ' ' || b[0] == '=' || b[0] == 0x7f:
		return 1
	case b[0] < 0x80:
		return 0
	case len(b) >= 2 && b[0] == 0xc2 && (b[1] == 0xa0 || b[1] == 0xad): // no-break space, soft hyphen
		return 2
	case len(b) < 3:
		return 0
	case b[0] == 0xe2 && b[1] == 0x80 && (b[2] >= 0x80 && b[2] <= 0x8f || b[2] >= 0xa8 && b[2] <= 0xaf), // U+2000 to U+200F, U+2028 to U+202F
		b[0] == 0xe2 && b[1] == 0x81 && b[2] >= 0x9f && b[2] <= 0xaf, // U+205F to U+206F
		b[0] == 0xe3 && b[1] == 0x80 && b[2] == 0x80,                 // U+3000, ideographic space
		b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf:                 // U+FEFF
		return 3
	}
	return 0
}

// hexDigit returns the value of a digit in any case, or more than 15.
func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 0xff
}
