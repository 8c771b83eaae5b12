package classify

import "strings"

// The form of a user agent is as significant as its words: browsers begin with
// Mozilla/5.0 and an operating system, libraries send one name and a version,
// crawlers give an address for complaints.

// shapeOf returns the shape of a trimmed user agent; begin is the index of its first
// product.
func shapeOf(ua string, begin int) traits {
	if ua == "" {
		return isEmpty
	}
	rest := ua[begin:]
	switch {
	case hasPrefixFold(rest, "mozilla"):
		return mozillaShape(skipSpace(rest[len("mozilla"):]))
	case hasPrefixFold(rest, "opera/"), hasPrefixFold(rest, "opera") && hasPrefixFold(skipSpace(rest[len("opera"):]), "mini"):
		return isMozilla
	}
	return productShape(ua)
}

// leadAt returns the index after quotes and the header's name, which careless software
// puts before a user agent.
func leadAt(ua string) int {
	i := 0
	for i < len(ua) && (ua[i] == '"' || ua[i] == '\'' || isSpace(ua[i])) {
		i++
	}
	const header = "user-agent"
	if hasPrefixFold(ua[i:], header) {
		k := i + len(header)
		if k < len(ua) && (ua[k] == ':' || ua[k] == '=') {
			k++
			for k < len(ua) && isSpace(ua[k]) {
				k++
			}
			return k
		}
	}
	return i
}

func skipSpace(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	return s
}

// mozillaShape returns the shape by the text after the word Mozilla.
func mozillaShape(rest string) traits {
	if rest == "" || rest[0] != '/' {
		return 0
	}
	rest = skipSpace(rest[1:])
	if equalFold(rest, "5.0") {
		return isMozilla | isBareMozilla
	}
	switch version := numberAt(rest, 0); {
	case version > 5:
		return isMozilla | isImpossible
	case version < 5:
		return isMozilla
	}
	return isMozilla | isMozilla5 | webKitShape(rest)
}

// webKitShape finds Apple's bare WebKit: one comment that names an Apple
// device, the engine, `(KHTML, like Gecko)`, and nothing after it, or a mobile
// build only. Browsers and apps go on with Version, Safari or their own name.
func webKitShape(rest string) traits {
	open := strings.IndexByte(rest, '(')
	if open < 0 {
		return 0
	}
	rest = rest[open+1:]
	if !isOfApple(rest) {
		return 0
	}
	end := strings.IndexByte(rest, ')')
	if end < 0 {
		return 0
	}
	rest = skipSpace(rest[end+1:])
	if !hasPrefixFold(rest, "applewebkit/") {
		return 0
	}
	open = strings.IndexByte(rest, '(')
	end = strings.IndexByte(rest, ')')
	if open < 0 || end < open || !isLikeGecko(rest[open:end]) {
		return 0
	}
	rest = skipSpace(rest[end+1:])
	switch {
	case rest == "":
		return isBareWebKit
	case hasPrefixFold(rest, "mobile/") && oneWord(rest):
		return isBareMobileWebKit
	}
	return 0
}

func isOfApple(comment string) bool {
	return hasPrefixFold(comment, "macintosh;") || hasPrefixFold(comment, "iphone;") ||
		hasPrefixFold(comment, "ipad;") || hasPrefixFold(comment, "ipod")
}

func isLikeGecko(s string) bool {
	const like, gecko = "like", "gecko"
	if !hasSuffixFold(s, gecko) {
		return false
	}
	return hasSuffixFold(trim(s[:len(s)-len(gecko)]), like)
}

// opensEngine reports whether s ends in `(KHTML, like`.
func opensEngine(s string) bool {
	const like, khtml = "like", "(khtml,"
	s = trim(s)
	return hasSuffixFold(s, like) && hasSuffixFold(trim(s[:len(s)-len(like)]), khtml)
}

func oneWord(s string) bool {
	for i := range len(s) {
		if isSpace(s[i]) {
			return false
		}
	}
	return true
}

// productShape finds a lone `name/1.2`: up to three words, one slash, a
// version, no comment.
func productShape(ua string) traits {
	slash, spaces := -1, 0
	for i := range len(ua) {
		switch c := ua[i]; {
		case c == '/' && slash < 0:
			slash = i
		case c == '/' || c == '(' || c == ';' || c == '[' || c == '{':
			return 0
		case isSpace(c) && slash >= 0:
			return 0
		case isSpace(c) && !isSpace(ua[i-1]):
			spaces++
		}
	}
	if slash < 1 || spaces > 2 || !isLetter(ua[0]) {
		return 0
	}
	version := ua[slash+1:]
	if version != "" && lower(version[0]) == 'v' {
		version = version[1:]
	}
	if version == "" || !isDigit(version[0]) || hasPrefixFold(ua, "mozilla") || hasPrefixFold(ua, "opera") {
		return 0
	}
	return isOneProduct
}

// isMailAddress reports whether the @ at i is in a mail address: after a letter or
// digit, and before a domain with letters after a dot. `ios@8.3.0` is a version.
func isMailAddress(ua string, i int) bool {
	return i > 0 && isWordByte(ua[i-1]) && isDomain(ua[i+1:])
}

func isDomain(s string) bool {
	for k := 0; k+2 < len(s) && (isWordByte(s[k]) || s[k] == '.' || s[k] == '-'); k++ {
		if s[k] == '.' && isLetter(s[k+1]) && isLetter(s[k+2]) {
			return true
		}
	}
	return false
}

// isWordByte also takes the quotes' backslash that some logs put before @.
func isWordByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' || c == '\\' }
