package reload

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// world is a file, the value that is its text, and a clock.
type world struct {
	file    string
	now     time.Time
	loads   int
	changes int
	value   *Value[string]
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{file: filepath.Join(t.TempDir(), "file"), now: time.Unix(1000, 0)}
	w.write(t, "first")
	var err error
	w.value, err = Open(Options{Now: func() time.Time { return w.now }, Changed: func() { w.changes++ }}, func() (string, error) {
		w.loads++
		text, err := os.ReadFile(w.file)
		return string(text), err
	}, w.file)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// write writes a text within one unit of the file system's time.
func (w *world) write(t *testing.T, text string) {
	t.Helper()
	err := os.WriteFile(w.file, []byte(text), 0o600)
	if err == nil {
		at := time.Unix(900, 0)
		err = os.Chtimes(w.file, at, at)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) has(t *testing.T, want string, loads, changes int) {
	t.Helper()
	w.now = w.now.Add(Interval)
	if got := w.value.Get(); got != want || w.loads != loads || w.changes != changes {
		t.Errorf("%q after %d loads and %d changes, want %q, %d, %d", got, w.loads, w.changes, want, loads, changes)
	}
}

// TestAChangeWithinAUnitOfTimeIsSeen changes a file of which neither the size nor the time
// changes: kernels may keep the time of a file for some milliseconds, others for seconds.
func TestAChangeWithinAUnitOfTimeIsSeen(t *testing.T) {
	w := newWorld(t)
	w.has(t, "first", 1, 0)
	w.write(t, "other")
	w.has(t, "other", 2, 1)
	w.has(t, "other", 2, 1)
	w.value.seenAt = w.value.seenAt.Add(-2 * Settle)
	w.write(t, "third")
	w.has(t, "third", 3, 2)
	w.value.seenAt = w.value.seenAt.Add(-2 * Settle)
	w.has(t, "third", 3, 2)
	if !w.value.settled {
		t.Error("an old file is read at each look")
	}
}

// TestAPipeIsReadOnce: what comes through it does not come again.
func TestAPipeIsReadOnce(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() { written <- os.WriteFile(pipe, []byte("secret"), 0o600) }()
	now := time.Unix(1000, 0)
	v, err := Open(Options{Now: func() time.Time { return now }}, func() (string, error) {
		text, err := os.ReadFile(pipe)
		return string(text), err
	}, pipe)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil || v.Get() != "secret" {
		t.Errorf("%q, %v", v.Get(), err)
	}
}
