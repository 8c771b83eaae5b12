package classify

// Text functions for ASCII: user agents and header values are judged by nothing
// else. Unlike strings.EqualFold they take no Unicode letter for an ASCII one.

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

// hasPrefixFold wants a lower-case prefix.
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

// equalFold wants a lower-case second argument.
func equalFold(s, want string) bool {
	return len(s) == len(want) && hasPrefixFold(s, want)
}

// hasSuffixFold wants a lower-case suffix.
func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && equalFold(s[len(s)-len(suffix):], suffix)
}
