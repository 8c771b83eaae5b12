package toolchain

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestTooOldOnPathIsBuiltIntoTheCache(t *testing.T) {
	w := newWorld(t)
	w.says("viceroy", "viceroy 0.20.2")
	w.rust("0.22.0", "")
	var progress watcher
	path, err := crate.ensure(context.Background(), &progress)
	if want := filepath.Join(w.cache, "viceroy-0.22.0/bin/viceroy"); path != want || err != nil {
		t.Fatalf("%q, %v; want %q", path, err, want)
	}
	if out, err := exec.Command(path).Output(); string(out) != "viceroy 0.22.0\n" || err != nil {
		t.Errorf("the installed program says %q, %v", out, err)
	}
	if got, want := w.entries(), []string{"viceroy-0.22.0"}; !slices.Equal(got, want) {
		t.Errorf("cache has %v, want %v", got, want)
	}
	if !strings.HasPrefix(progress.String(), "viceroy 0.22.0: building with cargo\n") {
		t.Errorf("progress begins %q", progress.String())
	}
	again, err := crate.ensure(context.Background(), nil)
	if again != path || err != nil || w.installs() != 1 {
		t.Errorf("second time: %q, %v, %d runs of cargo; want the same path and 1 run", again, err, w.installs())
	}
}

func TestBrokenCopyInTheCacheIsReplaced(t *testing.T) {
	w := newWorld(t)
	w.rust("0.22.0", "")
	w.cached(crate, "cannot open shared object file")
	path, err := crate.ensure(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path).Output(); string(out) != "viceroy 0.22.0\n" || err != nil {
		t.Errorf("the installed program says %q, %v", out, err)
	}
	if got, want := w.entries(), []string{"viceroy-0.22.0"}; !slices.Equal(got, want) {
		t.Errorf("cache has %v, want %v", got, want)
	}
}

func TestKilledInstallLeavesNoToolAndTheNextSucceeds(t *testing.T) {
	w := newWorld(t)
	started := filepath.Join(t.TempDir(), "started")
	w.rust("0.22.0", `mkdir -p "$CARGO_TARGET_DIR/half"; touch `+started+`; exec sleep 600`)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), killedChild+"=1")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, started)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Fatalf("the install ended with %v, want killed", err)
	}
	if got := w.entries(); len(got) != 1 || !strings.HasPrefix(got[0], ".viceroy.tmp-") {
		t.Fatalf("after the kill the cache has %v, want one temporary folder", got)
	}
	if path, _, err := crate.locate(context.Background()); !errors.Is(err, ErrNotInstalled) {
		t.Fatalf("after the kill: %q, %v; want ErrNotInstalled", path, err)
	}

	w.rust("0.22.0", "")
	if _, err := crate.ensure(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if got, want := w.entries(), []string{"viceroy-0.22.0"}; !slices.Equal(got, want) {
		t.Errorf("cache has %v, want %v", got, want)
	}
}

func TestCancelledInstallEndsTheInstallerAndLeavesNothing(t *testing.T) {
	w := newWorld(t)
	pidFile := filepath.Join(t.TempDir(), "pid")
	w.rust("0.22.0", `sleep 600 & echo $! >`+pidFile+`.new; mv `+pidFile+`.new `+pidFile+`; wait`)
	ctx, cancel := context.WithCancelCause(context.Background())
	reason := errors.New("enough")
	go func() {
		waitFor(t, pidFile)
		cancel(reason)
	}()
	if _, err := crate.ensure(ctx, nil); !errors.Is(err, reason) {
		t.Errorf("error %v, want the context's cause", err)
	}
	if got := w.entries(); len(got) != 0 {
		t.Errorf("cache has %v, want nothing", got)
	}
	pid, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	// Its end takes the kernel a moment after the signal, and it may stay a zombie
	// until its new parent looks.
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		status, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/stat")
		if err != nil || strings.Contains(string(status), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("what the installer started still runs: %s", status)
		}
	}
}

func TestTwoInstallsAtOnceInstallOnce(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	started, goOn := filepath.Join(dir, "started"), filepath.Join(dir, "go-on")
	w.rust("0.22.0", `touch `+started+`; while [ ! -e `+goOn+` ]; do sleep 0.01; done`)

	var wait sync.WaitGroup
	var paths [2]string
	var errs [2]error
	wait.Go(func() { paths[0], errs[0] = crate.ensure(context.Background(), nil) })
	waitFor(t, started)
	second := watcher{want: "waiting for another install…", seen: func() {
		if err := os.WriteFile(goOn, nil, 0o644); err != nil {
			t.Error(err)
		}
	}}
	wait.Go(func() { paths[1], errs[1] = crate.ensure(context.Background(), &second) })
	wait.Wait()

	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	if paths[0] != paths[1] || w.installs() != 1 {
		t.Errorf("paths %v after %d runs of cargo, want one path and 1 run", paths, w.installs())
	}
	if got, want := second.String(), "viceroy 0.22.0: waiting for another install…\n"; got != want {
		t.Errorf("the second says %q, want %q", got, want)
	}
}

func TestWaitingForALockEndsWithTheContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tool.lock")
	unlock, err := lockTool(context.Background(), path, func() { t.Error("waited for a free lock") })
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := lockTool(ctx, path, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestFailedInstallerShowsTheEndOfItsOutput(t *testing.T) {
	w := newWorld(t)
	w.rust("0.22.0", `seq 1 30 | sed 's/^/line /'; echo 'error: no space' >&2; exit 101`)
	var progress watcher
	_, err := crate.ensure(context.Background(), &progress)
	log := filepath.Join(w.cache, "log/viceroy-0.22.0.log")
	if want := "viceroy: cargo: exit status 101 (full output: " + log + ")"; !errors.Is(err, ErrInstallFailed) || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
	shown := progress.String()
	if !strings.Contains(shown, "the last lines of "+log+":\n    line 12\n") || !strings.HasSuffix(shown, "    line 30\n    error: no space\n") {
		t.Errorf("progress is %q, want the last 20 lines at its end", shown)
	}
	if got := w.entries(); len(got) != 0 {
		t.Errorf("cache has %v, want nothing", got)
	}
}

func TestInstallerThatLeavesTheWrongVersionIsRefused(t *testing.T) {
	w := newWorld(t)
	w.rust("0.21.0", "")
	if _, err := crate.ensure(context.Background(), nil); !errors.Is(err, ErrInstallFailed) || !strings.Contains(err.Error(), "older than 0.22.0") {
		t.Errorf("error %v, want ErrInstallFailed", err)
	}
	if got := w.entries(); len(got) != 0 {
		t.Errorf("cache has %v, want nothing", got)
	}
}

func TestGoBuildIsShieldedFromTheProjectsSettings(t *testing.T) {
	w := newWorld(t)
	t.Setenv("GOOS", "wasip1")
	t.Setenv("GOFLAGS", "-mod=vendor")
	w.program("go", `
echo "$@ $GOOS $GOARCH [$GOFLAGS] $GOWORK $GOTOOLCHAIN $CGO_ENABLED" >>`+w.runs+`
mkdir -p "$GOBIN"
printf '#!/bin/sh\necho golangci-lint has version v2.8.0\n' >"$GOBIN/golangci-lint"
chmod +x "$GOBIN/golangci-lint"`)
	if _, err := Install(context.Background(), "golangci-lint", nil); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(w.runs)
	want := "install -v -trimpath " + golangciPackage + "@v2.8.0 linux amd64 [] off local 0\n"
	if string(got) != want || err != nil {
		t.Errorf("go was run as %q, %v; want %q", got, err, want)
	}
}

func TestMissingInstallerSaysWhatToInstall(t *testing.T) {
	engine, err := lookup(pinned, "engine")
	if err != nil {
		t.Fatal(err)
	}
	linter, err := lookup(pinned, "golangci-lint")
	if err != nil {
		t.Fatal(err)
	}
	const rustHint = "install Rust >= 1.95.0 (cargo and rustc), or put viceroy >= 0.22.0 on PATH"
	for _, test := range []struct {
		name          string
		tool          tool
		setup         func(*world)
		problem, hint string
	}{
		{
			"no npm", engine, func(*world) {},
			"engine: npm is needed to fetch it and is not on PATH",
			"install Node.js >= 18, or put libchdb.so 26.7.3 somewhere and set GLINT_ENGINE",
		},
		{
			"no go", linter, func(*world) {},
			"golangci-lint: go is needed to build it and is not on PATH",
			"install Go >= 1.26, or put golangci-lint >= 2.8.0 on PATH",
		},
		{"no cargo", crate, func(*world) {}, "viceroy: cargo is needed to build it and is not on PATH", rustHint},
		{
			"old rustc", crate,
			func(w *world) { w.rust("0.22.0", ""); w.says("rustc", "rustc 1.94.1") },
			"viceroy: rustc is needed to build it: BIN/rustc is 1.94.1, older than 1.95.0", rustHint,
		},
		{
			"no linker", crate,
			func(w *world) {
				w.rust("0.22.0", "")
				if err := os.Remove(filepath.Join(w.bin, "cc")); err != nil {
					w.t.Fatal(err)
				}
			},
			"viceroy: cc is needed to link it and is not on PATH",
			"install a C compiler (gcc), or put viceroy >= 0.22.0 on PATH",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			test.setup(w)
			_, err := test.tool.ensure(context.Background(), nil)
			detail, ok := errors.AsType[*Error](err)
			if !ok || !errors.Is(err, ErrInstallerMissing) {
				t.Fatalf("error %v, want ErrInstallerMissing", err)
			}
			if got := strings.ReplaceAll(err.Error(), w.bin, "BIN"); got != test.problem {
				t.Errorf("problem %q, want %q", got, test.problem)
			}
			if detail.Hint != test.hint {
				t.Errorf("hint %q, want %q", detail.Hint, test.hint)
			}
		})
	}
}

// waitFor returns once the file is there, or gives up loudly.
func waitFor(t *testing.T, path string) {
	t.Helper()
	for range 30_000 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%s never came", path)
}
