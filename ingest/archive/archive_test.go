package archive_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"glint/ingest/archive"
)

func write(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstandard(t *testing.T, text string, options ...zstd.EOption) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil, options...)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll([]byte(text), nil)
}

// lines are those of a file, with the error that ended it.
func lines(t *testing.T, path string) (lines []string, err error) {
	t.Helper()
	r, err := archive.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	err = archive.Lines(r, func(line string) error { lines = append(lines, line); return nil })
	return lines, err
}

func TestLinesOfEachCompression(t *testing.T) {
	const text = "one\r\n\n  two \nthree"
	want := []string{"one", "two", "three"}
	for name, content := range map[string][]byte{
		"plain":              []byte(text),
		"gzip":               gzipped(t, text),
		"two gzip members":   slices.Concat(gzipped(t, "one\ntw"), gzipped(t, "o\nthree\n")),
		"zstd":               zstandard(t, text),
		"two zstd frames":    slices.Concat(zstandard(t, "one\ntw"), zstandard(t, "o\nthree\n")),
		"zstd, a long match": zstandard(t, text, zstd.WithWindowSize(64<<20), zstd.WithSingleSegment(false)),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := lines(t, write(t, filepath.Join(t.TempDir(), "file"), content))
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	for name, content := range map[string][]byte{"nothing": nil, "gzip of nothing": gzipped(t, ""), "line feeds": []byte("\n\n\n")} {
		if got, err := lines(t, write(t, filepath.Join(t.TempDir(), "file"), content)); err != nil || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestDamageIsToldAfterTheLinesBeforeIt(t *testing.T) {
	long := strings.Repeat("a line\n", 100_000)
	for name, whole := range map[string][]byte{"gzip": gzipped(t, long), "zstd": zstandard(t, long)} {
		got, err := lines(t, write(t, filepath.Join(t.TempDir(), "file"), whole[:len(whole)-1]))
		if err == nil {
			t.Errorf("%s: %d lines and no error", name, len(got))
		}
	}
	path := write(t, filepath.Join(t.TempDir(), "file"), []byte{0x1f, 0x8b, 0})
	if _, err := archive.Open(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a header cut off: %v", err)
	}
	var framed bytes.Buffer
	z := snappy.NewBufferedWriter(&framed)
	if _, err := z.Write([]byte(long)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Open(write(t, path, framed.Bytes())); err == nil || !strings.Contains(err.Error(), "snappy is not read") {
		t.Errorf("snappy: %v", err)
	}
}

func TestALongLineIsCut(t *testing.T) {
	content := "a\n" + strings.Repeat("x", 3*archive.MaxLineBytes) + "\nb\n"
	got, err := lines(t, write(t, filepath.Join(t.TempDir(), "file"), []byte(content)))
	if err != nil || len(got) != 3 || got[0] != "a" || len(got[1]) != archive.MaxLineBytes || got[2] != "b" {
		t.Errorf("%d lines, %v", len(got), err)
	}
}

func TestAVisitorEndsTheReading(t *testing.T) {
	enough, calls := errors.New("enough"), 0
	err := archive.Lines(strings.NewReader("a\nb\n"), func(string) error { calls++; return enough })
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestFilesOfFolders(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for _, name := range []string{"a.gz", "b", "c/d/e.zst"} {
		want = append(want, write(t, filepath.Join(dir, name), nil))
	}
	write(t, filepath.Join(dir, ".hidden"), nil)
	write(t, filepath.Join(dir, ".git", "config"), nil)
	got, err := archive.Files([]string{filepath.Join(dir, "b"), dir})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := archive.Files([]string{filepath.Join(dir, "none")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a path that is not there: %v", err)
	}
	if _, err := archive.Files([]string{t.TempDir()}); !errors.Is(err, archive.ErrNoFiles) {
		t.Errorf("an empty folder: %v", err)
	}
}
