package embedded

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
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
	const (
		eight = "MemTotal:       8388608 kB\n"
		four  = "4294967296\n"
		huge  = "9223372036854771712\n" // version 1 says "no limit" so
		v2    = "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
		v1    = "40 31 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		v1in  = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
	)
	tests := []struct {
		name  string
		files map[string]string
		want  uint64
	}{
		{"nothing known", nil, gib},
		{"machine without groups", map[string]string{"proc/meminfo": eight}, 4 * gib},
		{"small machine", map[string]string{"proc/meminfo": "MemTotal:       1048576 kB\n"}, gib},
		{"version 2, no limit", map[string]string{
			"proc/meminfo": eight, "proc/self/mountinfo": v2, "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n",
		}, 4 * gib},
		{"version 2, container's own root", map[string]string{
			"proc/meminfo": eight, "proc/self/mountinfo": v2, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": four,
		}, 2 * gib},
		{"version 2, nested, the service's limit", map[string]string{
			"proc/meminfo": eight, "proc/self/mountinfo": v2, "proc/self/cgroup": "0::/system.slice/glint.service\n",
			"sys/fs/cgroup/system.slice/glint.service/memory.max": four, "sys/fs/cgroup/system.slice/memory.max": "max\n",
		}, 2 * gib},
		{"version 2, nested, the slice's limit", map[string]string{
			"proc/meminfo": eight, "proc/self/mountinfo": v2, "proc/self/cgroup": "0::/a.slice/b.slice/glint.service\n",
			"sys/fs/cgroup/a.slice/memory.max": four, "sys/fs/cgroup/a.slice/b.slice/memory.max": "99999999999999\n",
			"sys/fs/cgroup/a.slice/b.slice/glint.service/memory.max": "max\n",
		}, 2 * gib},
		{"version 2, throttled before the limit", map[string]string{
			"proc/meminfo": eight, "proc/self/mountinfo": v2, "proc/self/cgroup": "0::/a\n",
			"sys/fs/cgroup/a/memory.max": "6442450944\n", "sys/fs/cgroup/a/memory.high": four,
		}, 2 * gib},
		{"version 1, no limit", map[string]string{
			"proc/meminfo": eight, "proc/self/mountinfo": v1, "proc/self/cgroup": "4:memory:/a\n0::/\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": huge,
		}, 4 * gib},
		{"version 1, nested", map[string]string{
			"proc/meminfo": eight, "proc/self/mountinfo": v1 + v2, "proc/self/cgroup": "9:cpu:/x\n4:memory:/a/b\n0::/\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": four, "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": huge,
		}, 2 * gib},
		{"version 1, container", map[string]string{
			"proc/meminfo": eight, "proc/self/mountinfo": v1in, "proc/self/cgroup": "4:hugetlb,memory:/docker/abc\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": four,
		}, 2 * gib},
		{"limit of a group that is not ours", map[string]string{
			"proc/meminfo": eight, "proc/self/mountinfo": v2, "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/b/memory.max": four,
		}, 4 * gib},
		{"damaged files", map[string]string{"proc/meminfo": eight, "proc/self/mountinfo": "x - y\n\n - \n", "proc/self/cgroup": ":\n"}, 4 * gib},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, text := range test.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := defaultMemoryBytes(root); got != test.want {
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
