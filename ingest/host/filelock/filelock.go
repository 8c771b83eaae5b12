// Package filelock takes the exclusive lock of an open file by flock(2). The
// lock belongs to the open file: it is released when all processes that have it
// open have ended or closed it.
package filelock

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// ErrHeld is returned while another open file holds the lock.
var ErrHeld = errors.New("the lock is held")

// Try takes the lock without waiting. It fails with ErrHeld or the system's error.
func Try(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EWOULDBLOCK):
			return ErrHeld
		case !errors.Is(err, syscall.EINTR):
			return err
		}
	}
}

// poll is the pause between two tries of Wait: a blocking flock could not be
// cancelled by a context.
const poll = 100 * time.Millisecond

// Wait retries until it has the lock, or returns the cause of ctx when that
// ends. It calls held once if it has to wait.
func Wait(ctx context.Context, f *os.File, held func()) error {
	for first := true; ; first = false {
		if err := Try(f); !errors.Is(err, ErrHeld) {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if first {
			held()
		}
		select {
		case <-ctx.Done():
		case <-time.After(poll):
		}
	}
}
