// Package e2e tests glint as people use it: the built binary as a process, the
// compiled edge program in the emulator, the real engine, real HTTP.
package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"glint/ingest/warehouse/embedded"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/enginelib"
)

const (
	binary = "../../bin/glint"
	wasm   = "../../bin/main.wasm"
)

// patience is the longest wait for something that must happen.
const patience = enginelib.Patience

// TestMain lets tests start engines beside glint's own.
func TestMain(m *testing.M) {
	enginetest.RunShardIfAsked()
	embedded.RunChildIfAsked()
	os.Exit(m.Run())
}

func glintPath(t testing.TB) string {
	t.Helper()
	path, err := filepath.Abs(binary)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("no bin/glint (run: make build): %v", err)
	}
	return path
}

// instance is a running `glint up`.
type instance struct {
	home                      string
	pixel, ingest, clickhouse string
	credentials               map[string]string
	cmd                       *exec.Cmd
	stdout                    *syncBuffer
	stderr                    *syncBuffer
	exited                    chan struct{}
}

// syncBuffer is a buffer that a process writes and a test reads.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// newHome returns a private folder for an instance.
func newHome(t testing.TB) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	awaitEngine(t, home)
	return home
}

// awaitEngine lets the test end after the engine of that home, which outlives a killed
// glint by a moment.
func awaitEngine(t testing.TB, home string) {
	t.Helper()
	t.Cleanup(func() { enginelib.AwaitEnd(t, filepath.Join(home, "warehouse")) })
}

// launch starts `glint up` on free ports, without waiting for it.
func launch(t testing.TB, home string, args ...string) *instance {
	t.Helper()
	return launchBy(t, home, nil, args...)
}

// launchBy lets a command run glint.
func launchBy(t testing.TB, home string, by []string, args ...string) *instance {
	t.Helper()
	i := &instance{home: home, stdout: &syncBuffer{}, stderr: &syncBuffer{}, exited: make(chan struct{})}
	args = append([]string{"up", "--pixel-listen", "127.0.0.1:0", "--ingest-listen", "127.0.0.1:0", "--warehouse-listen", "127.0.0.1:0"}, args...)
	words := append(append(by, glintPath(t)), args...)
	i.cmd = exec.Command(words[0], words[1:]...)
	i.cmd.Env = append(os.Environ(), "GLINT_HOME="+home)
	i.start(t)
	return i
}

// start starts the process in a group of its own; the test's end kills it.
func (i *instance) start(t testing.TB) {
	t.Helper()
	i.cmd.Stdout, i.cmd.Stderr = i.stdout, i.stderr
	i.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := i.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = i.cmd.Wait() // the exit code is read from ProcessState
		close(i.exited)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-i.cmd.Process.Pid, syscall.SIGKILL) // gone already, as a rule
		<-i.exited
		if t.Failed() {
			t.Logf("stdout of %s:\n%s\nstderr:\n%s", strings.Join(i.cmd.Args[1:], " "), i.stdout, i.stderr)
		}
	})
}

// up starts `glint up` and waits until it is ready.
func up(t testing.TB, home string, args ...string) *instance {
	t.Helper()
	i := launch(t, home, args...)
	i.waitReady(t)
	return i
}

func (i *instance) waitReady(t testing.TB) {
	t.Helper()
	eventually(t, "the ready line", func() bool {
		select {
		case <-i.exited:
			t.Fatalf("glint up ended with %d", i.cmd.ProcessState.ExitCode())
		default:
		}
		return strings.Contains(i.stdout.String(), "credentials=") && strings.Contains(i.stdout.String(), "\n")
	})
	line, _, _ := strings.Cut(i.stdout.String(), "\n")
	var file string
	if _, err := fmt.Sscanf(line, "ready pixel=%s ingest=%s clickhouse=%s", &i.pixel, &i.ingest, &i.clickhouse); err != nil {
		t.Fatalf("ready line %q: %v", line, err)
	}
	_, file, _ = strings.Cut(line, " credentials=")
	if !filepath.IsAbs(file) {
		t.Fatalf("the credentials file %q is not absolute", file)
	}
	i.credentials = readCredentials(t, file)
}

func readCredentials(t testing.TB, file string) map[string]string {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the credentials have mode %o, want 600", info.Mode().Perm())
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			c[name] = value
		}
	}
	return c
}

// stop sends the signal and waits for the end; it returns the exit code.
func (i *instance) stop(t testing.TB, signal syscall.Signal) int {
	t.Helper()
	if err := i.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	return i.waitExit(t)
}

func (i *instance) waitExit(t testing.TB) int {
	t.Helper()
	select {
	case <-i.exited:
	case <-time.After(patience):
		t.Fatal("glint up does not end")
	}
	return i.cmd.ProcessState.ExitCode()
}

// run runs a glint command against the instance's home.
func (i *instance) run(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return runGlint(t, i.home, nil, args...)
}

func runGlint(t testing.TB, home string, stdin io.Reader, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(glintPath(t), args...)
	cmd.Env = append(os.Environ(), "GLINT_HOME="+home)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &errs
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// must runs a glint command that has to succeed.
func (i *instance) must(t testing.TB, args ...string) string {
	t.Helper()
	stdout, stderr, code := i.run(t, args...)
	if code != 0 {
		t.Fatalf("glint %s: exit %d\n%s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

// report is the JSON report, its numbers as they stand in the text, without the
// time at which it was computed.
func (i *instance) report(t testing.TB, campaign string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(i.must(t, "report", campaign, "--format", "json")))
	d.UseNumber()
	var r map[string]any
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	delete(r, "computed_at")
	return r
}

// query asks the warehouse as its owner.
func query(t *testing.T, i *instance, sql string) string {
	t.Helper()
	status, answer := ask(t, i.clickhouse, i.credentials["GLINT_WAREHOUSE_USER"], i.credentials["GLINT_WAREHOUSE_PASSWORD"], sql)
	if status != http.StatusOK {
		t.Fatalf("%s: %s", sql, answer)
	}
	return answer
}

var eventually = enginelib.Eventually

// lines reads a file's lines.
func lines(t testing.TB, r io.Reader) (all []string) {
	t.Helper()
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		all = append(all, s.Text())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
