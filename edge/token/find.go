package token

import "errors"

// maxTries bounds the signatures that a search checks, which are all of its cost
// that counts. Texts that are made to look like tokens can use them up; a text
// with one token in it does not.
const maxTries = 8

// Match is a token that Find has found.
type Match struct {
	Token
	Text [TextLen]byte // its one spelling
}

// Find returns the first token in text whose signature verifies, whatever stands
// around it and however its characters are coded: see readings. It looks at the
// first 512 bytes, checks 8 signatures at most, and does not allocate. Without
// such a token the error is Open's for the first run of characters in the form of
// a token, and ErrMalformed if no run has that form.
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

// search looks at every run of a token's length, also within longer ones.
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
		if r.key(sextets[w[1]]<<4|sextets[w[2]]>>2) != nil { // else it costs nothing
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

// hasForm reports whether characters of base64url, as many as a token has, begin
// with the version and a mode, and end as the last character of 40 bytes does.
func hasForm(w []byte) bool {
	return sextets[w[0]] == version<<4>>2 && sextets[w[TextLen-1]]&0xf == 0 // of the mode the first holds two bits, both 0
}

// HasToken reports whether there is text for which Find may check a signature.
func HasToken(text string) bool {
	var none Ring // has no key, so that no signature is checked
	_, err := none.Find(text)
	return !errors.Is(err, ErrMalformed)
}

// Claim returns the mode, the campaign and the key that a token, or the beginning
// of one, names in text, and when it was issued: 0 if the text ends before that. Nothing
// has proved them. It is for what no key opens any more: cut short, a character
// lost behind the first 14.
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

// claimLen is how many characters hold version, key and campaign.
const claimLen = 14

// claim reads the beginning of a whole run.
func claim(run []byte) (t Token, ok bool) {
	if len(run) < claimLen || sextets[run[0]] != version<<4>>2 {
		return t, false
	}
	var text [TextLen]byte
	for i := copy(text[:], run); i < TextLen; i++ {
		text[i] = alphabet[0]
	}
	text[TextLen-1] = alphabet[0] // the tag's end; whatever it was
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

// FindMessageID returns the first UUID in text, read as Find reads it: with or
// without dashes, in any case. Without dashes it must be all of the hex digits
// that stand together. If folder is not empty, the UUID must come after a folder
// of that name, in any case.
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

// isFolded reports whether b begins with word, which is lower case.
func isFolded(b []byte, word string) bool {
	for i := range len(word) {
		if b[i]|0x20 != word[i] {
			return false
		}
	}
	return true
}

func searchMessageID(b []byte) (id MessageID, ok bool) {
	run := 0 // hex digits before i
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
