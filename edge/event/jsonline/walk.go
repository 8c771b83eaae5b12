package jsonline

import (
	"errors"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrSyntax is returned for text that is not one JSON object.
var ErrSyntax = errors.New("jsonline: not a JSON object")

const maxDepth = 32

// Walk calls visit for each field of the object in s, in order, with the
// unquoted key and the value as written. An error of visit ends the walk and is
// returned unchanged. If s is not exactly one object, Walk returns ErrSyntax,
// possibly after some calls of visit. A repeated key is visited each time.
func Walk(s string, visit func(key, value string) error) error {
	o := Open(s)
	for o.Next() {
		if err := visit(o.Key, o.Value); err != nil {
			return err
		}
	}
	return o.Err()
}

// Elements calls visit for each element of the array in s, in order, with its
// text as written. ok is false if s is not exactly one array, possibly after
// some calls of visit. An error of visit ends the walk and is returned
// unchanged.
func Elements(s string, visit func(value string) error) (ok bool, err error) {
	i := space(s, 0)
	if i == len(s) || s[i] != '[' {
		return false, nil
	}
	i = space(s, i+1)
	for first := true; ; first = false {
		if first && i < len(s) && s[i] == ']' {
			return space(s, i+1) == len(s), nil
		}
		next := skipValue(s, i, 1)
		if next < 0 {
			return false, nil
		}
		if err := visit(s[i:next]); err != nil {
			return false, err
		}
		i = space(s, next)
		switch {
		case i < len(s) && s[i] == ',':
			i = space(s, i+1)
		case i < len(s) && s[i] == ']':
			return space(s, i+1) == len(s), nil
		default:
			return false, nil
		}
	}
}

func space(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r') {
		i++
	}
	return i
}

// skipValue returns the index after the value at i, or -1.
func skipValue(s string, i, depth int) int {
	if i >= len(s) || depth > maxDepth {
		return -1
	}
	switch s[i] {
	case '"':
		return skipString(s, i)
	case '{', '[':
		return skipNested(s, i, depth)
	case 't':
		return skipWord(s, i, "true")
	case 'f':
		return skipWord(s, i, "false")
	case 'n':
		return skipWord(s, i, "null")
	}
	return skipNumber(s, i)
}

func skipWord(s string, i int, word string) int {
	if strings.HasPrefix(s[i:], word) {
		return i + len(word)
	}
	return -1
}

func skipNested(s string, i, depth int) int {
	object := s[i] == '{'
	closing := byte(']')
	if object {
		closing = '}'
	}
	if i = space(s, i+1); i < len(s) && s[i] == closing {
		return i + 1
	}
	for {
		if object {
			if i = skipString(s, i); i < 0 {
				return -1
			}
			if i = space(s, i); i == len(s) || s[i] != ':' {
				return -1
			}
			i = space(s, i+1)
		}
		if i = skipValue(s, i, depth+1); i < 0 {
			return -1
		}
		if i = space(s, i); i == len(s) {
			return -1
		}
		if s[i] == closing {
			return i + 1
		}
		if s[i] != ',' {
			return -1
		}
		i = space(s, i+1)
	}
}

// skipString returns the index after the string that begins at i, or -1. A
// string is UTF-8 without raw control characters.
func skipString(s string, i int) int {
	if i >= len(s) || s[i] != '"' {
		return -1
	}
	for i = skipPlain(s, i+1); i < len(s); i = skipPlain(s, i) {
		switch c := s[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			n := escapeLen(s[i:])
			if n == 0 {
				return -1
			}
			i += n
		case c < 0x20:
			return -1
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				return -1
			}
			i += n
		}
	}
	return -1
}

