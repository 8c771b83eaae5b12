package output

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// PageWidth is the width of text that is not written to a terminal.
const PageWidth = 80

// The limits of the width on a terminal.
const minWidth, maxWidth = 40, 200

// Style is the form of text for people.
type Style struct {
	Width int  // columns that text and charts may take
	Fit   bool // fit tables to Width: the output is a terminal
	ASCII bool // the terminal shows ASCII only
	Bold  bool
}

// StyleOf returns the style for text that is written to w. The width is the
// terminal's; the locale decides on ASCII, as in POSIX: LC_ALL, LC_CTYPE, LANG,
// the first that is set. If none is set, UTF-8 is assumed.
func StyleOf(w io.Writer, getenv func(string) string) Style {
	s := Style{Width: PageWidth, ASCII: !isUTF8(getenv)}
	if !IsTerminal(w) {
		return s
	}
	s.Fit, s.Bold = true, getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
	if width, _, err := term.GetSize(int(w.(*os.File).Fd())); err == nil && width > 0 {
		s.Width = min(max(width, minWidth), maxWidth)
	}
	return s
}

func isUTF8(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := getenv(name); locale != "" {
			_, codeset, _ := strings.Cut(strings.ToUpper(locale), ".")
			codeset, _, _ = strings.Cut(codeset, "@")
			return codeset == "UTF-8" || codeset == "UTF8"
		}
	}
	return true
}

// Writer returns a writer to w; with ASCII set, it replaces other characters.
func (s Style) Writer(w io.Writer) io.Writer {
	if !s.ASCII {
		return w
	}
	return asciiWriter{w}
}

// asciiWriter converts text to ASCII. Each Write must contain complete
// characters.
type asciiWriter struct{ w io.Writer }

// inASCII replaces the signs that glint itself writes; any other character becomes a question mark.
var inASCII = strings.NewReplacer(
	"…", "..", "–", "-", "—", "-", "·", "-", "×", "x", "→", "->", "≥", ">=", "≤", "<=", "\u00a0", " ", "’", "'", "ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss",
	"█", "#", "▓", "%", "▒", "+", "░", ".", "▁", "_", "▂", ".", "▃", "-", "▄", "-", "▅", "+", "▆", "+", "▇", "#", "│", "|", "─", "-", "┼", "+", "├", "|", "┤", "|", "◆", "*",
)

func (a asciiWriter) Write(b []byte) (int, error) {
	text := strings.Map(func(r rune) rune {
		if r >= utf8.RuneSelf {
			return '?'
		}
		return r
	}, inASCII.Replace(string(b)))
	if _, err := io.WriteString(a.w, text); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Wrap breaks text into lines of at most width columns, at blanks. A longer word
// gets a separate, longer line.
func Wrap(text string, width int) (lines []string) {
	line, taken := "", 0
	for word := range strings.FieldsSeq(text) {
		w := Width(word)
		if taken > 0 && taken+1+w > width {
			lines, line, taken = append(lines, line), "", 0
		}
		if taken > 0 {
			line, taken = line+" ", taken+1
		}
		line, taken = line+word, taken+w
	}
	return append(lines, line)
}

// Cut shortens text to width columns, with an ellipsis in place of the rest.
func Cut(text string, width int) string {
	if Width(text) <= width {
		return text
	}
	var b strings.Builder
	taken := 1
	for _, r := range text {
		if taken += columns.RuneWidth(r); taken > width {
			break
		}
		b.WriteRune(r)
	}
	return b.String() + "…"
}
