// Package mention finds the messages and addresses named in a line of text of
// any form: an event, a part of one, a URL that others have changed, or the
// properties of a custom event.
//
// A message is named by its token, complete or cut off after the message's id,
// valid or not, and by its UUID with or without dashes. Percent encoding and
// JSON escapes are decoded twice, since gateways, logs and libraries add them.
// The package verifies nothing: it is for callers that must find too much
// rather than too little.
package mention

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/uuid"

	"glint/ingest/sends"
)

// Messages calls visit with the id of each message named in text, until visit
// returns true, and reports whether it did.
func Messages(text []byte, visit func(uuid.UUID) bool) bool {
	for range readings {
		if tokens(text, visit) || uuids(text, visit) {
			return true
		}
		var changed bool
		if text, changed = decoded(text); !changed {
			break
		}
	}
	return false
}

// Addresses is Messages for addresses, normalized like in package sends.
func Addresses(text []byte, visit func(string) bool) bool {
	for range readings {
		for rest, at := text, bytes.IndexByte(text, '@'); at >= 0; at = bytes.IndexByte(rest, '@') {
			if around(text, len(text)-len(rest)+at, visit) {
				return true
			}
			rest = rest[at+1:]
		}
		var changed bool
		if text, changed = decoded(text); !changed {
			break
		}
	}
	return false
}

// readings is the number of times that a text is examined: unchanged, and decoded once and
// twice.
const readings = 3

func decoded(text []byte) (plain []byte, changed bool) {
	if bytes.IndexByte(text, '%') < 0 && !bytes.Contains(text, []byte(`\u`)) {
		return text, false
	}
	plain = make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if r, end := escape(text, i); end > 0 {
			plain = utf8.AppendRune(plain, r)
			i = end - 1
			changed = true
			continue
		}
		if text[i] == '%' && i+2 < len(text) && hex(text[i+1]) >= 0 && hex(text[i+2]) >= 0 {
			plain = append(plain, byte(hex(text[i+1])<<4|hex(text[i+2])))
			i += 2
			changed = true
			continue
		}
		plain = append(plain, text[i])
	}
	return plain, changed
}

// escape returns the character of a JSON escape at i, like \u00f6 or a
// surrogate pair, and the offset after it; 0 without one. JSON within a
// JSON string has more than one backslash.
func escape(text []byte, i int) (r rune, end int) {
	for end = i; end < len(text) && text[end] == '\\'; end++ {
	}
	if end == i || end+5 > len(text) || text[end] != 'u' {
		return 0, 0
	}
	for _, c := range text[end+1 : end+5] {
		if hex(c) < 0 {
			return 0, 0
		}
		r = r<<4 | rune(hex(c))
	}
	end += 5
	if utf16.IsSurrogate(r) {
		if low, after := escape(text, end); after > 0 {
			return utf16.DecodeRune(r, low), after
		}
	}
	return r, end
}

func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// The first 26 bytes of a token end with the message's id (package token).
const (
	named     = 26
	namedText = 36 // number of characters that encode them
	idOffset  = 10
)

// inToken contains the characters of base64url.
var inToken = func() (set [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		set[c] = true
	}
	return set
}()

func tokens(text []byte, visit func(uuid.UUID) bool) bool {
	run := 0
	for i, c := range text {
		if !inToken[c] {
			run = 0
			continue
		}
		if run++; run < namedText {
			continue
		}
		start := i + 1 - namedText
		if first := text[start]; first < 'E' || first > 'H' { // version 1, any mode
			continue
		}
		var raw [namedText / 4 * 3]byte
		if _, err := base64.RawURLEncoding.Decode(raw[:], text[start:i+1]); err == nil && visit(uuid.UUID(raw[idOffset:named])) {
			return true
		}
	}
	return false
}

func uuids(text []byte, visit func(uuid.UUID) bool) bool {
	var id uuid.UUID
	digits := 0
	start := -1
	for i := 0; i <= len(text); i++ {
		h := -1
		if i < len(text) {
			if h = hex(text[i]); h < 0 && text[i] == '-' && digits > 0 && isDash(i-start) {
				continue
			}
		}
		if h < 0 {
			digits = 0
			continue
		}
		if digits == 0 {
			start = i
		}
		if digits < 32 {
			if digits%2 == 0 {
				id[digits/2] = byte(h) << 4
			} else {
				id[digits/2] |= byte(h)
			}
		}
		if digits++; digits == 32 && (i+1 == len(text) || hex(text[i+1]) < 0) && visit(id) {
			return true
		}
	}
	return false
}

// isDash reports whether a UUID has a dash at that position.
func isDash(place int) bool { return place == 8 || place == 13 || place == 18 || place == 23 }

// around visits the possible addresses around an @: the part before it may
// begin after any character that ends a word in a URL or in JSON.
func around(text []byte, at int, visit func(string) bool) bool {
	end := at + 1
	for end < len(text) && end-at < sends.MaxRecipientBytes && (text[end] >= utf8.RuneSelf || isWord(text[end])) {
		end++
	}
	domain := strings.TrimRight(string(text[at+1:end]), ".-")
	if domain == "" {
		return false
	}
	for start := at - 1; start >= 0 && at-start < sends.MaxRecipientBytes && text[start] > ' ' && text[start] != '"' && text[start] != '<'; start-- {
		if start > 0 && !isDelimiter(text[start-1]) {
			continue
		}
		for _, local := range []string{string(text[start:at]), unplus(string(text[start:at]))} {
			if normal, err := sends.Normalize(local + "@" + domain); err == nil && visit(normal) {
				return true
			}
		}
	}
	return false
}

func unplus(s string) string {
	plain, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return plain
}

func isWord(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == '_'
}

func isDelimiter(c byte) bool { return c <= ' ' || strings.IndexByte(`"'<>(){}[]=&?/\,;:|#`, c) >= 0 }
