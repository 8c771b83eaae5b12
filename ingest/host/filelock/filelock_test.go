package filelock

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestALockIsHeldUntilItsFileIsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, second := open(t, path), open(t, path)
	defer func() { _ = second.Close() }()
	if err := Try(first); err != nil {
		t.Fatal(err)
	}
	if err := Try(second); !errors.Is(err, ErrHeld) {
		t.Errorf("a second lock: %v, want ErrHeld", err)
	}
	ended, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("over")
	cancel(cause)
	if err := Wait(ended, second, func() { t.Error("waits although its context has ended") }); !errors.Is(err, cause) {
		t.Errorf("wait: %v, want the cause", err)
	}
	calls := 0
	if err := Wait(t.Context(), second, func() { calls++; time.AfterFunc(time.Millisecond, func() { _ = first.Close() }) }); err != nil || calls != 1 {
		t.Errorf("wait: %v, held was called %d times", err, calls)
	}
	third := open(t, path)
	defer func() { _ = third.Close() }()
	if err := Try(third); !errors.Is(err, ErrHeld) {
		t.Errorf("a third lock: %v, want ErrHeld", err)
	}
}
