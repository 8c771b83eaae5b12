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

// MaxRecipientBytes is the longest recipient. An address has at most 320 bytes
// (RFC 3696 erratum 1690: 254); other ids of recipients are allowed, too.
const MaxRecipientBytes = 320

// ErrRecipient is wrapped by the errors of Normalize.
var ErrRecipient = errors.New("sends: faulty recipient")

// recipientError is a reason without the recipient, so it is safe to print.
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

// Normalize returns a recipient in the form in which it is stored and its
// message id is derived, so that cells which look equal are one recipient:
// trimmed of blanks and invisible characters, in NFC, in lower case, the domain
// of an address as an A-label (RFC 5890). It is idempotent. For a recipient
// without such a form it returns an error around ErrRecipient, which does not
// contain the recipient.
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

// plain reports whether a recipient is visible ASCII without blanks, as most
// are.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return s != "" && len(s) <= MaxRecipientBytes
}

// lower returns s in lower case and NFC. In a few scripts lower-case letters
// have no composed form, so both steps depend on each other.
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

// invisible reports whether a character is invisible or looks like a blank:
// format characters (Cf), other default-ignorable characters (Unicode's
// Default_Ignorable_Code_Point), and the empty pattern of Braille.
func invisible(r rune) bool {
	if r < 0x80 {
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r == '\u2800'
}

// domains maps names like browsers do (UTS #46, nontransitional) and allows
// underscores and hyphens anywhere.
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

// uLabel returns a domain in Unicode, for people.
func uLabel(domain string) string {
	if !strings.Contains(domain, "xn--") {
		return domain
	}
	text, _ := domains.ToUnicode(domain) // on an error it is the best readable form
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
