package sends

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// looks returns a form of a normalized recipient that is equal for recipients
// that look the same to a person: compatibility characters replaced by plain
// ones (NFKC), blanks collapsed, letters of other scripts replaced by Latin
// ones of the same shape. Two recipients of one file that look the same are an
// error.
func looks(recipient string) string {
	if isASCII(recipient) && !strings.Contains(recipient, "  ") && !strings.Contains(recipient, "xn--") {
		return recipient
	}
	if at := strings.LastIndexByte(recipient, '@'); at >= 0 {
		recipient = recipient[:at+1] + uLabel(recipient[at+1:])
	}
	text := lower(norm.NFKC.String(recipient))
	text = strings.Map(func(r rune) rune {
		if latin, ok := sameShape[r]; ok {
			return latin
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// sameShape maps lower-case letters that look like a Latin one in nearly every
// typeface (Unicode Technical Standard #39, confusables.txt), and the final
// sigma to sigma.
var sameShape = map[rune]rune{
	'а': 'a', 'с': 'c', 'ԁ': 'd', 'е': 'e', 'һ': 'h', 'і': 'i', 'ј': 'j', 'ӏ': 'l', 'о': 'o', 'р': 'p', 'ԛ': 'q', 'ѕ': 's', 'ԝ': 'w', 'х': 'x', 'у': 'y', // Cyrillic
	'α': 'a', 'ο': 'o', 'ν': 'v', 'ρ': 'p', 'ϲ': 'c', 'ϳ': 'j', 'ι': 'i', 'ς': 'σ', // Greek
	'օ': 'o', 'հ': 'h', 'ո': 'n', 'ս': 'u', 'ց': 'g', // Armenian
	'ɡ': 'g', 'ɑ': 'a', 'ı': 'i', // phonetic Latin letters, dotless i
}

// addressFault returns the reason why a normalized recipient is not a single address,
// or "". A recipient without @ may be an id. A quoted local part may contain anything.
func addressFault(recipient string) (reason string) {
	if ordinary(recipient) {
		return ""
	}
	return unusualFault(recipient)
}

// unusualFault is addressFault for recipients that are not ordinary.
func unusualFault(recipient string) (reason string) {
	at := strings.LastIndexByte(recipient, '@')
	if at < 0 {
		if !isASCII(recipient) && strings.Contains(norm.NFKC.String(recipient), "@") {
			return reasonForms
		}
		return ""
	}
	local, domain := recipient[:at], recipient[at+1:]
	if quoted := len(local) > 1 && local[0] == '"' && local[len(local)-1] == '"'; !quoted {
		if reason = localFault(local, domain); reason != "" {
			return reason
		}
	}
	switch {
	case local == "":
		return "the recipient has nothing before the @"
	case domain == "" || domain[0] == '.' || strings.HasSuffix(domain, ".") || strings.Contains(domain, ".."):
		return "the recipient has no whole domain behind the @"
	case domain[0] != '[' && strings.ContainsFunc(uLabel(domain), notInDomain):
		return "the recipient has other characters behind the address"
	case isWrapped(local):
		return "the recipient has quotation marks or brackets around the address"
	case !isASCII(local) && norm.NFKC.String(local) != local:
		return reasonForms
	case mixesScripts(local) || mixesScripts(uLabel(domain)):
		return "the recipient mixes Latin letters with letters of another script that look like them"
	}
	return ""
}

// notInDomain reports whether a character occurs in no domain. An underscore is
// in some, although no host's name has it.
func notInDomain(r rune) bool {
	return r != '-' && r != '.' && r != '_' && r != '·' && !unicode.In(r, unicode.L, unicode.M, unicode.N)
}

// isWrapped reports whether a local part begins or ends with a mark that
// spreadsheets and people put around text, or has a typographic one anywhere.
func isWrapped(local string) bool {
	if strings.ContainsFunc(local, func(r rune) bool { return r >= 0x80 && unicode.In(r, unicode.Pi, unicode.Pf, unicode.Ps, unicode.Pe) }) {
		return true
	}
	if len(local) > 1 && local[0] == '"' && local[len(local)-1] == '"' {
		return false
	}
	return local != "" && (strings.IndexByte("'\"`([{", local[0]) >= 0 || strings.IndexByte("\"`)]}", local[len(local)-1]) >= 0)
}

// ordinary reports whether a recipient is an address of lower-case Latin
// letters, digits and a few marks, as nearly all are, in one pass over its
// bytes.
func ordinary(recipient string) bool {
	at, last := -1, byte('.')
	for i := range len(recipient) {
		c := recipient[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '_', c == '+':
		case c == '-' && last != '-': // xn-- is a name in another script
		case c == '.' && (at < 0 || last != '.' && i < len(recipient)-1):
		case c == '@' && at < 0 && i > 0:
			at, c = i, '.'
		default:
			return false
		}
		last = c
	}
	return at > 0 && at < len(recipient)-1
}

const reasonForms = "the recipient has characters that only look like plain ones, such as full-width letters"

func localFault(local, domain string) (reason string) {
	all := func(chars string) bool {
		return strings.ContainsAny(local, chars) || strings.ContainsAny(domain, chars)
	}
	switch {
	case strings.HasPrefix(local, "mailto:"):
		return "the recipient is a link (mailto:), not an address"
	case all("<>"):
		return "the recipient has angle brackets; the address alone is wanted"
	case strings.Contains(local, "@"):
		return "the recipient has more than one @; one row is one recipient"
	case all(",;"):
		return "the recipient has a separator; one row is one recipient, and one cell is one column"
	case strings.ContainsFunc(local, unicode.IsSpace) || strings.ContainsFunc(domain, unicode.IsSpace):
		return "the recipient has a blank within the address"
	}
	return ""
}

// lookalikes are the scripts with letters that look like Latin ones.
var lookalikes = []*unicode.RangeTable{unicode.Cyrillic, unicode.Greek, unicode.Armenian}

// mixesScripts reports whether a word of s mixes Latin letters with letters of
// a script that looks like Latin. Real names do not.
func mixesScripts(s string) bool {
	if isASCII(s) {
		return false
	}
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		latin := strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
		other := strings.ContainsFunc(word, func(r rune) bool { return unicode.In(r, lookalikes...) })
		if latin && other {
			return true
		}
	}
	return false
}
