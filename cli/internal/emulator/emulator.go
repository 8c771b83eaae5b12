// Package emulator runs the edge program on this machine: Viceroy, Fastly's own
// emulator, with the program as it would be deployed. Networks are played by
// loopback addresses, as the operator's table says.
//
// It renders the manifest that Viceroy reads; the project's own fastly.toml
// stays as it is.
package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"glint/edge/web"
	"glint/ingest/host/portowner"
	"glint/ingest/networks"
)

// Config configures Start.
type Config struct {
	Viceroy   string // path of the emulator
	Wasm      string // path of the compiled edge program
	Dir       string // folder for the rendered manifest and the emulator's log
	Listen    string // host:port; port 0 takes a free one
	KeysFile  string // key ring that the program gets as its secret; "": none
	Precision string // of addresses; "": the default
	Signals   string // as privacy.ParseSignals reads it; "": the default
	Ingest    string // URL of the backend that answers the recipient's page; "": none
	Web       Web    // of the web pixel and POST /e
	Networks  *networks.Table
	Lines     func(stdout io.Reader) // reads the emulator's output until it ends
}

// Web is the configuration of the web pixel and POST /e; each part may be empty.
type Web struct {
	Sites         web.Sites
	EventsToken   string
	VisitorSecret string
}

// startTimeout bounds the compilation of the wasm, which comes before the
// emulator listens.
const startTimeout = 2 * time.Minute

// Emulator is a running emulator.
type Emulator struct {
	address string
	cmd     *exec.Cmd
	done    chan struct{}
}

// Start renders the manifest, starts the emulator and returns when it listens.
func Start(ctx context.Context, cfg Config) (*Emulator, error) {
	if _, err := os.Stat(cfg.Wasm); err != nil {
		return nil, fmt.Errorf("find the edge program (make edge builds it): %w", err)
	}
	manifest := filepath.Join(cfg.Dir, "fastly.toml")
	if err := os.WriteFile(manifest, renderManifest(&cfg), 0o600); err != nil {
		return nil, fmt.Errorf("render manifest: %w", err)
	}
	for tries := 1; ; tries++ {
		e, err := start(ctx, &cfg, manifest)
		if !errors.Is(err, errPortTaken) || !strings.HasSuffix(cfg.Listen, ":0") || tries == maxTries {
			return e, err
		}
	}
}

// errPortTaken is the error if another program took the address before the emulator.
var errPortTaken = errors.New("another program took the emulator's address")

// maxTries is the number of free ports that are tried.
const maxTries = 5

func start(ctx context.Context, cfg *Config, manifest string) (*Emulator, error) {
	address, err := freeAddress(cfg.Listen)
	if err != nil {
		return nil, err
	}
	logFile, err := os.OpenFile(filepath.Join(cfg.Dir, "emulator.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = logFile.Close() }() // the emulator has its own descriptor

	e := &Emulator{address: address, done: make(chan struct{})}
	e.cmd = exec.Command(cfg.Viceroy, "--addr", address, "-C", manifest, cfg.Wasm)
	e.cmd.Stderr = logFile
	stdout, err := e.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	started := make(chan error, 1)
	go e.run(started, func() { cfg.Lines(stdout) })
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start the emulator: %w", err)
	}
	if err := e.waitListening(ctx, logFile.Name()); err != nil {
		e.Stop()
		return nil, err
	}
	return e, nil
}

// run starts the process and waits for its end, on one thread: the kernel kills
// the emulator when the thread that started it is gone, and so it cannot
// outlive this process. Its own group keeps a Ctrl-C from it.
func (e *Emulator) run(started chan<- error, read func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	err := e.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	read()
	_ = e.cmd.Wait() // it was killed, or its log has the reason
	close(e.done)
}

func (e *Emulator) waitListening(ctx context.Context, logPath string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	dialer := net.Dialer{Timeout: time.Second}
	for {
		if c, err := dialer.DialContext(ctx, "tcp", e.address); err == nil {
			_ = c.Close() // nothing was sent
			if e.listens() {
				return nil
			}
		}
		select {
		case <-e.done:
			if log, _ := os.ReadFile(logPath); strings.Contains(string(log), "Address already in use") {
				return fmt.Errorf("%w %s", errPortTaken, e.address)
			}
			return fmt.Errorf("the emulator ended at once; its log is %s", logPath)
		case <-ctx.Done():
			return fmt.Errorf("wait for the emulator: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// listens reports whether the emulator listens on its address, or a program that cannot be
// seen.
func (e *Emulator) listens() bool {
	_, port, _ := net.SplitHostPort(e.address) // of a listener
	n, _ := strconv.Atoi(port)
	owner := portowner.PID(n)
	group, err := syscall.Getpgid(owner)
	return owner == 0 || err != nil || group == e.cmd.Process.Pid
}

// URL returns the emulator's URL.
func (e *Emulator) URL() string { return "http://" + e.address }

// Done returns a channel that is closed when the emulator has ended.
func (e *Emulator) Done() <-chan struct{} { return e.done }

// Stop ends the emulator and returns when it is gone and its output is read.
func (e *Emulator) Stop() {
	_ = e.cmd.Process.Kill() // it keeps nothing; an error means that it is gone
	<-e.done
}

// freeAddress replaces port 0 by a free one, since the emulator does not
// report which one it took.
func freeAddress(address string) (string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("the address %s is in use", address)
		}
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}
