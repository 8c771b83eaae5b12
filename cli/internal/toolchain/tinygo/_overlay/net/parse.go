package net

// The number parsers that ip.go and mac.go call.

// big is where a number is too large for any part of an address.
const big = 0xFFFFFF

// dtoi reads decimal digits: the number, how many bytes it took, and whether
// it was one.
func dtoi(s string) (n, i int, ok bool) {
	for i = 0; i < len(s) && '0' <= s[i] && s[i] <= '9'; i++ {
		if n = n*10 + int(s[i]-'0'); n >= big {
			return big, i, false
		}
	}
	return n, i, i > 0
}

// xtoi is dtoi for hexadecimal digits.
func xtoi(s string) (n, i int, ok bool) {
	for i = 0; i < len(s); i++ {
		digit, isDigit := hexValue(s[i])
		if !isDigit {
			break
		}
		if n = n*16 + digit; n >= big {
			return 0, i, false
		}
	}
	return n, i, i > 0
}

func hexValue(c byte) (int, bool) {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0'), true
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10, true
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10, true
	}
	return 0, false
}

// xtoi2 reads two hexadecimal digits that the byte e follows, if anything does.
func xtoi2(s string, e byte) (byte, bool) {
	if len(s) > 2 && s[2] != e {
		return 0, false
	}
	n, i, ok := xtoi(s[:2])
	return byte(n), ok && i == 2
}
