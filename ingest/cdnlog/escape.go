package cdnlog

import (
	"strings"

	"glint/edge/web"
)

// backslash decodes the escapes of nginx (\x22) and Apache (\", \\, \t, \n).
func backslash(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		switch s[i] {
		case 't':
			b = append(b, '\t')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 'x':
			if i+2 < len(s) && web.Digit(s[i+1]) >= 0 && web.Digit(s[i+2]) >= 0 {
				b = append(b, byte(web.Digit(s[i+1])<<4|web.Digit(s[i+2])))
				i += 2
			} else {
				b = append(b, '\\', 'x')
			}
		case '"', '\\':
			b = append(b, s[i])
		default:
			b = append(b, '\\', s[i])
		}
	}
	return string(b)
}

// Param returns the decoded value of a parameter in the target's query; + is a
// blank. If it is repeated, the first one counts. ok is false if it is absent.
// The name may come after an & that was written as &amp; and a value begin with
// the rest of =3D, the = of quoted-printable.
func Param(target, name string) (value string, ok bool) {
	_, query, _ := strings.Cut(target, "?")
	quoted := isQuoted(query)
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		for strings.HasPrefix(key, "amp;") {
			key = key[len("amp;"):]
		}
		if web.Unescape(key) == name {
			if quoted && strings.HasPrefix(value, "3D") {
				value = value[len("3D"):]
			}
			return web.Unescape(value), true
		}
	}
	return "", false
}

// isQuoted reports whether all values of a query begin with 3D: then the query is
// quoted-printable, which writes = as =3D. A single value may begin so by chance.
func isQuoted(query string) bool {
	values := strings.Count(query, "=")
	return values > 1 && strings.Count(query, "=3D") == values
}
