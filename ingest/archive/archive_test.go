package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

// read returns all lines of a file, and the error at its end if it is not io.EOF.
func read(t testing.TB, file []byte, skip int64) (lines []string, offset int64, err error) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file), skip)
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	for {
		line, err := r.Next()
		if errors.Is(err, io.EOF) {
			return lines, r.end, nil
		}
		if err != nil {
			return lines, r.end, err
		}
		lines = append(lines, string(line))
	}
}

// pack compresses a text as its name says.
func pack(t testing.TB, codec string, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch codec {
	case "plain":
		return text
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zstd":
		z, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	case "snappy":
		w = snappy.NewBufferedWriter(&b)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var codecs = []string{"plain", "gzip", "zstd", "snappy"}

// numbered returns n lines that compress badly.
func numbered(n int) (lines []string, text []byte) {
	for i := range n {
		lines = append(lines, fmt.Sprintf(`{"n":%d,"x":%d}`, i, uint64(i)*0x9e3779b97f4a7c15))
	}
	return lines, []byte(strings.Join(lines, "\n") + "\n")
}

func TestLinesOfEveryCodec(t *testing.T) {
	want, text := numbered(50_000)
	for _, codec := range codecs {
		t.Run(codec, func(t *testing.T) {
			packed := pack(t, codec, text)
			got, offset, err := read(t, packed, 0)
			if err != nil || offset != int64(len(text)) || !cmp.Equal(want, got) {
				t.Errorf("%d lines, offset %d, %v; want %d, %d", len(got), offset, err, len(want), len(text))
			}
			twice, _, err := read(t, append(packed[:len(packed):len(packed)], packed...), 0)
			if err != nil || len(twice) != 2*len(want) {
				t.Errorf("two streams, one after the other: %d lines, %v", len(twice), err)
			}
		})
	}
}

func TestReadingGoesOnAtAnOffset(t *testing.T) {
	want, text := numbered(10_000)
	for _, codec := range codecs {
		for _, after := range []int{0, 1, 7777, 10_000} {
			skip := int64(len(strings.Join(want[:after], "\n")))
			if after > 0 {
				skip++
			}
			got, offset, err := read(t, pack(t, codec, text), skip)
			if err != nil || offset != int64(len(text)) || len(got) != len(want)-after || !cmp.Equal(want[after:], append([]string{}, got...)) {
				t.Errorf("%s after %d lines: %d lines, offset %d, %v", codec, after, len(got), offset, err)
			}
		}
	}
}

func TestDamagedFilesGiveWhatCanBeRead(t *testing.T) {
	want, text := numbered(200_000)
	for _, codec := range codecs[1:] {
		packed := pack(t, codec, text)
		for _, part := range []float64{0.5, 0.9, 0.9999} {
			got, _, err := read(t, packed[:int(part*float64(len(packed)))], 0)
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("%s cut at %v: error %v", codec, part, err)
			}
			if len(got) < int((part-0.2)*float64(len(want))) || !cmp.Equal(want[:len(got)], got) {
				t.Errorf("%s cut at %v: %d lines of %d, or others", codec, part, len(got), len(want))
			}
		}
		flipped := bytes.Clone(packed)
		flipped[len(flipped)/2] ^= 0x10
		if _, _, err := read(t, flipped, 0); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s with a flipped bit: error %v", codec, err)
		}
	}
}

func TestOddLines(t *testing.T) {
	long := strings.Repeat("x", MaxLineBytes)
	for _, c := range []struct {
		name, text string
		want       []string
		offset     int
	}{
		{"nothing", "", nil, 0},
		{"no line feed at the end", "{1}\n{2}", []string{"{1}", "{2}"}, 4},
		{"blank lines and carriage returns", "{1}\r\n\r\n \n{2}\r\n", []string{"{1}", "{2}"}, 14},
		{"as long as may be", long[:MaxLineBytes-1] + "\n{2}\n", []string{long[:MaxLineBytes-1], "{2}"}, MaxLineBytes + 4},
		{"too long", "{1}\n" + long + "x\n{2}\n", []string{"{1}", "{2}"}, MaxLineBytes + 10},
		{"too long at the end", "{1}\n" + long + "x", []string{"{1}"}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, offset, err := read(t, []byte(c.text), 0)
			if err != nil || offset != int64(c.offset) || !cmp.Equal(c.want, got) {
				t.Errorf("%d lines, offset %d, %v; want %d, %d", len(got), offset, err, len(c.want), c.offset)
			}
		})
	}
}

