package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"glint/ingest/host/filelock"
)

// dirLock is the lock of a data directory. It belongs to the open file, which
// the engine's process inherits: it is released when both processes are gone,
// in any order.
type dirLock struct {
	file *os.File
}

// acquireLock takes the lock at path, waiting for up to wait. It returns an
// *Error with ErrDataDirInUse, or the context's error.
func acquireLock(ctx context.Context, path, dataDir string, wait time.Duration, log *slog.Logger) (*dirLock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	lock := &dirLock{file: file}
	waiting, cancel := context.WithTimeoutCause(ctx, wait, filelock.ErrHeld)
	defer cancel()
	err = filelock.Wait(waiting, file, func() {
		log.Info("waiting for data directory", "data_dir", dataDir, "holder_pid", lock.holder(), "wait", wait)
	})
	switch {
	case err == nil:
		return lock, lock.note(os.Getpid())
	case errors.Is(err, filelock.ErrHeld):
		err = inUse(dataDir, lock.holder(), wait)
	case ctx.Err() != nil:
		err = fmt.Errorf("wait for data directory: %w", ctx.Err())
	default:
		err = fmt.Errorf("lock data directory: %w", err)
	}
	lock.release()
	return nil, err
}

func inUse(dataDir string, holder int, wait time.Duration) error {
	return &Error{
		Err:    ErrDataDirInUse,
		Detail: fmt.Sprintf("%s is held by process %d (waited %s)", dataDir, holder, max(wait, 0)),
		Hint:   fmt.Sprintf("stop process %d (kill %d), or use another data directory", holder, holder),
	}
}

// note records the holders of the lock for processes that wait: our process,
// then the engine's, which may outlive ours for a moment.
func (l *dirLock) note(pids ...int) error {
	var text strings.Builder
	for _, pid := range pids {
		fmt.Fprintln(&text, pid)
	}
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("note holder of lock: %w", err)
	}
	if _, err := l.file.WriteAt([]byte(text.String()), 0); err != nil {
		return fmt.Errorf("note holder of lock: %w", err)
	}
	return nil
}

// holder returns the first recorded process that is alive, or 0.
func (l *dirLock) holder() int {
	text, err := os.ReadFile(l.file.Name())
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		// EPERM means that it is alive and belongs to another user.
		if err == nil && pid > 0 && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return pid
		}
	}
	return 0
}

// release releases the lock in this process.
func (l *dirLock) release() { _ = l.file.Close() }
