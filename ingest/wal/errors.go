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

// LockedError is ErrLocked with the holder's process id.
type LockedError struct {
	Dir string
	PID int // process id of the holder; 0 if unknown
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%v: %s", ErrLocked, e.Dir)
	}
	return fmt.Sprintf("%v: %s is held by process %d", ErrLocked, e.Dir, e.PID)
}

// Unwrap returns ErrLocked.
func (e *LockedError) Unwrap() error { return ErrLocked }

// Hint returns advice for the operator.
func (e *LockedError) Hint() string {
	if e.PID == 0 {
		return "stop the glint that uses this folder, or name another one"
	}
	return fmt.Sprintf("stop process %d (kill %d), or name another folder", e.PID, e.PID)
}

// writeError wraps an error of the file system in the condition that it means.
// EFBIG is the process's own limit (ulimit -f) and is treated like a full disk.
func writeError(action string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("%w: %s: %w", ErrNoSpace, action, err)
	}
	return fmt.Errorf("wal: %s: %w", action, err)
}
