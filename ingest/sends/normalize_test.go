package sends

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestNormalize(t *testing.T) {
	for in, want := range map[string]string{
		"ada@example.com":              "ada@example.com",
		"  Ada@Example.COM\t":          "ada@example.com",
		"\u00a0ada@example.com":        "ada@example.com",
		"\ufeff\u200bada@example.com ": "ada@example.com",
		"ÖZIL@EXAMPLE.COM":             "özil@example.com",
		"o\u0308zil@example.com":       "özil@example.com",
		"ada@BÜCHER.example":           "ada@xn--bcher-kva.example",
		"ada@faß.example":              "ada@xn--fa-hia.example", // no transitional mapping to ss
		"Customer 17":                  "customer 17",
		"ada+newsletter@example.":      "ada+newsletter@example.",
		"a@b@Bücher.example":           "a@b@xn--bcher-kva.example",
		"№ 17":                         "№ 17",
		"user@my_host":                 "user@my_host",
		"user@r3---x.Example":          "user@r3---x.example",
	} {
		if got, err := Normalize(in); got != want || err != nil {
			t.Errorf("Normalize(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for in, want := range map[string]error{
		"": errEmpty, " \u200b\ufeff\u00a0": errEmpty, "\xff": errNotUTF8, "a\x00b": errControl, "a\nb": errControl, "a\u0085b": errControl,
		"a\ufffdb": errReplacement, strings.Repeat("ä", 161): errTooLong, "a\u200db": recipientError("the recipient has an invisible character (U+200D)"),
		"ada@xn--zzzzzz99999.example": recipientError("the domain of the recipient is no name"),
		"ada@bü cher.example":         recipientError("the domain of the recipient is no name"),
	} {
		if got, err := Normalize(in); !errors.Is(err, ErrRecipient) || err.Error() != want.Error() {
			t.Errorf("Normalize(%q) = %q, %v; want the error %v", in, got, err, want)
		}
	}
}

// FuzzNormalize checks that a normalized address is stable, canonical and visible, and
// does not depend on the form in which it was written.
func FuzzNormalize(f *testing.F) {
	for _, seed := range []string{
		"ada@example.com", " Ada@BÜCHER.example\u200b", "İ@ϓ.example", "ǰ\u0323ΰ", "ß@faß.example", "\u1e9e", "ᾳ\u0301", "Ὰͅ", "٠١@١.example", "a@\u05d0.example",
		"\u0345a", "K@K.example", "a@xn--bcher-kva.example", "＠a＠b", "\u3164", "ﬃ@ﬃ.example", "a\u0300\u0316@x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := Normalize(in)
		if err != nil {
			return
		}
		if again, err := Normalize(got); again != got || err != nil {
			t.Errorf("Normalize(%q) = %q, and of that %q, %v", in, got, again, err)
		}
		if !norm.NFC.IsNormalString(got) || len(got) > MaxRecipientBytes || got == "" || !utf8.ValidString(got) {
			t.Errorf("Normalize(%q) = %q", in, got)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Errorf("Normalize(%q) = %q, with invisible characters", in, got)
		}
		for _, form := range []string{norm.NFD.String(in), norm.NFC.String(in), "\u200b " + in + "\u202c\t", got} {
			if other, err := Normalize(form); other != got || err != nil {
				t.Errorf("Normalize(%q) = %q, and of the form %q it is %q, %v", in, got, form, other, err)
			}
		}
		if looks(got) != looks(strings.ToUpper(got)) && isASCII(got) && !strings.Contains(got, "xn--") {
			if upper, err := Normalize(strings.ToUpper(got)); err == nil && upper != got {
				t.Errorf("%q in capitals is %q", got, upper)
			}
		}
	})
}

// FuzzOrdinaryAddresses compares the fast path with the general one.
func FuzzOrdinaryAddresses(f *testing.F) {
	for _, s := range []string{"ada@example.com", "a.b@c", "a@", "@a", "a@.b", "a@b.", "a@b..c", "a..b@c.d", "a@xn--b", "a--b@c.d", "a@b@c", "a+b_c@d-e.f", "mailto:a@b", "a", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		recipient, err := Normalize(s)
		if err != nil || !ordinary(recipient) {
			return
		}
		if reason := unusualFault(recipient); reason != "" {
			t.Errorf("%q: %s", recipient, reason)
		}
	})
}
