package embedded

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"glint/ingest/warehouse/enginetest/enginelib"
)

func TestRestartKeepsData(t *testing.T) {
	dir := t.TempDir()
	first := startEngine(t, dir)
	must(t, first, "CREATE TABLE opens (n UInt64) ENGINE = MergeTree ORDER BY n")
	must(t, first, "INSERT INTO opens SELECT number FROM numbers(1000)")
	stopEngine(t, first)
	select {
	case <-first.Done():
	default:
		t.Error("Done is open after Stop")
	}
	if err := first.Err(); err != nil {
		t.Errorf("Err after Stop: %v", err)
	}
	if pid := enginePID(t, dir); !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		t.Errorf("engine %d is there after Stop", pid)
	}
	second := startEngine(t, dir)
	if got := must(t, second, "SELECT count(), currentDatabase() FROM opens"); got != "1000\tglint" {
		t.Errorf("after a restart: %q", got)
	}
}

func TestStopTwiceAtOnceIsOneStop(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() { stopEngine(t, engine) })
	}
	wait.Wait()
}

func TestStopWithoutTimeLeavesNoEngine(t *testing.T) {
	dir := t.TempDir()
	cfg := testConfig(dir, enginePath(t))
	engine, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	pid := enginePID(t, dir)
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if err := engine.Stop(over); !errors.Is(err, context.Canceled) {
		t.Errorf("stop: %v", err)
	}
	if !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		t.Errorf("engine %d is still there", pid)
	}
}

func TestStopEndsQueriesThatWillNotEnd(t *testing.T) {
	engine := startEngine(t, t.TempDir())
	occupy(t, engine.URL(), "SELECT sum(cityHash64(number)) FROM numbers(1000000000000)")
	ctx, cancel := context.WithTimeout(context.Background(), endReserve+time.Second)
	defer cancel()
	_ = engine.Stop(ctx) // in time or by force: what counts is that all ends
	select {
	case <-engine.Done():
	default:
		t.Error("Stop returned before the engine was gone")
	}
}

func TestSecondStartNamesTheHolder(t *testing.T) {
	dir := t.TempDir()
	startEngine(t, dir)
	var logged bytes.Buffer
	cfg := testConfig(dir, enginePath(t))
	cfg.LockWait = 300 * time.Millisecond
	cfg.Logger = logTo(&logged)
	_, err := Start(t.Context(), cfg)
	var detailed *Error
	if !errors.Is(err, ErrDataDirInUse) || !errors.As(err, &detailed) {
		t.Fatalf("second start: %v", err)
	}
	if want := fmt.Sprintf("process %d", os.Getpid()); !strings.Contains(err.Error(), want) || detailed.Hint == "" {
		t.Errorf("error %q, hint %q: want %q and a hint", err, detailed.Hint, want)
	}
	if got := strings.Count(logged.String(), "waiting for data directory"); got != 1 {
		t.Errorf("%d log lines about waiting: %s", got, logged.String())
	}
}

func TestSecondStartWaitsForTheFirstToEnd(t *testing.T) {
	dir := t.TempDir()
	first := startEngine(t, dir)
	waiting := &signalWriter{seen: make(chan struct{})}
	go func() {
		<-waiting.seen
		stopEngine(t, first)
	}()
	startEngine(t, dir, func(c *Config) {
		c.LockWait = patience
		c.Logger = logTo(waiting)
	})
}

// signalWriter closes seen at the first line.
type signalWriter struct {
	once sync.Once
	seen chan struct{}
}

func (w *signalWriter) Write(p []byte) (int, error) {
	w.once.Do(func() { close(w.seen) })
	return len(p), nil
}

func TestWaitingForTheDataDirectoryEndsWithTheContext(t *testing.T) {
	dir := t.TempDir()
	startEngine(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cfg := testConfig(dir, enginePath(t))
	cfg.LockWait = time.Hour
	waiting := &signalWriter{seen: make(chan struct{})}
	cfg.Logger = logTo(waiting)
	go func() {
		<-waiting.seen
		cancel()
	}()
	if _, err := Start(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("start: %v", err)
	}
}

func TestTakenAddressNamesItsHolder(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	dir := t.TempDir()
	cfg := testConfig(dir, enginePath(t))
	cfg.Listen = listener.Addr().String()
	_, err = Start(t.Context(), cfg)
	var detailed *Error
	if !errors.Is(err, ErrAddressInUse) || !errors.As(err, &detailed) {
		t.Fatalf("start: %v", err)
	}
	if want := fmt.Sprintf("process %d", os.Getpid()); !strings.Contains(err.Error(), want) || detailed.Hint == "" {
		t.Errorf("error %q, hint %q: want %q and a hint", err, detailed.Hint, want)
	}
	// The failed start has let go of the data directory.
	startEngine(t, dir, func(c *Config) { c.LockWait = -1 })
}

func TestMissingLibraryIsNamedWithAdvice(t *testing.T) {
	dir := t.TempDir()
	cfg := testConfig(dir, filepath.Join(dir, "no", "libchdb.so"))
	_, err := Start(t.Context(), cfg)
	var detailed *Error
	if !errors.Is(err, ErrLibraryMissing) || !errors.As(err, &detailed) || detailed.Hint == "" {
		t.Fatalf("start: %v", err)
	}
	if !strings.Contains(err.Error(), cfg.Library) {
		t.Errorf("error does not name the path: %v", err)
	}
}

func TestUnusableLibraryShowsWhatTheEngineSaid(t *testing.T) {
	dir := t.TempDir()
	library := filepath.Join(dir, "libchdb.so")
	if err := os.WriteFile(library, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), testConfig(dir, library))
	if !errors.Is(err, ErrEngineFailed) || !strings.Contains(err.Error(), "load engine library") {
		t.Fatalf("start: %v", err)
	}
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cfg := testConfig(dir, enginePath(t))
	if engine, err := Start(ctx, cfg); err == nil {
		stopEngine(t, engine)
		t.Fatal("a cancelled start succeeded")
	}
	startEngine(t, dir, func(c *Config) { c.LockWait = -1 })
}

