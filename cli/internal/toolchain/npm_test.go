package toolchain

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// library is a row of the table like the engine's.
func library(sha string) tool {
	return tool{
		name: "engine", version: "26.7.3", file: "libchdb.so", plan: "downloading",
		otherwise: "set GLINT_ENGINE",
		preflight: npmPreflight,
		build:     unpackNPM(npmArchive{"@chdb/lib@26.7.3", sha, "package/libchdb.so", 0o644}),
	}
}

func TestOnlyTheWantedFileOfAnArchiveIsKept(t *testing.T) {
	w := newWorld(t)
	engine := library(w.npm("package/libchdb.so"))
	path, err := engine.ensure(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); string(got) != "library" || err != nil {
		t.Errorf("the file has %q, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %v, %v; want the recorded one, not the archive's", info.Mode(), err)
	}
	list, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(list) != 1 {
		t.Errorf("folder has %v, %v; want the one file", list, err)
	}
	runs, err := os.ReadFile(w.runs)
	if err != nil || !strings.HasPrefix(string(runs), "pack --ignore-scripts ") {
		t.Errorf("npm was run as %q, %v; want scripts ignored", runs, err)
	}
}

func TestWrongChecksumIsRefusedAndNothingInstalled(t *testing.T) {
	w := newWorld(t)
	right := w.npm("package/libchdb.so")
	wrong := strings.Repeat("0", len(right))
	_, err := library(wrong).ensure(context.Background(), nil)
	if !errors.Is(err, ErrChecksum) || !strings.Contains(err.Error(), right) || !strings.Contains(err.Error(), wrong) {
		t.Errorf("error %v, want ErrChecksum with both sums", err)
	}
	if got := w.entries(); len(got) != 0 {
		t.Errorf("cache has %v, want nothing", got)
	}
	if _, err := library(right).ensure(context.Background(), nil); err != nil {
		t.Errorf("with the right checksum: %v", err)
	}
}

func TestArchiveWithoutTheFileInstallsNothing(t *testing.T) {
	w := newWorld(t)
	engine := library(w.npm("package/other.so"))
	if _, err := engine.ensure(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "no file package/libchdb.so") {
		t.Errorf("error %v, want one that names the file", err)
	}
	if got := w.entries(); len(got) != 0 {
		t.Errorf("cache has %v, want nothing", got)
	}
}

func TestRemainsOfEveryVersionAreRemovedButNotOtherTools(t *testing.T) {
	w := newWorld(t)
	engine := library(w.npm("package/libchdb.so"))
	for _, name := range []string{".engine.tmp-1/out", ".engine.tmp-2/work/read-only", ".viceroy.tmp-1", "engine-25.1.0"} {
		if err := os.MkdirAll(filepath.Join(w.cache, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(w.cache, ".engine.tmp-2/work"), 0o555); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.ensure(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	want := []string{".viceroy.tmp-1", "engine-25.1.0", "engine-26.7.3"}
	if got := w.entries(); !slices.Equal(got, want) {
		t.Errorf("cache has %v, want %v", got, want)
	}
}
