package atomicfile

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestRemoveLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines")
	for _, c := range []struct {
		text, left string
		removed    int
	}{
		{"a\nbx\nc\nx", "a\nc\n", 2},
		{"a\nc", "a\nc", 0},
		{"x\nx\n", "", 2},
		{"", "", 0},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := RemoveLines(path, func(line []byte) bool { return bytes.Contains(line, []byte("x")) })
		if err != nil || n != c.removed {
			t.Errorf("%q: %d removed, want %d: %v", c.text, n, c.removed, err)
		}
		left, err := os.ReadFile(path)
		if gone := errors.Is(err, fs.ErrNotExist); string(left) != c.left || gone != (c.removed > 0 && c.left == "") {
			t.Errorf("%q: %q is left, want %q; %v", c.text, left, c.left, err)
		}
	}
	if n, err := RemoveLines(filepath.Join(t.TempDir(), "missing"), nil); n != 0 || err != nil {
		t.Errorf("of a missing file: %d, %v", n, err)
	}
}
