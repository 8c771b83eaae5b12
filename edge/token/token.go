// Package token signs and opens the token in a pixel URL: campaign and message in 54
// characters that cannot be made without a key.
//
// A token is 40 bytes, written in base64url without padding:
//
//	byte   0    1 … 1   2 … 9        10 … 25      26 … 29     30 … 39
//	     +----+-------+------------+------------+-----------+---------+
//	     |v|m | key   | campaign   | message    | issued_at | tag     |
//	     +----+-------+------------+------------+-----------+---------+
//	     v  4 bits    format version, 1
//	     m  4 bits    privacy mode: see Mode
//	     key          id of the signing key, 0 to 255, never used twice
//	     campaign     64 bits, big endian, random
//	     message      128 bits, a UUID
//	     issued_at    seconds since 1970, 32 bits, big endian (until 2106)
//	     tag          the first 80 bits of HMAC-SHA256(key, bytes 0 … 29)
//
// The parts are random or opaque, so the token is signed and not encrypted.
// A guess at the tag of a token of one's own choosing is right once in 2^80
// tries; each try costs a request, and a wrong one is stored as a bad token.
// RFC 2104 §5 recommends half of the hash's length and at least 80 bits; short
// URLs keep us to the second: collisions are of no use against tags that only
// we can check.
//
// The package guarantees that Open accepts only texts that Sign wrote: the encoding is
// strict, so each token has one spelling. Find searches for such a text in a URL that
// other software has changed. The package does not know the recipient of the message,
// who is in the warehouse only.
package token

import "errors"

// The reasons for which Open refuses a text.
var (
	ErrMalformed  = errors.New("token: not a token")
	ErrVersion    = errors.New("token: unknown version or privacy mode")
	ErrUnknownKey = errors.New("token: signed with an unknown key")
	ErrRevokedKey = errors.New("token: signed with a revoked key")
	ErrSignature  = errors.New("token: wrong signature")
	ErrNoKey      = errors.New("token: no signing key in the key ring")
)

// TextLen is the length of a token in characters.
const TextLen = 54

const (
	version = 1
	tagLen  = 10
	dataLen = 30
	size    = dataLen + tagLen
)

// Mode is a tracking mode; smaller numbers keep more of an open. The
// numbers are the same as in the table sends. `off` has no number here, since such a
// message has no token.
type Mode uint8

// The modes.
const (
	Identified   Mode = iota // the open belongs to a message, whose recipient is known
	Pseudonymous             // to a message
	LastOpen                 // only the day is kept
	Aggregate                // counted for a campaign or a stratum; the message id is the stratum's

	modes // their number
)

// Token holds the data in a pixel URL.
type Token struct {
	Campaign CampaignID
	Message  MessageID // in Aggregate tokens the id of the stratum; zero: the whole campaign
	Mode     Mode
	IssuedAt uint32 // seconds since 1970: when the campaign was created, not when the mail was sent
	Key      uint8  // id of the signing key; Sign ignores it and uses the ring's signing key
}

// AppendSigned appends the text of t, signed with the ring's signing key, to
// dst. It returns ErrNoKey and dst unchanged if the ring has no signing key,
// and ErrVersion for an unknown mode.
func (r *Ring) AppendSigned(dst []byte, t Token) ([]byte, error) {
	k := r.signing()
	if k == nil {
		return dst, ErrNoKey
	}
	if t.Mode >= modes {
		return dst, ErrVersion
	}
	var raw [size]byte
	raw[0] = version<<4 | byte(t.Mode)
	raw[1] = k.ID
	putUint64(raw[2:], uint64(t.Campaign))
	copy(raw[10:26], t.Message[:])
	putUint32(raw[26:], t.IssuedAt)
	tag := k.tag(&raw)
	copy(raw[dataLen:], tag[:])
	return appendBase64(dst, &raw), nil
}

// Sign returns the text of t; see AppendSigned.
func (r *Ring) Sign(t Token) (string, error) {
	b, err := r.AppendSigned(make([]byte, 0, TextLen), t)
	return string(b), err
}

// Open verifies text against the ring and returns its data. If text is not a
// token signed by a signing or verifying key, it returns one of the package's
// errors, unwrapped and without allocation.
func (r *Ring) Open(text string) (Token, error) { return open(r, text) }

func open[T string | []byte](r *Ring, text T) (Token, error) {
	var raw [size]byte
	if !decodeBase64(&raw, text) {
		return Token{}, ErrMalformed
	}
	if raw[0]>>4 != version || Mode(raw[0]&0xf) >= modes {
		return Token{}, ErrVersion
	}
	k := r.key(raw[1])
	if k == nil {
		return Token{}, ErrUnknownKey
	}
	if k.State == Revoked {
		return Token{}, ErrRevokedKey
	}
	tag := k.tag(&raw)
	var diff byte
	for i := range tag {
		diff |= tag[i] ^ raw[dataLen+i]
	}
	if diff != 0 {
		return Token{}, ErrSignature
	}
	return parse(&raw), nil
}

// Unverified returns the data of a text in the form of a token, without
// checking the signature.
func Unverified(text string) (t Token, ok bool) {
	var raw [size]byte
	if !decodeBase64(&raw, text) || raw[0]>>4 != version || Mode(raw[0]&0xf) >= modes {
		return Token{}, false
	}
	return parse(&raw), true
}

func parse(raw *[size]byte) Token {
	t := Token{Mode: Mode(raw[0] & 0xf), Campaign: CampaignID(getUint64(raw[2:])), IssuedAt: getUint32(raw[26:]), Key: raw[1]}
	copy(t.Message[:], raw[10:26])
	return t
}

func putUint64(b []byte, v uint64) {
	putUint32(b, uint32(v>>32))
	putUint32(b[4:], uint32(v))
}

func putUint32(b []byte, v uint32) {
	_ = b[3]
	b[0], b[1], b[2], b[3] = byte(v>>24), byte(v>>16), byte(v>>8), byte(v)
}

func getUint64(b []byte) uint64 {
	return uint64(getUint32(b))<<32 | uint64(getUint32(b[4:]))
}

func getUint32(b []byte) uint32 {
	_ = b[3]
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}
