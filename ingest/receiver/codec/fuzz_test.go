package codec

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// FuzzCount gives hostile bytes to every decoder: it must end within the
// limits, both ways of decoding must agree, and a decoder that met garbage must
// decode the next body correctly.
func FuzzCount(f *testing.F) {
	zeros := strings.Repeat("\x00", 300_000)
	for _, seed := range [][]byte{
		nil, []byte(three), gzipped(three), gzipped(three[:5], three[5:]), zstded(three), zstded(three[:5], three[5:]),
		snapped(three), zstdFrame(24), zstdFrame(10), skippable(5), gzipped(zeros), zstded(zeros), snapped(zeros),
	} {
		for _, c := range All {
			f.Add(byte(c), seed)
		}
	}
	healthy := map[Codec][]byte{Plain: []byte(three), Gzip: gzipped(three), Zstd: zstded(three), Snappy: snapped(three)}
	f.Fuzz(func(t *testing.T, kind byte, sent []byte) {
		const most = 100_000
		c := All[int(kind)%len(All)]
		counts, err := Count(c, sent, Limits{Bytes: most, LineBytes: 100}, nil)
		text, err2 := AppendDecoded(nil, c, sent, most)
		if !errors.Is(err2, err) || len(text) > most {
			t.Fatalf("Count: %v; AppendDecoded: %d bytes, %v", err, len(text), err2)
		}
		switch {
		case err == nil:
			if want := simpleCount(text); counts.DecodedBytes != int64(len(text)) || counts.Lines != want {
				t.Fatalf("counted %+v of %d bytes with %d lines", counts, len(text), want)
			}
		case !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrWindow):
			t.Fatalf("an error of another package: %v", err)
		}
		if again, err := Count(c, healthy[c], Limits{Bytes: most, LineBytes: 100}, nil); err != nil || again.Lines != 3 {
			t.Fatalf("the next body: %+v, %v", again, err)
		}
	})
}

func simpleCount(text []byte) (lines int) {
	for line := range bytes.SplitSeq(text, []byte{'\n'}) {
		if len(bytes.Trim(line, " \t\r\v\f")) > 0 {
			lines++
		}
	}
	return lines
}
