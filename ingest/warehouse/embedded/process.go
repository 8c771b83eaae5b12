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
	listening chan struct{} // closed when the child reports that it listens
	exited    chan struct{} // closed when the child has been reaped
	stderr    *tailWriter
	logStart  int64 // length of the engine's log before this run
}

// endTimeout is the time that the engine may take to end on request. The child kills
// itself after childGrace; the rest is a reserve for a stuck kernel.
const endTimeout = childGrace + time.Second

// startProcess renders the configuration and starts the child, in a network
// namespace of its own if isolate is set and the system allows it. It does not
// wait for the child to listen.
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

	inherited := make([]*os.File, 3)
	inherited[childDoorwayFD-3] = childEnd
	inherited[childLockFD-3] = lock.file
	inherited[childStatusFD-3] = statusWrite
	if err := p.launch(cfg, files, inherited); err != nil {
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
	// The pipe buffers this much, so a dead child cannot block the parent.
	if _, err := p.stdin.Write(spec); err != nil && !errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("send engine process its configuration: %w", err)
	}
	return lock.note(os.Getpid(), p.cmd.Process.Pid)
}

// launch starts the child, isolated if requested and possible.
func (p *process) launch(cfg *Config, files layout, inherited []*os.File) error {
	var ways []isolation
	if p.isolated {
		if ways = cfg.isolations; ways == nil {
			ways = isolations()
		}
	}
	for _, isolate := range append(slices.Clone(ways), nil) {
		p.isolated = isolate != nil
		attributes := &syscall.SysProcAttr{Setpgid: true} // its own process group, so that signals to ours do not change the order of the stop
		if p.isolated {
			isolate(attributes)
		}
		err := p.execute(newRoom(cfg, files, p.port, p.isolated), files, inherited, attributes)
		if err == nil || !p.isolated || !refused(err) {
			return err
		}
	}
	return nil // not reached: the last attempt is not isolated
}

// execute starts the child once. An exec.Cmd can be started only once, even
// after a failure.
func (p *process) execute(r room, files layout, inherited []*os.File, attributes *syscall.SysProcAttr) (err error) {
	// The link, not the path: it is this very program even if the file was
	// replaced.
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{os.Args[0], "engine"}
	if cmd.Env, err = withRoom(childEnvironment(files), r); err != nil {
		return err
	}
	cmd.Dir, cmd.Stderr, cmd.ExtraFiles, cmd.SysProcAttr = files.TempDir, p.stderr, inherited, attributes
	cmd.WaitDelay = time.Second
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return fmt.Errorf("open standard input of engine: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start engine process: %w", err)
	}
	p.cmd = cmd
	return nil
}

// withRoom returns the environment with the room added.
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

// childEnvironment contains only the variables that the loader needs, so that
// the engine does not see the operator's secrets.
func childEnvironment(files layout) []string {
	environment := []string{childVariable + "=1", "HOME=" + files.TempDir, "TMPDIR=" + files.TempDir, "TZ=UTC"}
	if path, ok := os.LookupEnv("LD_LIBRARY_PATH"); ok {
		environment = append(environment, "LD_LIBRARY_PATH="+path)
	}
	return environment
}

// end asks the engine to end and returns when it is gone. If ctx ends or
// endTimeout passes first, it kills the engine.
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

// exitReason returns the way in which the engine ended; valid once exited is closed. It
// contains no text of the engine, which may quote a query.
func (p *process) exitReason() string { return p.cmd.ProcessState.String() }

// report returns the engine's output in this run, for a failed start.
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
