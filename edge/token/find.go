package token

import "errors"

// maxTries bounds the number of signatures that a search verifies, which is
// nearly its whole cost. Text made to look like many tokens can exhaust it;
// text with one token cannot.
const maxTries = 8

// Match is a token found by Find.
type Match struct {
	Token
	Text [TextLen]byte // its one spelling
}

// Find returns the first token in text whose signature verifies, whatever
// surrounds it and however its characters are encoded: see readings. It
// searches the first 512 bytes, verifies at most 8 signatures, and does not
// allocate. If there is no such token, it returns Open's error for the first
// run of characters in the form of a token, or ErrMalformed if there is no such
// run.
func (r *Ring) Find(text string) (m Match, err error) {
	err = ErrMalformed
	var v readings
	tries := maxTries
	for v.start(text); v.next(); {
		found, fault := r.search(v.bytes(), &m, &tries)
		if found {
			return m, nil
		}
		if errors.Is(err, ErrMalformed) {
			err = fault
		}
		if tries == 0 {
			break
		}
	}
	return Match{}, err
}

// search tries every position of a token's length, also inside longer runs.
func (r *Ring) search(b []byte, m *Match, tries *int) (found bool, fault error) {
	fault = ErrMalformed
	run := 0
	for i, c := range b {
		if run++; sextets[c] > 0x3f {
			run = 0
		}
		if run < TextLen {
			continue
		}
		w := b[i+1-TextLen : i+1]
		if !hasForm(w) {
			continue
		}
		t, err := Token{}, ErrUnknownKey
		if r.key(sextets[w[1]]<<4|sextets[w[2]]>>2) != nil { // an unknown key costs no try
			t, err = open(r, w)
		}
		if err == nil {
			m.Token = t
			copy(m.Text[:], w)
			return true, nil
		}
		if errors.Is(fault, ErrMalformed) {
			fault = err
		}
		if errors.Is(err, ErrSignature) {
			if *tries--; *tries == 0 {
				break
			}
		}
	}
	return false, fault
}

// hasForm reports whether TextLen base64url characters begin with the version
// and a mode, and whether the last one encodes no unused bits.
func hasForm(w []byte) bool {
	return sextets[w[0]] == version<<4>>2 && sextets[w[TextLen-1]]&0xf == 0 // the first character holds two bits of the mode, both 0
}

// HasToken reports whether Find would have to verify a signature in text.
func HasToken(text string) bool {
	var none Ring // without keys no signature is verified
	_, err := none.Find(text)
	return !errors.Is(err, ErrMalformed)
}

// Claim returns the mode, campaign and key in the beginning of an unverified
// token in text, and IssuedAt, which is 0 if the text ends before it. It serves
// tokens that no key opens any more: truncated ones, and ones that lost a
// character after the first 14.
func Claim(text string) (t Token, ok bool) {
	var v readings
	for v.start(text); v.next(); {
		run := 0
		b := v.bytes()
		for i := 0; i <= len(b); i++ {
			if i < len(b) && sextets[b[i]] <= 0x3f {
				run++
				continue
			}
			if t, ok := claim(b[i-run : i]); ok {
				return t, true
			}
			run = 0
		}
	}
	return Token{}, false
}

// claimLen is the number of characters that hold version, key and campaign.
const claimLen = 14

// claim reads the beginning of a run of base64url characters.
func claim(run []byte) (t Token, ok bool) {
	if len(run) < claimLen || sextets[run[0]] != version<<4>>2 {
		return t, false
	}
	var text [TextLen]byte
	for i := copy(text[:], run); i < TextLen; i++ {
		text[i] = alphabet[0]
	}
	text[TextLen-1] = alphabet[0] // any valid last character, as the tag is not read
	var raw [size]byte
	if !decodeBase64(&raw, text[:]) {
		return t, false
	}
	t = parse(&raw)
	t.Message = MessageID{}
	if len(run)*6 < dataLen*8 {
		t.IssuedAt = 0
	}
	return t, true
}

// FindMessageID returns the first UUID in text, in any encoding that Find
// reads, with or without dashes, in any case. A UUID without dashes must be a
// whole run of hex digits. If folder is not empty, the UUID must come after a
// folder of that name, in any case.
func FindMessageID(text, folder string) (id MessageID, ok bool) {
	var v readings
	for v.start(text); v.next(); {
		b := v.bytes()
		if from := behind(b, folder); from >= 0 {
			if id, ok = searchMessageID(b[from:]); ok {
				return id, true
			}
		}
	}
	return MessageID{}, false
}

// behind returns the index after the folder, or -1.
func behind(b []byte, folder string) int {
	if folder == "" {
		return 0
	}
	for i := 0; i+len(folder) < len(b); i++ {
		if c := b[i+len(folder)]; (c == '/' || c == '\\') && (i == 0 || b[i-1] == '/' || b[i-1] == '\\') && isFolded(b[i:], folder) {
			return i + len(folder) + 1
		}
	}
	return -1
}

// isFolded reports whether b begins with the lower-case word, in any case.
func isFolded(b []byte, word string) bool {
	for i := range len(word) {
		if b[i]|0x20 != word[i] {
			return false
		}
	}
	return true
}

func searchMessageID(b []byte) (id MessageID, ok bool) {
	run := 0 // number of hex digits before i
	for i := 0; i <= len(b); i++ {
		if i < len(b) && hexDigit(b[i]) <= 15 {
			if i+36 <= len(b) && b[i+8] == '-' {
				if id, err := parseMessageID(b[i : i+36]); err == nil {
					return id, true
				}
			}
			run++
			continue
		}
		if run == 32 {
			for n := range id {
				id[n] = hexDigit(b[i-32+2*n])<<4 | hexDigit(b[i-31+2*n])
			}
			return id, true
		}
		run = 0
	}
	return id, false
}
