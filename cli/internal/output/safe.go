package output

import (
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// Safe returns s with each character that controls a terminal or is invisible
// replaced by U+FFFD. These are control and format characters (escape
// sequences, text direction, tags), line and paragraph separators, and
// characters that Unicode defines as invisible.
func Safe(s string) string {
	var before rune
	return strings.Map(func(r rune) rune {
		steering := steers(r, before)
		before = r
		if steering {
			return utf8.RuneError
		}
		return r
	}, s)
}

// steers reports whether r, after the character before, controls a terminal or is
// invisible. A variation selector chooses the glyph of a character, in emoji and in
// Japanese names: it may follow a non-ASCII character, but not another selector,
// since a series of selectors can hide text.
// https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
func steers(r, before rune) bool {
	if unicode.Is(unicode.Variation_Selector, r) {
		return before < utf8.RuneSelf || unicode.Is(unicode.Variation_Selector, before) || steers(before, utf8.RuneError)
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Noncharacter_Code_Point)
}

// IsTerminal reports whether w is a terminal. Other character devices, such as
// /dev/null, are not.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
