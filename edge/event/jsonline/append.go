// Package jsonline is the little JSON that the edge needs, without reflection:
// append one value to a line, and walk the fields of one object.
//
// Appending never fails: whatever bytes a client sent, the result is valid
// JSON in valid UTF-8. Walking accepts exactly the objects of RFC 8259, to a
// depth of 32. It does not build trees and knows nothing of events.
package jsonline

import "unicode/utf8"

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD, control characters are escaped. What is between the quotes takes at
// most maxBytes bytes: the rest of s is cut off at a whole character.
func AppendString(dst []byte, s string, maxBytes int) []byte {
	dst = append(dst, '"')
	end := len(dst) + maxBytes
	for i := 0; i < len(s); {
		mark := len(dst)
		n := 1
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20 || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			var r rune
			r, n = utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r) // RuneError, U+FFFD, for a wrong byte
		}
		if len(dst) > end {
			dst = dst[:mark]
			break
		}
		i += n
	}
	return append(dst, '"')
}
