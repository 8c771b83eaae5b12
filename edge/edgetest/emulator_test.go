package edgetest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// emulator is a running Viceroy with one program.
type emulator struct {
	address string
	pid     int
	logPath string // what it said on stderr

	mu    sync.Mutex
	lines map[string][]string // by log endpoint; its own under ""
}

// patience bounds every wait; nothing is measured by it.
const patience = time.Minute

// start runs wasm until the end of the test. The manifest is what follows the
// head of a fastly.toml.
func start(t testing.TB, wasm, manifest string, flags ...string) *emulator {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "fastly.toml")
	head := "manifest_version = 3\nname = \"glint\"\nlanguage = \"other\"\n\n"
	if err := os.WriteFile(config, []byte(head+manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	e := &emulator{address: freeAddress(t), logPath: filepath.Join(dir, "stderr"), lines: map[string][]string{}}
	log, err := os.Create(e.logPath)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	cmd := exec.Command(locate(t, "viceroy"), append(flags, "--addr", e.address, "-C", config, wasm)...)
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	started := make(chan error)
	go func() {
		// The kernel kills the emulator when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		e.read(bufio.NewScanner(stdout))
		_ = cmd.Wait() // killed
		close(ended)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	e.pid = cmd.Process.Pid
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // an error means that it is gone
		<-ended
	})
	waitFor(t, "the emulator to listen; it said: "+e.logPath, func() bool {
		c, err := net.Dial("tcp", e.address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return e
}

func (e *emulator) read(s *bufio.Scanner) {
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		endpoint, line, ok := strings.Cut(s.Text(), " :: ")
		if !ok {
			endpoint, line = "", s.Text()
		}
		e.mu.Lock()
		e.lines[endpoint] = append(e.lines[endpoint], line)
		e.mu.Unlock()
	}
}

// logged returns the lines of an endpoint up to now.
func (e *emulator) logged(endpoint string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.lines[endpoint]...)
}

// said returns the emulator's own output.
func (e *emulator) said(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(e.logPath)
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + strings.Join(e.logged(""), "\n")
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// network is the emulator's entry for one address.
type network struct{ address, facts string }

func geolocation(networks ...network) string {
	var b strings.Builder
	b.WriteString("[local_server.geolocation]\nformat = \"inline-toml\"\nuse_default_loopback = false\n[local_server.geolocation.addresses]\n")
	for _, n := range networks {
		fmt.Fprintf(&b, "[local_server.geolocation.addresses.%q]\n%s\n", n.address, n.facts)
	}
	return b.String()
}
