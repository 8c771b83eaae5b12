package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

func gzipped(parts ...string) []byte {
	var b bytes.Buffer
	for _, p := range parts {
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, p)
		_ = w.Close()
	}
	return b.Bytes()
}

func zstded(parts ...string) []byte {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	if err != nil {
		panic(err)
	}
	var b []byte
	for _, p := range parts {
		b = w.EncodeAll([]byte(p), b)
	}
	return b
}

func snapped(parts ...string) []byte {
	var b bytes.Buffer
	for _, p := range parts {
		w := snappy.NewBufferedWriter(&b)
		_, _ = io.WriteString(w, p)
		_ = w.Close()
	}
	return b.Bytes()
}

// zstdFrame returns a frame with the given window, and the text as one raw
// block.
func zstdFrame(windowLog uint) []byte {
	b := append([]byte{}, zstdMagic...)
	b = append(b, 0, byte(windowLog-10)<<3) // RFC 8878 §3.1.1.1
	block := binary.LittleEndian.AppendUint32(nil, uint32(len(three))<<3|1)
	return append(append(b, block[:3]...), three...)
}

// skippable returns a frame that a zstd decoder skips.
func skippable(n int) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0x184D2A53)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	return append(b, make([]byte, n)...)
}

const three = "{\"a\":1}\n{\"b\":2}\n\n  \r\n{\"c\":3}"

func TestEveryCodecDecodesToTheSameLines(t *testing.T) {
	joined := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for _, c := range []struct {
		name  string
		codec Codec
		sent  []byte
	}{
		{"plain", Plain, []byte(three)},
		{"gzip", Gzip, gzipped(three)},
		{"gzip of several members, cut within a line", Gzip, gzipped(three[:3], three[3:9], three[9:])},
		{"gzip with an empty member", Gzip, gzipped("", three)},
		{"zstd", Zstd, zstded(three)},
		{"zstd of several frames, cut within a line", Zstd, zstded(three[:3], three[3:9], three[9:])},
		{"zstd with skippable frames around", Zstd, joined(skippable(10), zstded(three), skippable(0))},
		{"zstd with the largest window", Zstd, zstdFrame(23)},
		{"framed snappy", Snappy, snapped(three)},
		{"framed snappy of several streams", Snappy, snapped(three[:3], three[3:])},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Detect(c.sent); got != c.codec {
				t.Errorf("Detect says %v", got)
			}
			got, err := Count(c.codec, c.sent, Limits{Bytes: 1000}, nil)
			if want := (Counts{Lines: 3, DecodedBytes: int64(len(three))}); err != nil || got != want {
				t.Errorf("Count = %+v, %v; want %+v", got, err, want)
			}
			text, err := AppendDecoded([]byte("before "), c.codec, c.sent, 1000)
			if string(text) != "before "+three || err != nil {
				t.Errorf("AppendDecoded = %q, %v", text, err)
			}
		})
	}
}

func TestDamageIsAnError(t *testing.T) {
	gz, zs, sn := gzipped(three), zstded(three), snapped(three)
	flip := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 0x10
		return b
	}
	for _, c := range []struct {
		name  string
		codec Codec
		sent  []byte
		want  error
	}{
		{"gzip without its end", Gzip, gz[:len(gz)-1], ErrDamaged},
		{"gzip header only", Gzip, gz[:10], ErrDamaged},
		{"gzip with a wrong checksum", Gzip, flip(gz, len(gz)-6), ErrDamaged},
		{"gzip with more behind it", Gzip, append(bytes.Clone(gz), "more"...), ErrDamaged},
		{"nothing as gzip", Gzip, nil, ErrDamaged},
		{"zstd without its end", Zstd, zs[:len(zs)-1], ErrDamaged},
		{"zstd magic only", Zstd, zs[:4], ErrDamaged},
		{"zstd with a wrong checksum", Zstd, flip(zs, len(zs)-1), ErrDamaged},
		{"zstd with more behind it", Zstd, append(bytes.Clone(zs), "more"...), ErrDamaged},
		{"zstd with a window of 16 MiB", Zstd, zstdFrame(24), ErrWindow},
		{"zstd with a window of 2 TiB", Zstd, zstdFrame(41), ErrWindow},
		{"zstd skippable frame that is not all there", Zstd, skippable(10)[:12], ErrDamaged},
		{"snappy without its end", Snappy, sn[:len(sn)-1], ErrDamaged},
		{"snappy with a wrong checksum", Snappy, flip(sn, 15), ErrDamaged},
		{"a raw snappy block", Snappy, snappy.Encode(nil, []byte(three)), ErrDamaged},
		{"gzip said, zstd sent", Gzip, zs, ErrDamaged},
		{"zstd said, plain sent", Zstd, []byte(three), ErrDamaged},
		{"a codec of the future", Codec(9), []byte(three), ErrUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Count(c.codec, c.sent, Limits{Bytes: 1000}, nil); !errors.Is(err, c.want) {
				t.Errorf("Count: %v, want %v", err, c.want)
			}
			if _, err := AppendDecoded(nil, c.codec, c.sent, 1000); !errors.Is(err, c.want) {
				t.Errorf("AppendDecoded: %v, want %v", err, c.want)
			}
		})
	}
}

