package enginelib

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"glint/ingest/host/filelock"
)

// AwaitEnd waits until no engine has the data folder. The engine of a program that
// was killed writes for a moment longer, and its folder could not be removed.
func AwaitEnd(tb testing.TB, dataDir string) {
	tb.Helper()
	lock, err := os.Open(filepath.Join(dataDir, "glint.lock"))
	if errors.Is(err, os.ErrNotExist) {
		return // no engine was started
	}
	if err != nil {
		tb.Error(err)
		return
	}
	defer func() { _ = lock.Close() }()
	Eventually(tb, "the end of the engine in "+dataDir, func() bool { return filelock.Try(lock) == nil })
}