// skipPlain returns the index, from i on, of the first byte that is not ASCII
// or must be escaped in a string. It checks eight bytes at a time.
func skipPlain(s string, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(s); i += 8 {
		w := eightAt(s, i)
		// A subtraction sets the high bit of the first byte that is too small.
		// Its borrow can falsify later bytes, never earlier ones.
		small := (w - 0x20*ones) | (w ^ '"'*ones - ones) | (w ^ '\\'*ones - ones)
		if found := (small | w) & highs; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(s) && 0x20 <= s[i] && s[i] < utf8.RuneSelf && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}

// eightAt returns the eight bytes at i as a little-endian number.
func eightAt(s string, i int) uint64 {
	t := s[i : i+8]
	return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
		uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
}

func escapeLen(s string) int {
	if len(s) < 2 {
		return 0
	}
	if strings.IndexByte(`"\/bfnrt`, s[1]) >= 0 {
		return 2
	}
	if s[1] == 'u' && hex4(s[2:]) >= 0 {
		return 6
	}
	return 0
}

func hex4(s string) rune {
	if len(s) < 4 {
		return -1
	}
	var r rune
	for i := 0; i < 4; i++ {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

func skipNumber(s string, i int) int {
	if i < len(s) && s[i] == '-' {
		i++
	}
	start := i
	if i = digits(s, i); i == start || s[start] == '0' && i > start+1 {
		return -1
	}
	if i < len(s) && s[i] == '.' {
		start = i + 1
		if i = digits(s, start); i == start {
			return -1
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		if i++; i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		start = i
		if i = digits(s, start); i == start {
			return -1
		}
	}
	return i
}

func digits(s string, i int) int {
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	return i
}

// Unquote returns the text of the JSON string in value, as Walk passes it, and
// whether value is a string. It allocates only if there is an escape. A lone
// surrogate becomes U+FFFD.
func Unquote(value string) (string, bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	s := value[1 : len(value)-1]
	if strings.IndexByte(s, '\\') < 0 {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			b = append(b, s[i])
			i++
			continue
		}
		r, n := unescape(s[i:])
		b = utf8.AppendRune(b, r)
		i += n
	}
	return string(b), true
}

func unescape(s string) (rune, int) {
	if s[1] != 'u' {
		if i := strings.IndexByte("bfnrt", s[1]); i >= 0 {
			return rune("\b\f\n\r\t"[i]), 2
		}
		return rune(s[1]), 2
	}
	r := hex4(s[2:])
	if utf16.IsSurrogate(r) && len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(s[8:])); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return r, 6 // AppendRune writes U+FFFD for a lone surrogate
}

// Uint returns the number in value if it is an integer from 0 to limit, in any
// JSON notation: 15169.0 and 1.5169e4 are 15169.
func Uint(value string, limit uint64) (uint64, bool) {
	if strings.ContainsAny(value, ".eE") {
		value = plainDigits(value)
	}
	n, err := strconv.ParseUint(value, 10, 64)
	return n, err == nil && n <= limit
}

// plainDigits returns the decimal digits of a JSON number with a fraction or an
// exponent, or "" if it is not an integer or has more digits than a uint64.
func plainDigits(number string) string {
	number, exponent := cutExponent(number)
	whole, fraction, _ := strings.Cut(number, ".")
	fraction = strings.TrimRight(fraction, "0")
	digits, shift := strings.TrimLeft(whole+fraction, "0"), exponent-len(fraction)
	if digits == "" {
		return whole // a zero, or none
	}
	if shift < 0 {
		point := max(0, len(digits)+shift)
		if strings.Trim(digits[point:], "0") != "" {
			return ""
		}
		return digits[:point]
	}
	if len(digits)+shift > len("18446744073709551615") {
		return ""
	}
	return digits + "00000000000000000000"[:shift]
}

// cutExponent splits number into mantissa and exponent. An exponent beyond
// 10,000 is returned as 10,000: no line has that many digits.
func cutExponent(number string) (mantissa string, exponent int) {
	i := strings.IndexAny(number, "eE")
	if i < 0 {
		return number, 0
	}
	text := strings.TrimPrefix(number[i+1:], "+")
	exponent, err := strconv.Atoi(text)
	if err != nil && strings.HasPrefix(text, "-") {
		exponent = -1e4
	} else if err != nil {
		exponent = 1e4
	}
	return number[:i], max(-1e4, min(exponent, 1e4))
}

// Null reports whether value is null.
func Null(value string) bool { return value == "null" }
