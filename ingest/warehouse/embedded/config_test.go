package embedded

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestValidateReportsAllFaults(t *testing.T) {
	if err := testConfig("/somewhere", "libchdb.so").Validate(); err != nil {
		t.Fatalf("a good configuration: %v", err)
	}
	bad := Config{
		Listen: "nowhere", MaxMemoryBytes: 1, StartTimeout: -1, MaxBufferedBytes: 5,
		Users: []User{
			{Name: "default", Password: "x", ReadOnlyViews: []string{}},
			{Name: "Big<name>", Password: "x", ReadOnlyViews: []string{"v; DROP"}},
			{Name: "twice", ReadOnlyViews: []string{}},
			{Name: "twice", Password: "x", ReadOnlyViews: []string{}},
		},
	}
	err := bad.Validate()
	if err == nil {
		t.Fatal("no fault found")
	}
	for _, want := range []string{
		"library", "data directory", "run directory", "host:port", "memory limit", "negative", "5 bytes for all bodies", `"default" is reserved`,
		`"Big<name>"`, `"v; DROP"`, "no password", "twice", "0 warehouse users",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing about %q in: %v", want, err)
		}
	}
	if _, err := Start(t.Context(), bad); err == nil {
		t.Error("Start takes a faulty configuration")
	}
}

func TestRenderedConfigurationIsXMLWhateverThePath(t *testing.T) {
	cfg, err := testConfig("/data & <more>", "libchdb.so").withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	text, err := renderConfig(&cfg, newLayout(&cfg), 12345, newSecrets())
	if err != nil {
		t.Fatal(err)
	}
	decoder := xml.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if bytes.Contains(text, []byte("secret")) {
		t.Error("a password is in the file")
	}
}

func TestDefaultMemoryIsHalfOfWhatIsThere(t *testing.T) {
	const gib = uint64(1) << 30
	tests := []struct {
		name, meminfo, cgroup string
		want                  uint64
	}{
		{"machine without a limit", "MemTotal:       8388608 kB\n", "max\n", 4 * gib},
		{"tighter control group", "MemTotal:       8388608 kB\n", "4294967296\n", 2 * gib},
		{"wider control group", "MemTotal:       8388608 kB\n", "99999999999999\n", 4 * gib},
		{"small machine", "MemTotal:       1048576 kB\n", "max\n", gib},
		{"nothing known", "", "", gib},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			meminfo, cgroup := filepath.Join(dir, "meminfo"), filepath.Join(dir, "memory.max")
			for path, text := range map[string]string{meminfo: test.meminfo, cgroup: test.cgroup} {
				if text == "" {
					continue
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got := defaultMemoryBytes(meminfo, cgroup); got != test.want {
				t.Errorf("%d, want %d", got, test.want)
			}
		})
	}
}

func TestEngineOutputIsCapped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.log")
	file, err := openCappedFile(path)
	if err != nil {
		t.Fatal(err)
	}
	writer := &tailWriter{next: file}
	line := []byte(strings.Repeat("x", 1023) + "\n")
	for range 3*maxOutputBytes/len(line) + 1 {
		if _, err := writer.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := writer.Write([]byte("the end\n")); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + ".1"} {
		if size := fileSize(name); size == 0 || size > maxOutputBytes {
			t.Errorf("%s has %d bytes", filepath.Base(name), size)
		}
	}
	if tail := writer.tail(); !strings.HasSuffix(tail, "the end") || len(tail) > tailBytes {
		t.Errorf("tail of %d bytes", len(tail))
	}
	if tail := fileTail(path, fileSize(path)-4); tail != "end" {
		t.Errorf("tail of the file: %q", tail)
	}
}
