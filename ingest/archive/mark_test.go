package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// content is a text of that many lines.
func content(lines int) []byte {
	var b bytes.Buffer
	for i := range lines {
		fmt.Fprintf(&b, "{\"line\":%d,\"text\":%q}\n", i, strings.Repeat("x", i%50))
	}
	return b.Bytes()
}

// readSome reads lines of a file, all for a negative number, and returns the mark.
func readSome(t *testing.T, file []byte, skip int64, lines int) (mark Mark, got []string) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file), skip)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	done := false
	for lines < 0 || len(got) < lines {
		line, err := r.Next()
		if done = errors.Is(err, io.EOF); done {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(line))
	}
	if mark, err = r.Mark(done); err != nil {
		t.Fatal(err)
	}
	return mark, got
}

func resume(t *testing.T, file []byte, before Mark) Mark {
	t.Helper()
	m, err := Resume(bytes.NewReader(file), int64(len(file)), before)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestEveryChangedByteIsSeen changes single bytes of a large file that was read,
// in places by chance and at both ends.
func TestEveryChangedByteIsSeen(t *testing.T) {
	file := content(20_000)
	mark, _ := readSome(t, file, 0, -1)
	if !mark.Done || mark.Size != int64(len(file)) || resume(t, file, mark) != mark {
		t.Fatalf("mark %+v of %d bytes", mark, len(file))
	}
	chance := rand.New(rand.NewPCG(3, 3))
	places := []int{0, 1, len(file) - 1}
	for range 40 {
		places = append(places, chance.IntN(len(file)))
	}
	for _, at := range places {
		changed := bytes.Clone(file)
		changed[at] ^= 1
		if m := resume(t, changed, mark); m != (Mark{}) {
			t.Errorf("byte %d of %d changed and the file is known as %+v", at, len(file), m)
		}
	}
}

// TestAResumedFileGivesTheRest stops after some lines, in each codec.
func TestAResumedFileGivesTheRest(t *testing.T) {
	text := content(30_000)
	_, all := readSome(t, text, 0, -1)
	for _, codec := range []string{"plain", "gzip", "zstd", "snappy"} {
		file := pack(t, codec, text)
		for _, n := range []int{1, 500, 29_999, 30_000} {
			mark, first := readSome(t, file, 0, n)
			again := resume(t, file, mark)
			if again != mark || again.Done {
				t.Fatalf("%s after %d lines: %+v is resumed as %+v", codec, n, mark, again)
			}
			end, rest := readSome(t, file, again.Offset, -1)
			if got := append(first, rest...); len(got) != len(all) || got[len(got)-1] != all[len(all)-1] {
				t.Errorf("%s after %d lines: %d lines, want %d", codec, n, len(got), len(all))
			}
			if !end.Done || end.Size != int64(len(file)) {
				t.Errorf("%s after %d lines: %+v at the end of %d bytes", codec, n, end, len(file))
			}
		}
	}
}

func TestAFileThatHasGrownIsReadOn(t *testing.T) {
	text := content(5000)
	half := text[:bytes.IndexByte(text[len(text)/2:], '\n')+len(text)/2+1]
	mark, first := readSome(t, half, 0, -1)
	again := resume(t, text, mark)
	if again.Done || again.Offset != mark.Offset {
		t.Fatalf("%+v, before %+v", again, mark)
	}
	if _, rest := readSome(t, text, again.Offset, -1); len(first)+len(rest) != 5000 {
		t.Errorf("%d and %d lines, want 5000", len(first), len(rest))
	}
	if m := resume(t, half[:len(half)-1], mark); m != (Mark{}) {
		t.Errorf("a file that is shorter than before is known as %+v", m)
	}
}

func TestAFileOfAnUnknownNameIsNotRead(t *testing.T) {
	if m, err := Resume(iotestFails{}, 10, Mark{}); err != nil || m != (Mark{}) {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := Resume(iotestFails{}, 10, Mark{Size: 1, Fingerprint: "x"}); err == nil {
		t.Error("no error of the disk")
	}
}

type iotestFails struct{}

func (iotestFails) Read([]byte) (int, error) { return 0, errors.New("a fault of the disk") }

// TestALineOfAGigabyteTakesBoundedMemory reads 100 kB that decode to one line.
func TestALineOfAGigabyteTakesBoundedMemory(t *testing.T) {
	var packed bytes.Buffer
	w, err := zstd.NewWriter(&packed, zstd.WithWindowSize(1<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	part := bytes.Repeat([]byte("x"), 1<<20)
	_, _ = w.Write([]byte("{1}\n"))
	for range 1 << 10 {
		_, _ = w.Write(part) // into memory
	}
	_, _ = w.Write([]byte("\n{2}\n"))
	_ = w.Close()
	r, err := NewReader(bytes.NewReader(packed.Bytes()), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, want := range []string{"{1}", "{2}"} {
		if line, err := r.Next(); err != nil || string(line) != want {
			t.Fatalf("line %.20q, %v; want %s", line, err, want)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) || r.LongLines() != 1 {
		t.Errorf("%v, %d long lines", err, r.LongLines())
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
		t.Errorf("%d bytes were allocated for a line that is left out", used)
	}
}
