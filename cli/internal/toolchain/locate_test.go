package toolchain

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLocateTakesTheFirstUsableCopy(t *testing.T) {
	const onPath, inCache = "path", "cache"
	for _, test := range []struct {
		name         string
		path, cached string // what the copies print; "" is no copy
		want         string
		problem      string
	}{
		{name: "good on PATH wins over the cache", path: "viceroy 0.22.0", cached: "viceroy 0.22.0", want: onPath},
		{name: "newer on PATH is good", path: "viceroy 1.0.0-beta", want: onPath},
		{name: "too old on PATH gives way to the cache", path: "viceroy 0.21.9", cached: "viceroy 0.22.0", want: inCache},
		{name: "not on PATH", cached: "viceroy 0.22.0", want: inCache},
		{name: "too old and none in the cache", path: "viceroy 0.21.9", problem: "is 0.21.9, older than 0.22.0; none in the cache"},
		{name: "prints no version", path: "hello", problem: "prints no version"},
		{name: "broken in the cache", cached: "hello", problem: "none on PATH; "},
		{name: "nowhere", problem: "viceroy: 0.22.0 is not installed (none on PATH; none in the cache)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			paths := map[string]string{onPath: filepath.Join(w.bin, "viceroy"), inCache: filepath.Join(w.cache, "viceroy-0.22.0/bin/viceroy")}
			if test.path != "" {
				w.says("viceroy", test.path)
			}
			if test.cached != "" {
				w.cached(crate, test.cached)
			}
			got, _, err := crate.locate(context.Background())
			if got != paths[test.want] {
				t.Errorf("path %q, want %q", got, paths[test.want])
			}
			if test.want != "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), test.problem) {
				t.Errorf("error %v, want ErrNotInstalled with %q", err, test.problem)
			}
			if detail, ok := errors.AsType[*Error](err); !ok || detail.Hint != "go run ./cli/internal/toolchain/install viceroy" {
				t.Errorf("error %#v, want the install command as its hint", err)
			}
		})
	}
}

func TestCachedToolWithoutTheCommandsItStartsIsNotUsable(t *testing.T) {
	w := newWorld(t)
	needy := crate
	needy.starts = []string{"wasm-opt"}
	w.cached(needy, "viceroy 0.22.0")
	if _, _, err := needy.locate(context.Background()); err == nil || !strings.Contains(err.Error(), "needs wasm-opt") {
		t.Errorf("error %v, want one that names wasm-opt", err)
	}
	w.says("wasm-opt", "")
	if _, _, err := needy.locate(context.Background()); err != nil {
		t.Errorf("with wasm-opt: %v", err)
	}
}

func TestVersionCheckKeepsTheHomeFolderClean(t *testing.T) {
	w := newWorld(t)
	home := t.TempDir()
	t.Setenv("HOME", home)
	w.program("viceroy", `touch "$HOME/litter"; echo 0.22.0`)
	littering := crate
	littering.writesHome = true
	if _, _, err := littering.locate(context.Background()); err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(home); err != nil || len(list) != 0 {
		t.Errorf("home folder has %v, %v; want it empty", list, err)
	}
}

func TestEngineIsTakenFromTheVariableOrTheCacheOnly(t *testing.T) {
	w := newWorld(t)
	w.says("engine", "26.7.3")
	if path, err := Locate("engine"); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("with one on PATH only: %q, %v; want ErrNotInstalled", path, err)
	}
	engine, err := lookup(pinned, "engine")
	if err != nil {
		t.Fatal(err)
	}
	cached := w.cached(engine, "")
	if path, err := Locate("engine"); path != cached || err != nil {
		t.Errorf("from the cache: %q, %v; want %q", path, err, cached)
	}
	own := filepath.Join(t.TempDir(), "libchdb.so")
	if err := os.WriteFile(own, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GLINT_ENGINE", own)
	if path, err := Locate("engine"); path != own || err != nil {
		t.Errorf("from the variable: %q, %v; want %q", path, err, own)
	}
}

func TestWrongEngineVariableIsAnErrorAndInstallsNothing(t *testing.T) {
	w := newWorld(t)
	w.npm("package/libchdb.so")
	t.Setenv("GLINT_ENGINE", "/nowhere/libchdb.so")
	path, err := Install(context.Background(), "engine", nil)
	if path != "" || err == nil || err.Error() != "engine: GLINT_ENGINE=/nowhere/libchdb.so is not a file" {
		t.Errorf("%q, %v; want an error that names the variable", path, err)
	}
	if n := w.installs(); n != 0 {
		t.Errorf("npm ran %d times, want 0", n)
	}
}

func TestUnknownToolIsNamedWithTheKnownOnes(t *testing.T) {
	newWorld(t)
	_, located := Locate("tinygoo")
	_, installed := Install(context.Background(), "tinygoo", nil)
	for _, err := range []error{located, installed} {
		detail, ok := errors.AsType[*Error](err)
		if !ok || !errors.Is(err, ErrUnknownTool) {
			t.Fatalf("error %v, want ErrUnknownTool", err)
		}
		if detail.Hint != "one of tinygo, viceroy, engine, golangci-lint, fastly, chromium" {
			t.Errorf("hint %q", detail.Hint)
		}
	}
}

func TestParseVersion(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"tinygo", "tinygo version 0.41.1 linux/amd64 (using go version go1.26.8 and LLVM version 19.1.7)", "0.41.1"},
		{"viceroy", "viceroy 0.22.0\n", "0.22.0"},
		{"golangci-lint", "golangci-lint has version v2.8.0 built with go1.26.8 from (unknown)", "2.8.0"},
		{"fastly", "Fastly CLI version v16.1.0 (4d64ad67)\nBuilt with go version go1.26.8 linux/amd64 (2026-11-21)\n", "16.1.0"},
		{"rustc", "rustc 1.95.0-nightly (59807616e 2026-04-14)", "1.95.0"},
		{"two parts", "v1.2", "1.2.0"},
		{"lone numbers are skipped", "x86_64 build 7: 3.4.5", "3.4.5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, ok := parseVersion(test.text); !ok || got.String() != test.want {
				t.Errorf("%v, %v; want %s", got, ok, test.want)
			}
		})
	}
	for _, text := range []string{"", "devel", "7", "a.b.c"} {
		if got, ok := parseVersion(text); ok {
			t.Errorf("%q gives %v, want none", text, got)
		}
	}
}

func TestVersionsCompareByNumber(t *testing.T) {
	order := []version{{0, 9, 0}, {0, 10, 0}, {0, 10, 1}, {1, 0, 0}, {1, 95, 0}}
	for i, v := range order {
		for k, w := range order {
			if v.less(w) != (i < k) {
				t.Errorf("%v less than %v is %v", v, w, v.less(w))
			}
		}
	}
}
