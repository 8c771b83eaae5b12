package classify

// Text functions for ASCII, for user agents and header values. Unlike
// strings.EqualFold, they never equate a Unicode letter with an ASCII one.

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

func isLetter(c byte) bool {
	c |= 0x20
	return 'a' <= c && c <= 'z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isSpace reports whether c is ASCII's white space.
func isSpace(c byte) bool { return c == ' ' || ('\t' <= c && c <= '\r') }

// trim removes white space at both ends.
func trim(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// hasPrefixFold reports whether s begins with prefix, which is lower case, in any case.
func hasPrefixFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if lower(s[i]) != prefix[i] {
			return false
		}
	}
	return true
}

// equalFold reports whether s equals want, which is lower case, in any case.
func equalFold(s, want string) bool {
	return len(s) == len(want) && hasPrefixFold(s, want)
}

// hasSuffixFold reports whether s ends with suffix, which is lower case, in any case.
func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && equalFold(s[len(s)-len(suffix):], suffix)
}
