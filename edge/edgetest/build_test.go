package edgetest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// root is the project's folder.
const root = "../.."

func TestMain(m *testing.M) {
	code := m.Run()
	if builds.dir != "" {
		_ = os.RemoveAll(builds.dir) // nothing of worth
	}
	os.Exit(code)
}

// locate returns the path of a tool, which is installed first where it is missing.
// The installer is asked by its command, since edge imports nothing of cli.
func locate(t testing.TB, tool string) string {
	t.Helper()
	var advice strings.Builder
	install := exec.Command("go", "run", "glint/cli/internal/toolchain/install", tool)
	install.Stderr = &advice
	path, err := install.Output()
	if err != nil {
		t.Fatalf("find %s: %v\n%s", tool, err, advice.String())
	}
	return strings.TrimSpace(string(path))
}

// builds are the programs that this run has compiled, each once.
var builds struct {
	sync.Mutex
	dir  string
	done map[string]string
}

// program returns the edge program as `make edge` builds it: the file in bin/
// if it is newer than every source, else a build of our own.
func program(t testing.TB) string {
	t.Helper()
	shipped := filepath.Join(root, "bin", "main.wasm")
	if info, err := os.Stat(shipped); err == nil && info.ModTime().After(newestSource(t)) {
		return shipped
	}
	return tinygo(t, "./edge", makeFlags(t)...)
}

func newestSource(t testing.TB) time.Time {
	t.Helper()
	var newest time.Time
	look := func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "edgetest" {
			return filepath.SkipDir // not part of the program
		}
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		info, err := d.Info()
		if err == nil && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
		return err
	}
	for _, path := range []string{"go.mod", "go.sum", "Makefile", "edge"} {
		if err := filepath.WalkDir(filepath.Join(root, path), look); err != nil {
			t.Fatal(err)
		}
	}
	return newest
}

// makeFlags are the Makefile's, so that what is tested is what is shipped.
func makeFlags(t testing.TB) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^TINYGO_FLAGS *:= *(.+)$`).FindSubmatch(b)
	if m == nil || !strings.Contains(string(m[1]), "fastlyinternalsetparseuri") {
		t.Fatal("the Makefile's TINYGO_FLAGS are not to be found")
	}
	return strings.Fields(string(m[1]))
}

// tinygo compiles a package to wasm.
func tinygo(t testing.TB, pkg string, flags ...string) string {
	t.Helper()
	return build(t, pkg, nil, append([]string{locate(t, "tinygo"), "build"}, flags...))
}

func build(t testing.TB, pkg string, env, command []string) string {
	t.Helper()
	builds.Lock()
	defer builds.Unlock()
	key := strings.Join(append(command, pkg), " ")
	if path := builds.done[key]; path != "" {
		return path
	}
	if builds.dir == "" {
		dir, err := os.MkdirTemp("", "glint-edgetest-")
		if err != nil {
			t.Fatal(err)
		}
		builds.dir, builds.done = dir, map[string]string{}
	}
	f, err := os.CreateTemp(builds.dir, "*.wasm")
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close() // only its name is wanted
	cmd := exec.Command(command[0], append(command[1:], "-o", f.Name(), pkg)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", key, err, out)
	}
	builds.done[key] = f.Name()
	return f.Name()
}
