package toolchain

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// killedChild makes the test program install the fake crate instead of running
// tests, so that a test can kill it.
const killedChild = "GLINT_TEST_INSTALL_CRATE"

func TestMain(m *testing.M) {
	if os.Getenv(killedChild) != "" {
		_, err := crate.ensure(context.Background(), os.Stderr)
		fmt.Fprintln(os.Stderr, "not killed:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crate is a row of the table like viceroy's.
var crate = tool{
	name: "viceroy", version: "0.22.0",
	command: "viceroy", versionArgs: []string{"--version"},
	file: "bin/viceroy", plan: "building with cargo", otherwise: "put viceroy >= 0.22.0 on PATH",
	preflight: cargoPreflight("1.95.0"),
	build:     buildCargo("viceroy"),
}

// world is a machine with nothing but the programs that a test puts there.
type world struct {
	t          *testing.T
	bin, cache string
	runs       string // one line for every run of an installer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{
		t: t, bin: filepath.Join(dir, "bin"), cache: filepath.Join(dir, "cache"),
		runs: filepath.Join(dir, "runs"),
	}
	if err := os.Mkdir(w.bin, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", w.bin)
	t.Setenv("GLINT_CACHE", w.cache)
	t.Setenv("GLINT_ENGINE", "")
	return w
}

// program puts a shell script on PATH.
func (w *world) program(name, body string) {
	w.t.Helper()
	script := "#!/bin/sh\nPATH=/usr/bin:/bin\n" + body + "\n"
	if err := os.WriteFile(filepath.Join(w.bin, name), []byte(script), 0o755); err != nil {
		w.t.Fatal(err)
	}
}

// says is a program that prints one line.
func (w *world) says(name, line string) { w.program(name, "echo '"+line+"'") }

// rust puts cargo there; install is what the script does before it leaves a
// program of the version.
func (w *world) rust(version, install string) {
	w.says("rustc", "rustc 1.95.0 (59807616e 2026-04-14)")
	w.says("cc", "")
	w.program("cargo", `
if [ "$1" = --version ]; then echo 'cargo 1.95.0 (f2d3ce0bd 2026-03-21)'; exit; fi
echo "$@" >>`+w.runs+`
echo '   Compiling wasmtime v40.0.0'
`+install+`
while [ "$1" != --root ]; do shift; done
mkdir -p "$2/bin"
printf '#!/bin/sh\necho viceroy `+version+`\n' >"$2/bin/viceroy"
chmod +x "$2/bin/viceroy"`)
}

// npm puts an npm there whose every package has the one file, with the text
// "library", and gives the checksum of its archive.
func (w *world) npm(member string) (sha string) {
	w.t.Helper()
	var archive bytes.Buffer
	z := gzip.NewWriter(&archive)
	r := tar.NewWriter(z)
	for _, f := range []struct{ name, content string }{{"package/package.json", "{}"}, {member, "library"}} {
		if err := r.WriteHeader(&tar.Header{Name: f.name, Mode: 0o600, Size: int64(len(f.content)), Typeflag: tar.TypeReg}); err != nil {
			w.t.Fatal(err)
		}
		if _, err := r.Write([]byte(f.content)); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		w.t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(filepath.Dir(w.bin), "package.tgz")
	if err := os.WriteFile(path, archive.Bytes(), 0o644); err != nil {
		w.t.Fatal(err)
	}
	w.program("npm", `
echo "$@" >>`+w.runs+`
while [ "$1" != --pack-destination ]; do shift; done
cp `+path+` "$2/package-1.0.0.tgz"`)
	sum := sha256.Sum256(archive.Bytes())
	return hex.EncodeToString(sum[:])
}

// cached puts a program into the tool's place in the cache.
func (w *world) cached(t tool, line string) (path string) {
	w.t.Helper()
	path = filepath.Join(w.cache, t.folder(), t.file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho '"+line+"'\n"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// installs counts the runs of installers.
func (w *world) installs() int {
	w.t.Helper()
	data, err := os.ReadFile(w.runs)
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	return strings.Count(string(data), "\n")
}

// entries lists the cache folder without logs and locks: what is installed and
// what is left over.
func (w *world) entries() []string {
	w.t.Helper()
	list, err := os.ReadDir(w.cache)
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	names := []string{}
	for _, e := range list {
		if e.Name() != "log" && !strings.HasSuffix(e.Name(), ".lock") {
			names = append(names, e.Name())
		}
	}
	return names
}

// watcher is a progress writer that calls seen once a text was written.
type watcher struct {
	mu   sync.Mutex
	text strings.Builder
	want string
	seen func()
}

func (w *watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	if w.seen != nil && strings.Contains(w.text.String(), w.want) {
		w.seen()
		w.seen = nil
	}
	return len(p), nil
}

func (w *watcher) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}
