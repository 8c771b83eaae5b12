package sends

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// MaxRecipientBytes bounds a recipient. An address has 320 bytes at most
// (RFC 3696 erratum 1690 says 254); other ids of recipients are welcome, too.
const MaxRecipientBytes = 320

// ErrRecipient is wrapped by the reasons of Normalize.
var ErrRecipient = errors.New("sends: faulty recipient")

// recipientError is a reason that is safe to print: it repeats nothing.
type recipientError string

func (e recipientError) Error() string { return string(e) }
func (e recipientError) Unwrap() error { return ErrRecipient }

// The reasons without figures.
const (
	errNotUTF8     recipientError = "the recipient is no UTF-8"
	errEmpty       recipientError = "the recipient is empty"
	errTooLong     recipientError = "the recipient is longer than 320 bytes"
	errControl     recipientError = "the recipient has control characters"
	errReplacement recipientError = "the recipient has a character that was lost when the file was written (\ufffd)"
)

// Normalize returns a recipient as it is stored and as its message id is
// derived, so that two cells which look equal to a person are one recipient:
// without blanks and invisible characters at both ends, in NFC, in lower case,
// the domain of an address as an A-label (RFC 5890). Normalizing the result
// again changes nothing. A recipient that cannot be made so is an error, which
// wraps ErrRecipient and does not repeat it.
func Normalize(recipient string) (string, error) {
	if plain(recipient) {
		if small := strings.ToLower(recipient); !strings.Contains(small, "xn--") {
			return small, nil
		}
	}
	if !utf8.ValidString(recipient) {
		return "", errNotUTF8
	}
	text := strings.TrimFunc(recipient, func(r rune) bool { return unicode.IsSpace(r) || invisible(r) })
	if text == "" {
		return "", errEmpty
	}
	for _, r := range text {
		switch {
		case unicode.IsControl(r):
			return "", errControl
		case invisible(r):
			return "", recipientError(fmt.Sprintf("the recipient has an invisible character (U+%04X)", r))
		case r == utf8.RuneError:
			return "", errReplacement
		}
	}
	text = lower(text)
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		domain, err := aLabel(text[at+1:])
		if err != nil {
			return "", err
		}
		text = text[:at+1] + domain
	}
	if len(text) > MaxRecipientBytes {
		return "", errTooLong
	}
	return text, nil
}

// plain reports whether a recipient is visible ASCII without blanks, as most are.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return s != "" && len(s) <= MaxRecipientBytes
}

// lower returns s in lower case and NFC. Small letters of a few scripts have no
// composed form of their own, so that one is a step of the other.
func lower(s string) string {
	for range 4 {
		next := norm.NFC.String(strings.ToLower(norm.NFC.String(s)))
		if next == s {
			break
		}
		s = next
	}
	return s
}

// invisible reports whether a character takes no room, or room that looks
// empty: format characters (Cf), other characters that are ignored by default
// (Unicode's Default_Ignorable_Code_Point), and the empty pattern of Braille.
func invisible(r rune) bool {
	if r < 0x80 {
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r == '\u2800'
}

// domains maps names as browsers do (UTS #46, nontransitional); underscores and
// hyphens are the sender's affair.
var domains = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.StrictDomainName(false), idna.CheckHyphens(false))

// aLabel returns a domain in ASCII.
func aLabel(domain string) (string, error) {
	if isASCII(domain) && !strings.Contains(domain, "xn--") {
		return domain, nil
	}
	ascii, err := domains.ToASCII(domain)
	if err != nil {
		return "", recipientError("the domain of the recipient is no name")
	}
	if !isASCII(ascii) || strings.ContainsFunc(ascii, unicode.IsControl) || strings.ContainsAny(ascii, "@ ") {
		return "", recipientError("the domain of the recipient is no name")
	}
	return ascii, nil
}

// uLabel returns a domain as people read it.
func uLabel(domain string) string {
	if !strings.Contains(domain, "xn--") {
		return domain
	}
	text, _ := domains.ToUnicode(domain) // with an error it is the best that can be read
	return text
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
