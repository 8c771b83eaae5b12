package output

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSafeLeavesNothingThatSteersATerminal(t *testing.T) {
	for in, want := range map[string]string{
		"spring":              "spring",
		"Größe 大 🎉":           "Größe 大 🎉",
		"\x1b[31mred":         "\ufffd[31mred",
		"a\r\nb\tc\x00\x7f":   "a\ufffd\ufffdb\ufffdc\ufffd\ufffd",
		"\u009b31m":           "\ufffd31m",
		"\u202eevil\u200bend": "\ufffdevil\ufffdend",
		"\xff\xfe":            "\ufffd\ufffd",
		"a\u2028b\u2029c":     "a\ufffdb\ufffdc",
		"\u2764\ufe0f":        "\u2764\ufe0f", // a red heart
		"葛\U000e0100城":        "葛\U000e0100城", // the glyph that the city writes
		"\u2764\ufe0f\ufe0f":  "\u2764\ufe0f\ufffd",
		"a\ufe0f\ufe00b":      "a\ufffd\ufffdb",
		"\ufe0f":              "\ufffd",
		"\u2028\ufe0f":        "\ufffd\ufffd",
	} {
		if got := Safe(in); got != want {
			t.Errorf("Safe(%q) = %q, want %q", in, got, want)
		}
	}
}

// steering has the characters that a terminal obeys or does not show, by what
// they are; each range is from the Unicode Character Database, version 15.
var steering = map[string][][2]rune{
	"C0 and DEL":                   {{0, 0x1f}, {0x7f, 0x7f}},
	"C1":                           {{0x80, 0x9f}},
	"line and paragraph separator": {{0x2028, 0x2029}},
	"direction":                    {{0x61c, 0x61c}, {0x200e, 0x200f}, {0x202a, 0x202e}, {0x2066, 0x2069}},
	"zero width":                   {{0x200b, 0x200d}, {0x2060, 0x2060}, {0xfeff, 0xfeff}},
	"soft hyphen":                  {{0xad, 0xad}},
	"invisible operators":          {{0x2061, 0x2065}, {0x206a, 0x206f}},
	"grapheme joiner":              {{0x34f, 0x34f}},
	"Hangul fillers":               {{0x115f, 0x1160}, {0x3164, 0x3164}, {0xffa0, 0xffa0}},
	"Khmer inherent vowels":        {{0x17b4, 0x17b5}},
	"Mongolian vowel separator":    {{0x180e, 0x180e}},
	"annotation":                   {{0xfff0, 0xfffb}},
	"shorthand, music":             {{0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}},
	"tags":                         {{0xe0000, 0xe00ff}, {0xe01f0, 0xe0fff}},
	"Arabic and other signs":       {{0x600, 0x605}, {0x6dd, 0x6dd}, {0x70f, 0x70f}, {0x8e2, 0x8e2}, {0x110bd, 0x110bd}},
	"noncharacters":                {{0xfdd0, 0xfdef}, {0xfffe, 0xffff}, {0x10fffe, 0x10ffff}},
}

func TestEveryCharacterThatSteersIsReplaced(t *testing.T) {
	for name, ranges := range steering {
		for _, in := range ranges {
			for r := in[0]; r <= in[1]; r++ {
				for _, text := range []string{string(r), "大" + string(r) + "b"} {
					if got := Safe(text); strings.ContainsRune(got, r) || utf8.RuneCountInString(got) != utf8.RuneCountInString(text) {
						t.Errorf("%s: Safe(%q) = %q", name, text, got)
					}
				}
				var b bytes.Buffer
				if err := NewJSON(&b).Encode(string(r)); err != nil {
					t.Fatal(err)
				}
				var back string
				if strings.ContainsRune(strings.TrimSuffix(b.String(), "\n"), r) || json.Unmarshal(b.Bytes(), &back) != nil || back != string(r) {
					t.Errorf("%s: %q in JSON is %s", name, r, b.String())
				}
			}
		}
	}
}

// TestARowOfSelectorsIsReplaced keeps the one that may choose a glyph.
func TestARowOfSelectorsIsReplaced(t *testing.T) {
	for _, in := range [][2]rune{{0x180b, 0x180d}, {0x180f, 0x180f}, {0xfe00, 0xfe0f}, {0xe0100, 0xe01ef}} {
		for r := in[0]; r <= in[1]; r++ {
			if got, want := Safe("大"+string(r)+string(r)+"a"+string(r)), "大"+string(r)+"\ufffda\ufffd"; got != want {
				t.Errorf("%U: %q, want %q", r, got, want)
			}
		}
	}
}

func TestADeviceIsNoTerminal(t *testing.T) {
	for _, path := range []string{os.DevNull, "/dev/zero"} {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		if IsTerminal(f) {
			t.Errorf("%s is a terminal", path)
		}
	}
	if IsTerminal(&bytes.Buffer{}) {
		t.Error("a buffer is a terminal")
	}
}

func TestAPseudoTerminalIsATerminal(t *testing.T) {
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if !IsTerminal(f) {
		t.Error("a pseudo-terminal is not recognized")
	}
}
