package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"glint/ingest/host/backoff"
)

// Limits and pauses of restarts. The first restart is immediate.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 5 * time.Second
	// stableAfter is the time that the engine must have run for the next restart to
	// be immediate again.
	stableAfter = 30 * time.Second
	// maxFailedStarts is the number of consecutive failures after which the
	// supervisor gives up.
	maxFailedStarts = 20
	// maxPortTries is the number of times that the first start tries another port if the
	// chosen one was taken.
	maxPortTries = 5
)

// errPortTaken means that another process took the inner port before the engine did.
var errPortTaken = errors.New("embedded: inner port was taken")

// supervisor keeps one engine running.
type supervisor struct {
	cfg      *Config
	files    layout
	lock     *dirLock
	relay    *relay
	restarts atomic.Uint64
	shared   bool            // the engine has no network namespace of its own
	stop     context.Context // ends when the engine shall stop
	hurry    context.Context // ends when it shall stop at once

	confined atomic.Pointer[Confinement]
}

// launch starts the engine and returns when it answers an authenticated query.
func (s *supervisor) launch() (*process, *backend, error) {
	started := time.Now()
	child, err := startProcess(s.cfg, s.files, s.lock, !s.shared)
	if err != nil {
		if child != nil && child.cmd != nil {
			child.kill()
		}
		return nil, nil, err
	}
	timeout := time.NewTimer(s.cfg.StartTimeout)
	defer timeout.Stop()
	fail := func(reason string) error {
		if s.stop.Err() != nil {
			return errStopping
		}
		if strings.Contains(child.report(s.files), "Address already in use") {
			return errPortTaken
		}
		return &Error{
			Err: ErrEngineFailed, Detail: reason + child.report(s.files),
			Hint: "the whole log is in " + s.files.LogDir,
		}
	}
	select {
	case <-child.listening:
	case <-child.exited:
		if child.isolated && child.cmd.ProcessState.ExitCode() == loopbackUnavailable {
			s.shared = true
			return s.launch()
		}
		return nil, nil, fail(child.exitReason())
	case <-timeout.C:
		child.kill()
		return nil, nil, fail(fmt.Sprintf("not listening after %s", s.cfg.StartTimeout))
	case <-s.stop.Done():
		child.end(s.hurry)
		return nil, nil, errStopping
	}
	// A probe without an answer is ended by killing the engine.
	kill := func() { _ = child.cmd.Process.Kill() }
	defer time.AfterFunc(s.cfg.StartTimeout, kill).Stop()
	defer context.AfterFunc(s.stop, kill)()
	way := newBackend(child.port, child.secrets, child.doorway.dial)
	if err := probe(way, s.cfg.warehouseUser()); err != nil {
		child.kill()
		return nil, nil, fail(err.Error())
	}
	confined := confinement(child.isolated, landlockABI())
	s.confined.Store(&confined)
	s.cfg.Logger.Info("engine started", "pid", child.cmd.Process.Pid, "duration", time.Since(started),
		"landlock_abi", confined.LandlockABI, "own_network", confined.OwnNetwork)
	if len(confined.Gaps) > 0 {
		s.cfg.Logger.Warn("engine is not wholly confined", "open", strings.Join(confined.Gaps, ", "))
	}
	return child, way, nil
}

// probe sends one query to the engine as the warehouse user.
func probe(way *backend, user User) error {
	request, err := http.NewRequest(http.MethodPost, way.url+"/?database=system", strings.NewReader("SELECT 1"))
	if err != nil {
		return fmt.Errorf("build first query: %w", err)
	}
	request.SetBasicAuth(user.Name, user.Password)
	response, err := way.send(request)
	if err != nil {
		return fmt.Errorf("first query: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, tailBytes))
	if err != nil {
		return fmt.Errorf("first query: %w", err)
	}
	if answer := strings.TrimSpace(string(text)); answer != "1" {
		return fmt.Errorf("first query: status %d: %s", response.StatusCode, answer)
	}
	return nil
}

// launchFirst is launch for Start: it tries another port if the chosen one was
// taken, and returns any other error at once.
func (s *supervisor) launchFirst() (*process, *backend, error) {
	for try := 1; ; try++ {
		child, way, err := s.launch()
		if !errors.Is(err, errPortTaken) || try == maxPortTries {
			return child, way, err
		}
	}
}

// run keeps the engine running until stop, beginning with the given child. It
// returns nil after stop, otherwise why it gave up. The engine is gone when it
// returns.
func (s *supervisor) run(child *process, way *backend) error {
	pauses, delay := backoff.Backoff{First: firstPause, Last: lastPause}, time.Duration(0)
	for {
		began := time.Now()
		s.relay.set(way)
		reason := s.watch(child, way)
		s.relay.set(nil)
		if reason == "" {
			return nil
		}
		if time.Since(began) > stableAfter {
			pauses.Reset()
			delay = 0
		}
		s.cfg.Logger.Error("engine ended, restarting", "reason", reason,
			"restarts", s.restarts.Add(1), "delay", delay, "log_dir", s.files.LogDir)
		var err error
		child, way, err = s.relaunch(delay, &pauses)
		delay = pauses.Next()
		if errors.Is(err, errStopping) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// watch returns when the engine is gone: "" after stop, else the reason.
func (s *supervisor) watch(child *process, way *backend) string {
	for {
		select {
		case <-s.stop.Done():
			way.transport.CloseIdleConnections()
			child.end(s.hurry)
			return ""
		case <-child.exited:
			return child.exitReason()
		case <-way.refused:
			if s.isDeaf(child, way) {
				child.kill()
				return "alive but not listening"
			}
		}
	}
}

// isDeaf reports whether a living engine refuses connections.
func (s *supervisor) isDeaf(child *process, way *backend) bool {
	select {
	case <-child.exited: // the usual case: it refused because it is ending
		return false
	case <-s.stop.Done():
		return false
	case <-time.After(time.Second):
	}
	// Connecting and closing without a byte is harmless to the engine.
	connection, err := way.dial(s.stop, "tcp", "")
	if err != nil {
		return true
	}
	_ = connection.Close()
	return false
}

// relaunch restarts the engine after delay, and retries after each of pauses.
// It returns errStopping, or an error after maxFailedStarts.
func (s *supervisor) relaunch(delay time.Duration, pauses *backoff.Backoff) (*process, *backend, error) {
	for failed := 0; ; {
		if backoff.Sleep(s.stop, delay) != nil {
			return nil, nil, errStopping
		}
		child, way, err := s.launch()
		if err == nil || errors.Is(err, errStopping) {
			return child, way, err
		}
		delay = pauses.Next()
		if failed++; failed == maxFailedStarts {
			return nil, nil, fmt.Errorf("gave up after %d failed starts: %w", failed, err)
		}
		s.cfg.Logger.Error("engine did not start", "failed_starts", failed, "delay", delay, "log_dir", s.files.LogDir)
	}
}
