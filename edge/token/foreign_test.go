package token

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// foreignText matches the texts that decodeForeign decodes.
var foreignText = regexp.MustCompile(`[=-][0-9a-fA-F]{2}|&(?:amp;){0,2}(?:#[0-9]{1,15}|#[xX][0-9a-fA-F]{1,14}|[A-Za-z]{1,16});|\\[uU][0-9a-fA-F]{4}|\\[-_]|<[\x00-\x3d\x3f-\x7f]{0,14}>|[\x{2010}-\x{2015}\x{2212}\x{fe58}\x{fe63}\x{ff0d}\x{ff3f}]`)

// foreignSlowly is decodeForeign for a whole text, for the oracle.
func foreignSlowly(text string) string {
	return foreignText.ReplaceAllStringFunc(text, func(s string) string {
		name := strings.TrimSuffix(strings.ReplaceAll(s, "amp;", ""), ";")
		var plain string
		switch {
		case s[0] == '<':
			return ""
		case s[0] == '=' || s[0] == '-':
			n, _ := strconv.ParseUint(s[1:], 16, 32)
			if plain = string(rune(n)); s[0] == '=' && (n <= ' ' || n == '=') {
				return ""
			} else if n != '-' && n != '_' {
				return s
			}
			return plain
		case strings.HasPrefix(name, "&#x"), strings.HasPrefix(name, "&#X"):
			n, _ := strconv.ParseUint(name[3:], 16, 63)
			plain = string(rune(min(n, 0x10ffff)))
		case strings.HasPrefix(name, "&#"):
			n, _ := strconv.ParseUint(name[2:], 10, 63)
			plain = string(rune(min(n, 0x10ffff)))
		case s[0] == '&':
			plain = map[string]string{
				"hyphen": "-", "dash": "-", "ndash": "-", "mdash": "-", "minus": "-", "lowbar": "_", "UnderBar": "_",
				"shy": " ", "nbsp": " ", "ZeroWidthSpace": " ", "zwnj": " ", "zwj": " ", "NewLine": " ",
			}[name[1:]]
		case s[0] == '\\' && len(s) == 2:
			return s[1:]
		case s[0] == '\\':
			n, _ := strconv.ParseUint(s[2:], 16, 32)
			plain = string(rune(n))
		default:
			plain = s
		}
		switch {
		case plain == "" || plain == "\x00":
			return s
		case plain <= " " || strings.Contains("\u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u2028\u2060\ufeff", plain):
			return ""
		case strings.Contains("-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", plain):
			return "-"
		case plain == "_" || plain == "\uff3f":
			return "_"
		}
		return s
	})
}

func TestTextThatStandsForNothingStays(t *testing.T) {
	for _, text := range []string{
		"&", "&;", "&amp;", "&#;", "&#x;", "&#0;", "&#99999999999;", "&copy;", "&hyphen", "&#45", "&amp;amp;amp;#45;", `\`, `\u`, `\u002`, `\u00zz`, `\x2d`, `\u0041`,
		"<", "<a long tag that no break is>", "<\u00e4>", "\xe2", "\xe2\x80", "\xe2A\x90", "\xef\xbc\x8c", "=4", "-41",
	} {
		if length, c, drop := decodeForeign([]byte(text)); length != 0 || c != 0 || drop {
			t.Errorf("%q: %d bytes are %q, dropped %v", text, length, c, drop)
		}
		if got := foreignSlowly(text); got != text {
			t.Errorf("the oracle makes %q of %q", got, text)
		}
	}
}
