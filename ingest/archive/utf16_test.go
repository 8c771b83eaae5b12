package archive

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// wide is a text as Windows programs write it.
func wide(text string, order binary.AppendByteOrder, mark bool) (b []byte) {
	if mark {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return b
}

// Lines are the same in UTF-16 as in UTF-8, packed or not, from each offset on.
func TestLinesInUTF16(t *testing.T) {
	want, _ := numbered(20_000)
	want[7] = `{"agent":"Zürich \ud83d\udcec 📬 東京"}`
	text := strings.Join(want, "\r\n") + "\r\n"
	for _, codec := range codecs {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			for _, mark := range []bool{true, false} {
				packed := pack(t, codec, wide(text, order, mark))
				got, offset, err := read(t, packed, 0)
				if err != nil || offset != int64(len(text)) || !cmp.Equal(want, got) {
					t.Errorf("%s, %v, mark %v: %d lines, offset %d, %v; want %d, %d", codec, order, mark, len(got), offset, err, len(want), len(text))
				}
				skip := int64(len(strings.Join(want[:15_000], "\r\n")) + 2)
				if got, _, err := read(t, packed, skip); err != nil || !cmp.Equal(want[15_000:], got) {
					t.Errorf("%s, %v, mark %v: from %d on %d lines, %v", codec, order, mark, skip, len(got), err)
				}
				half := packed[:len(packed)/2|1] // within a character
				got, _, err = read(t, half, 0)
				if codec == "plain" && err != nil || codec != "plain" && !errors.Is(err, ErrDamaged) {
					t.Errorf("%s, %v, mark %v, cut off: %v", codec, order, mark, err)
				}
				if n := max(len(got)-1, 0); !cmp.Equal(want[:n], append([]string{}, got[:n]...)) {
					t.Errorf("%s, %v, mark %v, cut off: other lines", codec, order, mark)
				}
			}
		}
	}
}

func TestOtherEncodingsAreNoLines(t *testing.T) {
	for name, file := range map[string]string{
		"UTF-32":            "\xff\xfe\x00\x00{\x00\x00\x00}\x00\x00\x00",
		"binary":            "\x00\x01\x00\x02\x00\x03\x00\x04",
		"binary, with mark": "\xff\xfe\x01\x00\x02\x00",
	} {
		if lines, _, err := read(t, []byte(file), 0); !errors.Is(err, ErrNotText) {
			t.Errorf("%s: %q, %v", name, lines, err)
		}
	}
	if lines, _, err := read(t, []byte("\xff\xfe"), 0); err != nil || len(lines) > 0 {
		t.Errorf("a mark alone: %q, %v", lines, err)
	}
}
