package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"glint/ingest/host/atomicfile"
)

// process is one run of the engine, seen from the parent.
type process struct {
	cmd       *exec.Cmd
	stdin     io.WriteCloser
	port      int
	secrets   secrets
	doorway   *doorway
	isolated  bool
	listening chan struct{} // closed when the child says that it listens
	exited    chan struct{} // closed when the child is gone and reaped
	stderr    *tailWriter
	logStart  int64 // length of the engine's log before this run
}

// endTimeout is how long the engine may take to end when asked; the child
// kills itself after childGrace, so this is the reserve for a stuck kernel.
const endTimeout = childGrace + time.Second

// startProcess renders the configuration and starts the child, in a network
// namespace of its own if isolate is set and the system allows it. It does not wait for it.
func startProcess(cfg *Config, files layout, lock *dirLock, isolate bool) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	secrets := newSecrets()
	config, err := renderConfig(cfg, files, port, secrets)
	if err != nil {
		return nil, err
	}
	if err := atomicfile.WriteFile(files.ConfigFile, config); err != nil {
		return nil, fmt.Errorf("write engine configuration: %w", err)
	}
	warehouse := cfg.warehouseUser()
	spec, err := json.Marshal(childSpec{
		Library: cfg.Library, ConfigFile: files.ConfigFile, Port: port,
		User: warehouse.Name, Password: warehouse.Password, Door: secrets.Door,
	})
	if err != nil {
		return nil, fmt.Errorf("encode engine start: %w", err)
	}
	p := &process{
		port:      port,
		secrets:   secrets,
		isolated:  isolate,
		listening: make(chan struct{}),
		exited:    make(chan struct{}),
		logStart:  fileSize(files.LogFile),
	}
	return p, p.start(append(spec, '\n'), cfg, files, lock)
}

func (p *process) start(spec []byte, cfg *Config, files layout, lock *dirLock) error {
	statusRead, statusWrite, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("open status pipe: %w", err)
	}
	defer func() { _ = statusWrite.Close() }()
	way, childEnd, err := newDoorway()
	if err != nil {
		_ = statusRead.Close()
		return err
	}
	p.doorway = way
	defer func() { _ = childEnd.Close() }()
	log, err := openCappedFile(files.StderrFile)
	if err != nil {
		_ = statusRead.Close()
		way.close()
		return err
	}
	p.stderr = &tailWriter{next: log}

	// The link, not the path: it is this very program even if the file was replaced meanwhile.
	p.cmd = exec.Command("/proc/self/exe")
	p.cmd.Args = []string{os.Args[0], "engine"}
	p.cmd.Env = childEnvironment(files)
	p.cmd.Dir = files.TempDir
	p.cmd.Stderr = p.stderr
	p.cmd.ExtraFiles = make([]*os.File, 3)
	p.cmd.ExtraFiles[childDoorwayFD-3] = childEnd
	p.cmd.ExtraFiles[childLockFD-3] = lock.file
	p.cmd.ExtraFiles[childStatusFD-3] = statusWrite
	// Its own group: a signal to ours must leave the order of the stop to us.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = time.Second

	if err := p.launch(cfg, files); err != nil {
		_ = statusRead.Close()
		_ = log.Close()
		way.close()
		return err
	}
	go p.readStatus(statusRead)
	go func() {
		_ = p.cmd.Wait()
		_ = log.Close()
		way.close()
		close(p.exited)
	}()
	// The pipe takes this much at once, so a dead child cannot block us.
	if _, err := p.stdin.Write(spec); err != nil && !errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("tell engine process what to run: %w", err)
	}
	return lock.note(os.Getpid(), p.cmd.Process.Pid)
}

// launch starts the command: isolated if that is wanted and possible.
func (p *process) launch(cfg *Config, files layout) error {
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return fmt.Errorf("open standard input of engine: %w", err)
	}
	environment := p.cmd.Env
	if p.isolated {
		if p.cmd.Env, err = withRoom(environment, newRoom(cfg, files, p.port, true)); err != nil {
			return err
		}
		if p.isolated, err = startIsolated(p.cmd); p.isolated || err != nil {
			return err
		}
	}
	if p.cmd.Env, err = withRoom(environment, newRoom(cfg, files, p.port, false)); err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start engine process: %w", err)
	}
	return nil
}

// withRoom returns the environment with the room in it.
func withRoom(environment []string, r room) ([]string, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode room of engine: %w", err)
	}
	return append(slices.Clone(environment), roomVariable+"="+string(text)), nil
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
