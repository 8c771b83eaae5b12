package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"glint/ingest/durable"
)

// process is one run of the engine, seen from the parent.
type process struct {
	cmd       *exec.Cmd
	stdin     io.Closer
	port      int
	listening chan struct{} // closed when the child says that it listens
	exited    chan struct{} // closed when the child is gone and reaped
	stderr    *tailWriter
	logStart  int64 // length of the engine's log before this run
}

// endTimeout is how long the engine may take to end when asked; the child
// kills itself after childGrace, so this is the reserve for a stuck kernel.
const endTimeout = childGrace + time.Second

// startProcess renders the configuration and starts the child. It does not wait for it.
func startProcess(cfg *Config, files layout, lock *dirLock) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	config, err := renderConfig(cfg, files, port)
	if err != nil {
		return nil, err
	}
	if err := durable.WriteFile(files.ConfigFile, config); err != nil {
		return nil, fmt.Errorf("write engine configuration: %w", err)
	}
	warehouse := cfg.warehouseUser()
	spec, err := json.Marshal(childSpec{
		Library: cfg.Library, ConfigFile: files.ConfigFile, Port: port,
		User: warehouse.Name, Password: warehouse.Password,
	})
	if err != nil {
		return nil, fmt.Errorf("encode engine start: %w", err)
	}
	p := &process{
		port:      port,
		listening: make(chan struct{}),
		exited:    make(chan struct{}),
		logStart:  fileSize(files.LogFile),
	}
	return p, p.start(append(spec, '\n'), files, lock)
}

func (p *process) start(spec []byte, files layout, lock *dirLock) error {
	statusRead, statusWrite, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("open status pipe: %w", err)
	}
	defer func() { _ = statusWrite.Close() }()
	log, err := openCappedFile(files.StderrFile)
	if err != nil {
		_ = statusRead.Close()
		return err
	}
	p.stderr = &tailWriter{next: log}

	// The link, not the path: it is this very program even if the file was replaced meanwhile.
	p.cmd = exec.Command("/proc/self/exe")
	p.cmd.Args = []string{os.Args[0], "engine"}
	p.cmd.Env = childEnvironment(files)
	p.cmd.Dir = files.TempDir
	p.cmd.Stderr = p.stderr
	p.cmd.ExtraFiles = make([]*os.File, 2)
	p.cmd.ExtraFiles[childLockFD-3] = lock.file
	p.cmd.ExtraFiles[childStatusFD-3] = statusWrite
	// Its own group: a signal to ours must leave the order of the stop to us.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = time.Second

	stdin, err := p.cmd.StdinPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		_ = statusRead.Close()
		_ = log.Close()
		return fmt.Errorf("start engine process: %w", err)
	}
	p.stdin = stdin
	go p.readStatus(statusRead)
	go func() {
		_ = p.cmd.Wait()
		_ = log.Close()
		close(p.exited)
	}()
	// The pipe takes this much at once, so a dead child cannot block us.
	if _, err := stdin.Write(spec); err != nil && !errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("tell engine process what to run: %w", err)
	}
	return lock.note(os.Getpid(), p.cmd.Process.Pid)
}

func (p *process) readStatus(status *os.File) {
	defer func() { _ = status.Close() }()
	if n, _ := status.Read(make([]byte, 64)); n > 0 {
		close(p.listening)
	}
}

// childEnvironment holds nothing of ours but what the loader needs: the engine
// has no use for the operator's secrets.
func childEnvironment(files layout) []string {
	environment := []string{childVariable + "=1", "HOME=" + files.TempDir, "TMPDIR=" + files.TempDir, "TZ=UTC"}
	if path, ok := os.LookupEnv("LD_LIBRARY_PATH"); ok {
		environment = append(environment, "LD_LIBRARY_PATH="+path)
	}
	return environment
}

// end asks the engine to end and returns when it is gone. When ctx ends or
// endTimeout passes first, it is killed.
func (p *process) end(ctx context.Context) {
	_ = p.stdin.Close()
	timeout := time.NewTimer(endTimeout)
	defer timeout.Stop()
	select {
	case <-p.exited:
		return
	case <-ctx.Done():
	case <-timeout.C:
	}
	p.kill()
}

// kill ends the engine at once and returns when it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// exitReason says how the engine ended; valid once exited is closed. It holds
// no text of the engine's, which may quote a query.
func (p *process) exitReason() string { return p.cmd.ProcessState.String() }

// report is what the engine said in this run, for a start that did not succeed.
func (p *process) report(files layout) string {
	var text strings.Builder
	if said := p.stderr.tail(); said != "" {
		text.WriteString("\n--- engine stderr\n" + said)
	}
	if logged := fileTail(files.LogFile, p.logStart); logged != "" {
		text.WriteString("\n--- " + files.LogFile + "\n" + logged)
	}
	return text.String()
}
