// Package jsonline is the small part of JSON that the edge needs, without
// reflection: it appends one value to a line, and iterates over the fields of
// one object.
//
// Appending never fails: whatever bytes a client sent, the result is valid JSON
// in valid UTF-8. Reading accepts exactly the objects of RFC 8259, to a depth
// of 32. The package builds no trees and knows nothing of events.
package jsonline

import "unicode/utf8"

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD, control characters are escaped. The text between the quotes takes at
// most maxBytes bytes: the rest of s is cut off at a whole character.
func AppendString(dst []byte, s string, maxBytes int) []byte {
	dst = append(dst, '"')
	end := len(dst) + maxBytes
	for i := 0; i < len(s); {
		// Most strings are one run of plain characters, which is copied at
		// once.
		run, room := i, min(len(s), i+end-len(dst))
		for run < room && plain[s[run]] {
			run++
		}
		dst = append(dst, s[i:run]...)
		if run == room {
			break // the end of s, or of the bytes that may be written
		}
		var n int
		mark := len(dst)
		dst, n = appendOther(dst, s[run:])
		if len(dst) > end {
			dst = dst[:mark]
			break
		}
		i = run + n
	}
	return append(dst, '"')
}

// plain are the characters that stand for themselves in a string.
var plain = func() (set [256]bool) {
	for c := 0x20; c < 0x7f; c++ {
		set[c] = c != '"' && c != '\\'
	}
	return set
}()

// appendOther appends the first character of s, which is not in plain, and
// returns the number of its bytes in s.
func appendOther(dst []byte, s string) ([]byte, int) {
	switch c := s[0]; {
	case c == '"' || c == '\\':
		return append(dst, '\\', c), 1
	case c < utf8.RuneSelf:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15]), 1
	}
	r, n := utf8.DecodeRuneInString(s)
	return utf8.AppendRune(dst, r), n // RuneError, U+FFFD, for a wrong byte
}
