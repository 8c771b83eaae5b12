// Package filelock takes the exclusive lock of an open file by flock(2). The lock
// belongs to the open file: it ends when all processes that have it are gone, or
// have closed it, whatever ends them.
package filelock

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// ErrHeld is returned while another open file has the lock.
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

// poll is the time between two tries of Wait: a blocking flock could not be given
// up when a context ends.
const poll = 100 * time.Millisecond

// Wait tries until it has the lock, or returns the cause of ctx when that ends.
// Held is called once if it has to wait.
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
