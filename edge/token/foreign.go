package token

// decodeForeign decodes the forms of - and _ in other text, and inserted characters:
// quoted-printable and Proofpoint's escapes, references of HTML, escapes of JSON and
// Markdown, dashes of word processors, and tags such as <wbr>. drop means that nothing
// is encoded.
func decodeForeign(b []byte) (length int, c byte, drop bool) {
	switch b[0] {
	case '=', '-':
		return decodeEscape(b)
	case '&':
		return decodeReference(b)
	case '\\':
		return decodeBackslash(b)
	case '<':
		for i := 1; i < min(len(b), maxTag) && b[i] < 0x80; i++ {
			if b[i] == '>' {
				return i + 1, 0, true
			}
		}
	case 0xe2, 0xef:
		if len(b) >= 3 && b[1]>>6 == 2 && b[2]>>6 == 2 {
			c, _ = meaning(uint32(b[0]&0xf)<<12 | uint32(b[1]&0x3f)<<6 | uint32(b[2]&0x3f))
			if c != 0 {
				return 3, c, false
			}
		}
	}
	return 0, 0, false
}

// maxTag is the longest tag that is dropped, as <wbr/> and <br />.
const maxTag = 16

// decodeEscape decodes =2D and -2D, and drops the = of a soft line break.
func decodeEscape(b []byte) (length int, c byte, drop bool) {
	if len(b) < 3 {
		return 0, 0, false
	}
	length, c = decodePercent([]byte{'%', b[1], b[2]})
	switch {
	case length > 0 && (c == '-' || c == '_'):
		return length, c, false
	case length > 0 && b[0] == '=' && (c <= ' ' || c == '='):
		return length, 0, true
	}
	return 0, 0, false
}

// names are the references of HTML for the characters that a reading changes.
var names = [...]struct {
	name string
	char uint32
}{
	{"hyphen", 0x2010},
	{"dash", 0x2010},
	{"ndash", 0x2013},
	{"mdash", 0x2014},
	{"minus", 0x2212},
	{"lowbar", '_'},
	{"UnderBar", '_'},
	{"shy", 0xad},
	{"nbsp", 0xa0},
	{"ZeroWidthSpace", 0x200b},
	{"zwnj", 0x200c},
	{"zwj", 0x200d},
	{"NewLine", '\n'},
}

// decodeReference decodes &#45;, &#x002D;, &hyphen; and, as &amp;#45;, references that
// were encoded twice or three times.
func decodeReference(b []byte) (length int, c byte, drop bool) {
	i := 1
	for range 2 {
		if len(b) < i+4 || string(b[i:i+4]) != "amp;" {
			break
		}
		i += 4
	}
	end := i
	for end < len(b) && end < i+16 && b[end] != ';' {
		end++
	}
	if end == len(b) || b[end] != ';' || end == i {
		return 0, 0, false
	}
	char, name := uint32(0), b[i:end]
	if name[0] == '#' {
		if char = number(name[1:]); char == 0 {
			return 0, 0, false
		}
	} else {
		for n := range names {
			if names[n].name == string(name) {
				char = names[n].char
			}
		}
	}
	if c, drop = meaning(char); c == 0 && !drop {
		return 0, 0, false
	}
	return end + 1, c, drop
}

// number returns the number in 45 or x2D, or 0.
func number(b []byte) (n uint32) {
	base := uint32(10)
	if len(b) > 0 && b[0]|0x20 == 'x' {
		b, base = b[1:], 16
	}
	for _, c := range b {
		digit := uint32(hexDigit(c))
		if digit >= base || n > 0xffff {
			return 0
		}
		n = n*base + digit
	}
	return n
}

// decodeBackslash decodes \u002D, and drops the backslash before - and _.
func decodeBackslash(b []byte) (length int, c byte, drop bool) {
	if len(b) >= 6 && b[1]|0x20 == 'u' {
		char := uint32(0)
		for _, d := range b[2:6] {
			digit := hexDigit(d)
			if digit > 15 {
				return 0, 0, false
			}
			char = char<<4 | uint32(digit)
		}
		if c, drop = meaning(char); c != 0 || drop {
			return 6, c, drop
		}
		return 0, 0, false
	}
	if len(b) >= 2 && (b[1] == '-' || b[1] == '_') {
		return 2, b[1], false
	}
	return 0, 0, false
}

// meaning returns the - or _ for which word processors write a character, or whether
// it is dropped.
func meaning(char uint32) (c byte, drop bool) {
	switch {
	case char == '-', char >= 0x2010 && char <= 0x2015, char == 0x2212, char == 0xfe58, char == 0xfe63, char == 0xff0d:
		return '-', false
	case char == '_', char == 0xff3f:
		return '_', false
	case char > 0 && char <= ' ', char == 0xa0, char == 0xad, char >= 0x200b && char <= 0x200f, char == 0x2028, char == 0x2060, char == 0xfeff:
		return 0, true
	}
	return 0, false
}