func TestLongLinesAreCounted(t *testing.T) {
	r, err := NewReader(strings.NewReader(strings.Repeat("x", MaxLineBytes+1)+"\n{}\n"+strings.Repeat("y", 3*MaxLineBytes)), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for err == nil {
		_, err = r.Next()
	}
	if r.LongLines() != 2 {
		t.Errorf("%d long lines", r.LongLines())
	}
}

func TestWhatIsNoTextIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, content string
		text          bool
	}{
		{"a picture", "GIF89a\x01\x00\x01\x00", false},
		{"bzip2", "BZh91AY&SY\x9c\x0f", false},
		{"xz", "\xfd7zXZ\x00\x00", false},
		{"UTF-16", "{\x00}\x00", true},
		{"UTF-8", "{\"a\":\"ä€\U0001f4ec\"}\n", true},
		{"a character across the end of the look", strings.Repeat("x", 1023) + "ä\n", true},
		{"half a character at the end", "xä"[:2], true},
	} {
		for _, codec := range []string{"plain", "gzip"} {
			if _, _, err := read(t, pack(t, codec, []byte(c.content)), 0); errors.Is(err, ErrNotText) == c.text {
				t.Errorf("%s, %s: %v", c.name, codec, err)
			}
		}
	}
}

func TestSyslogHeadersAreCutOff(t *testing.T) {
	const message = `{"v":1,"user_agent":"<1>{"}`
	for _, c := range []struct{ name, line, want string }{
		{"none", message, message},
		{"white space", " \t" + message + "\r", message},
		{"classic", "<134>2016-07-04T22:37:26Z cache-sjc3128 LogTest[62959]: " + message, message},
		{"loggly", "<134>1 2016-07-04T22:37:26Z cache-sjc3128 LogTest 62959 - [tag] " + message, message},
		{"logplex", "83 <134>1 2016-07-04T22:37:26Z cache-sjc3128 LogTest[62959] - - " + message, message},
		{"something else", "12:00 info " + message, "12:00 info " + message},
		{"no priority", "<>x " + message, "<>x " + message},
		{"a long priority", "<1345>x " + message, "<1345>x " + message},
		{"no message", "<134>2016-07-04T22:37:26Z cache-sjc3128 x[1]: gone", "<134>2016-07-04T22:37:26Z cache-sjc3128 x[1]: gone"},
		{"a bare header", "<134>", "<134>"},
	} {
		if got := string(Line([]byte(c.line))); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestFindTakesFilesOnce(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"2026-11-21T13:00:00.000-AbCdEf.log.gz": "x", "2026-11-21T12:00:00.000-GhIjKl.log": "x", "a/b/c.log": "x", "named": "x",
		".hidden": "x", ".git/config": "x", "empty.log": "",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"link": "named", "loop": ".", "dangling": "nowhere"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	files, faults := Find([]string{dir, filepath.Join(dir, "named"), filepath.Join(dir, ".hidden"), filepath.Join(dir, "no-such.log"), os.DevNull})
	var got []string
	for _, f := range files {
		name, _ := strings.CutPrefix(f.Path, dir+"/")
		got = append(got, fmt.Sprint(name, " ", f.Size, " ", f.Regular))
	}
	want := []string{
		"/dev/null 0 false", ".hidden 1 true", "2026-11-21T12:00:00.000-GhIjKl.log 1 true",
		"2026-11-21T13:00:00.000-AbCdEf.log.gz 1 true", "a/b/c.log 1 true", "link 1 true", "named 1 true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(faults) != 2 || !strings.Contains(fmt.Sprint(faults), "dangling: no such file") || !strings.Contains(fmt.Sprint(faults), "no-such.log: no such file") {
		t.Errorf("faults %v", faults)
	}
}

func TestResume(t *testing.T) {
	_, text := numbered(100_000)
	small := []byte("{1}\n{2}\n")
	head := append([]byte("x"), text[1:]...)
	for _, c := range []struct {
		name         string
		before, now  []byte
		offset, done bool
	}{
		{"the same", text, text, true, true},
		{"the same, small", small, small, true, true},
		{"grown", text, append(text[:len(text):len(text)], small...), true, false},
		{"grown, small", small, append(small[:len(small):len(small)], small...), true, false},
		{"shorter", text, text[:len(text)-1], false, false},
		{"another of the same size", text, head, false, false},
		{"another that is larger", text, append(head[:len(head):len(head)], small...), false, false},
		{"small, another in the middle", small, []byte("{1}\n{3}\n"), false, false},
		{"read for the first time", nil, text, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := Mark{}
			if c.before != nil {
				fingerprint, err := Fingerprint(bytes.NewReader(c.before), int64(len(c.before)))
				if err != nil {
					t.Fatal(err)
				}
				before = Mark{Size: int64(len(c.before)), Fingerprint: fingerprint, Offset: 4, Done: true}
			}
			got, err := Resume(bytes.NewReader(c.now), int64(len(c.now)), before)
			if err != nil || got.Size != map[bool]int64{true: before.Size}[c.offset] || (got.Offset == 4) != c.offset || got.Done != c.done {
				t.Errorf("mark %+v, %v", got, err)
			}
			again, err := Resume(bytes.NewReader(c.now), int64(len(c.now)), got)
			if err != nil || again != got {
				t.Errorf("a second time %+v, %v", again, err)
			}
		})
	}
}
