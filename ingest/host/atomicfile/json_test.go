package atomicfile

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWriteJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "document.json")
	document := map[string]any{"a": []int{1}, "b": "<&>"}
	for _, c := range []struct{ indent, want string }{
		{"", "{\"a\":[1],\"b\":\"\\u003c\\u0026\\u003e\"}\n"},
		{" ", "{\n \"a\": [\n  1\n ],\n \"b\": \"\\u003c\\u0026\\u003e\"\n}\n"},
	} {
		if err := WriteJSON(path, c.indent, document); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != c.want {
			t.Errorf("indent %q: %q, want %q; %v", c.indent, got, c.want, err)
		}
	}
	if err := WriteJSON(path, "", func() {}); err == nil {
		t.Error("a function is written")
	}
}
