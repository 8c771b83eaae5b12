package enginelib

import (
	"testing"
	"time"
)

// Patience is the limit of every wait of a test; it is not an expectation of
// speed.
const Patience = time.Minute

// Eventually waits until is holds, for Patience at most; then the test fails with
// what it waited for.
func Eventually(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(Patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("waited %v in vain for %s", Patience, what)
		}
	}
}