func TestDecodedSizeIsBoundedToTheByte(t *testing.T) {
	text := strings.Repeat("0123456789abcde\n", 20_000)
	for name, c := range map[string]struct {
		codec Codec
		sent  []byte
	}{
		"plain": {Plain, []byte(text)}, "gzip": {Gzip, gzipped(text)}, "zstd": {Zstd, zstded(text)}, "snappy": {Snappy, snapped(text)},
	} {
		t.Run(name, func(t *testing.T) {
			if n, err := Count(c.codec, c.sent, Limits{Bytes: int64(len(text))}, nil); err != nil || n.Lines != 20_000 {
				t.Errorf("exactly the limit: %+v, %v", n, err)
			}
			if _, err := Count(c.codec, c.sent, Limits{Bytes: int64(len(text)) - 1}, nil); !errors.Is(err, ErrTooLarge) {
				t.Errorf("one byte more than the limit: %v", err)
			}
			got, err := AppendDecoded(nil, c.codec, c.sent, 1000)
			if !errors.Is(err, ErrTooLarge) || string(got) != text[:1000] {
				t.Errorf("AppendDecoded kept %d bytes, %v", len(got), err)
			}
		})
	}
}

func TestContentEncodingNamesACodec(t *testing.T) {
	type answer struct {
		Codec Codec
		Known bool
		Err   bool
	}
	for header, want := range map[string]answer{
		"":                {Plain, false, false},
		"identity":        {Plain, false, false},
		"gzip":            {Gzip, true, false},
		" GZIP ":          {Gzip, true, false},
		"x-gzip":          {Gzip, true, false},
		"zstd":            {Zstd, true, false},
		"snappy":          {Snappy, true, false},
		"x-snappy-framed": {Snappy, true, false},
		"br":              {Plain, false, true},
		"deflate":         {Plain, false, true},
		"gzip, zstd":      {Plain, false, true},
	} {
		c, known, err := Parse(header)
		got := answer{c, known, err != nil}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", header, diff)
		}
	}
}

func TestCodecsKeepTheirNumbersAndNames(t *testing.T) {
	var got []string
	for _, c := range append(All, Codec(200)) {
		got = append(got, string('0'+rune(c%10))+" "+c.String())
	}
	if diff := cmp.Diff([]string{"0 plain", "1 gzip", "2 zstd", "3 snappy", "0 unknown"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLinesAreCountedHoweverTheyAreCut(t *testing.T) {
	for _, c := range []struct {
		name  string
		text  string
		lines int
		long  int
	}{
		{"nothing", "", 0, 0},
		{"only blank lines", "\n\n \t\r\n\v\f\n", 0, 0},
		{"no line feed at the end", "a\nb", 2, 0},
		{"line feed at the end", "a\nb\n", 2, 0},
		{"blank lines between", "\n\na\n\n  \nb\n\n", 2, 0},
		{"carriage returns", "a\r\n\r\nb\r\n", 2, 0},
		{"no UTF-8", "\xff\xfe\n\x80\n", 2, 0},
		{"a NUL is no white space", "\x00\n", 1, 0},
		{"lines of the longest length", strings.Repeat("x", 8) + "\n" + strings.Repeat("y", 8), 2, 0},
		{"lines above it", strings.Repeat("x", 9) + "\nshort\n" + strings.Repeat("y", 90), 3, 2},
		{"a long blank line", strings.Repeat(" ", 90) + "\n", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for cut := 1; cut <= len(c.text)+1; cut++ {
				counter := Counter{MaxLineBytes: 8}
				for rest := []byte(c.text); len(rest) > 0; {
					n := min(cut, len(rest))
					counter.Add(rest[:n])
					rest = rest[n:]
				}
				counter.End()
				if counter.Lines != c.lines || counter.Long != c.long {
					t.Fatalf("in parts of %d bytes: %d lines, %d long; want %d and %d", cut, counter.Lines, counter.Long, c.lines, c.long)
				}
			}
		})
	}
}

func TestDecodingAllocatesNothing(t *testing.T) {
	text := strings.Repeat("{\"event\":\"of a line\"}\n", 1000)
	for name, c := range map[string]struct {
		codec Codec
		sent  []byte
	}{
		"plain": {Plain, []byte(text)}, "gzip": {Gzip, gzipped(text)}, "zstd": {Zstd, zstded(text)}, "snappy": {Snappy, snapped(text)},
	} {
		t.Run(name, func(t *testing.T) {
			if raceEnabled {
				return // with the race detector, pools drop items on purpose
			}
			n := testing.AllocsPerRun(100, func() {
				if got, err := Count(c.codec, c.sent, Limits{Bytes: 1 << 20, Lines: 1000, LineBytes: 100}, nil); err != nil || got.Lines != 1000 {
					t.Fatal(got, err)
				}
			})
			if n >= 1 {
				t.Errorf("%v allocations per body", n)
			}
		})
	}
}
