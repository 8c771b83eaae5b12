package wal

import (
	"errors"
	"fmt"
	"syscall"
)

// The conditions that a caller can test for with errors.Is.
var (
	ErrClosed  = errors.New("wal: log is closed")
	ErrLocked  = errors.New("wal: log is in use by another process")
	ErrQuota   = errors.New("wal: quota of the log is used up")
	ErrNoSpace = errors.New("wal: no space left on the disk")
	ErrSync    = errors.New("wal: the disk did not confirm the write")
	ErrRecord  = errors.New("wal: record is outside the format's limits")
	ErrVersion = errors.New("wal: segment is of an unknown format version")
)

// LockedError is ErrLocked with the facts.
type LockedError struct {
	Dir string
	PID int // of the holder; 0 if it is not known
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%v: %s", ErrLocked, e.Dir)
	}
	return fmt.Sprintf("%v: %s is held by process %d", ErrLocked, e.Dir, e.PID)
}

// Unwrap returns ErrLocked.
func (e *LockedError) Unwrap() error { return ErrLocked }

// Hint says what to try.
func (e *LockedError) Hint() string {
	if e.PID == 0 {
		return "stop the glint that uses this folder, or name another one"
	}
	return fmt.Sprintf("stop process %d (kill %d), or name another folder", e.PID, e.PID)
}

// writeError adds to an error of the file system the condition it stands for.
// EFBIG is the process's own limit (ulimit -f), which ends like a full disk.
func writeError(action string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("%w: %s: %w", ErrNoSpace, action, err)
	}
	return fmt.Errorf("wal: %s: %w", action, err)
}
