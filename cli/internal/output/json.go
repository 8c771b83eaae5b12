package output

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
)

// NewJSON returns an encoder whose output is safe for a terminal: like Safe, but without
// loss. It escapes the characters that control a terminal; encoding/json escapes only the
// first 32 characters.
func NewJSON(w io.Writer) *json.Encoder {
	e := json.NewEncoder(escaper{w})
	e.SetEscapeHTML(false)
	return e
}

// escaper escapes characters in complete JSON documents, in which they occur only in
// strings.
type escaper struct{ w io.Writer }

func (e escaper) Write(document []byte) (int, error) {
	safe := make([]byte, 0, len(document))
	var before rune
	for _, r := range string(document) {
		steering := r != '\n' && steers(r, before)
		before = r
		switch {
		case !steering:
			safe = append(safe, string(r)...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			safe = fmt.Appendf(safe, `\u%04x\u%04x`, high, low)
		default:
			safe = fmt.Appendf(safe, `\u%04x`, r)
		}
	}
	if _, err := e.w.Write(safe); err != nil {
		return 0, err
	}
	return len(document), nil
}