func TestNothingOnDiskIsOpenToOthers(t *testing.T) {
	dir := t.TempDir()
	logs := filepath.Join(dir, "run", "logs")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"run/engine.xml", "run/logs/engine.log", "run/logs/engine-stderr.log"} {
		if err := os.WriteFile(filepath.Join(dir, path), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	engine := startEngine(t, dir)
	must(t, engine, "CREATE TABLE opens (n UInt64) ENGINE = MergeTree ORDER BY n")
	must(t, engine, "INSERT INTO opens VALUES (1)")
	for _, root := range []string{"data", "run"} {
		err := filepath.WalkDir(filepath.Join(dir, root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // the engine removes temporary files meanwhile
			}
			info, err := entry.Info()
			if err == nil && info.Mode().Type() != fs.ModeSymlink && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has mode %s", path, info.Mode())
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestPasswordsAreNotToBeSeen(t *testing.T) {
	dir := t.TempDir()
	startEngine(t, dir)
	process := fmt.Sprintf("/proc/%d/", enginePID(t, dir))
	for _, path := range []string{process + "cmdline", process + "environ", filepath.Join(dir, "run", "engine.xml")} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) == 0 || bytes.Contains(text, []byte("secret")) {
			t.Errorf("%s is empty or holds a password", path)
		}
	}
}

// helper is this test binary as a program with an engine of its own.
type helper struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
	url   string
}

func startHelper(t *testing.T, dir string) *helper {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperVariable+"="+dir, "GLINT_ENGINE="+enginePath(t))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended, as a rule
		enginelib.AwaitEnd(t, filepath.Join(dir, "data"))
	})
	h := &helper{cmd: cmd, lines: bufio.NewScanner(output)}
	h.url = strings.TrimPrefix(h.next(), "ready ")
	if !strings.HasPrefix(h.url, "http://") {
		t.Fatalf("helper said %q", h.url)
	}
	return h
}

// next returns the next line; "" at the end.
func (h *helper) next() string {
	h.lines.Scan()
	return h.lines.Text()
}

func TestEngineIsGoneFiveSecondsAfterItsParentWasKilled(t *testing.T) {
	for _, test := range []struct{ name, query string }{
		{"idle", ""},
		{"query that sleeps", "SELECT sleepEachRow(1) FROM numbers(100000) SETTINGS function_sleep_max_microseconds_per_block = 0, max_block_size = 1"},
		{"query that computes", "SELECT sum(cityHash64(number)) FROM numbers(1000000000000)"},
	} {
		t.Run(test.name, func(t *testing.T) { killParent(t, test.query) })
	}
}

func killParent(t *testing.T, query string) {
	dir := t.TempDir()
	parent := startHelper(t, dir)
	pid := enginePID(t, dir)
	if query != "" {
		occupy(t, parent.url, query)
	}
	if err := parent.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.cmd.Wait()
	deadline := time.Now().Add(5 * time.Second)
	for !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) && !isZombie(pid) {
		if time.Now().After(deadline) {
			t.Fatalf("engine %d outlives its parent by more than 5 s", pid)
		}
		time.Sleep(10 * time.Millisecond)
	}
	engine := startEngine(t, dir)
	must(t, engine, "SELECT 1")
}

// occupy runs an endless query until the connection breaks, and returns once it runs.
func occupy(t *testing.T, url, query string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/?query_id=endless", strings.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(warehouseName, warehousePassword)
	go func() {
		response, err := httpClient().Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
	}()
	eventually(t, "query runs", func() bool { return running(t, url, "endless") })
}

// isZombie reports whether the process is dead and waits to be reaped by init, which a
// container may lack.
func isZombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(text), ") Z ")
}

func TestSignalToTheWholeGroupIsAnOrderlyStop(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			parent := startHelper(t, t.TempDir())
			if err := syscall.Kill(-parent.cmd.Process.Pid, signal); err != nil {
				t.Fatal(err)
			}
			if said := parent.next(); said != "stopped" {
				t.Errorf("helper said %q", said)
			}
			if err := parent.cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEngineIgnoresSignalsMeantForItsParent(t *testing.T) {
	dir := t.TempDir()
	engine := startEngine(t, dir)
	pid := enginePID(t, dir)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if err := syscall.Kill(pid, signal); err != nil {
			t.Fatal(err)
		}
	}
	must(t, engine, "SELECT sleep(0.2)")
	if enginePID(t, dir) != pid || engine.Restarts() != 0 {
		t.Error("the engine was restarted")
	}
}
