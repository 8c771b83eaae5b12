package ingest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"glint/ingest/batch"
	"glint/ingest/deadletters"
	"glint/ingest/receiver/linegen"
)

// eventTables are those that ingest writes.
var eventTables = []string{"opens", "unresolved_opens", "bad_tokens"}

func newLoader(t *testing.T, e *testEngine) *batch.Loader {
	t.Helper()
	letters, err := deadletters.Open(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return &batch.Loader{Ring: fixedRing(t), Warehouse: e.migrated(t), DeadLetters: letters}
}

// TestRowsWhoseInsertIsNotedButWhichAreGoneComeAgain puts the engine's files into
// the state that a SIGKILL leaves which hits between two of its system calls: the
// names of inserts are in the deduplication logs, their parts are not in the
// tables.
func TestRowsWhoseInsertIsNotedButWhichAreGoneComeAgain(t *testing.T) {
	e := newEngine(t)
	const lines = 30
	bodies := []batch.Body{{Record: 1, ReceivedAt: time.Now().UTC(), Source: "test", Count: lines, Lines: mixedBody(t, 1, lines)}}
	if _, err := newLoader(t, e).Load(t.Context(), "noted", bodies); err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, table := range eventTables {
		here := strings.Fields(e.query(t, "SELECT path FROM system.parts WHERE active AND table = '"+table+"'"))
		if len(here) == 0 {
			t.Fatalf("no part of %s", table)
		}
		parts = append(parts, here...)
	}
	e.stop(t)
	for _, part := range parts {
		if err := os.RemoveAll(part); err != nil {
			t.Fatal(err)
		}
	}
	e = engineIn(t, e.dir)
	r, err := newLoader(t, e).Reload(t.Context(), "noted", bodies)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range eventTables {
		if got := e.count(t, "SELECT count() FROM "+table); got != lines/3 {
			t.Errorf("%d rows in %s, want %d", got, table, lines/3)
		}
	}
	t.Logf("the engine dropped %d of %d rows as repeats of what it did not have", r.Restored, lines)
}

// TestKilledWhileItNotesAnInsert kills the engine as soon as it has written the
// name of an insert into its deduplication log, which it does just before it shows
// the rows. A batch that is tried again until it succeeds, as a lane does, must
// then be there once. GLINT_TEST_ENGINE_KILLS gives another number of kills.
func TestKilledWhileItNotesAnInsert(t *testing.T) {
	kills := timesFrom(t, "GLINT_TEST_ENGINE_KILLS", 3)
	e := newEngine(t)
	l := newLoader(t, e)
	const lines = 5
	restored := 0
	for n := range kills {
		e.query(t, fmt.Sprintf("SELECT %d", n)) // the engine is there again
		noted := notedNames(t, e)
		ended := make(chan struct{})
		pid := e.pid(t)
		go func() {
			defer close(ended)
			if noted() {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}()
		bodies := []batch.Body{{Record: 1, ReceivedAt: time.Now().UTC(), Source: "test", Count: lines, Lines: linegen.Body(uint64(n), lines)}}
		name := fmt.Sprint("kill-", n)
		try := l.Load
		for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			r, err := try(ctx, name, bodies)
			cancel()
			if err == nil {
				restored += r.Restored
				break
			}
			if time.Now().After(deadline) {
				t.Fatal(err)
			}
			try = l.Reload
		}
		<-ended
		if got, want := e.count(t, "SELECT count() FROM opens"), (n+1)*lines; got != want {
			t.Fatalf("%d rows after %d kills, want %d", got, n+1, want)
		}
	}
	if got := e.Restarts(); got < uint64(kills) {
		t.Errorf("the engine was started again %d times only, after %d kills", got, kills)
	}
	t.Logf("%d kills; the engine had noted the name but lost the rows in %d of them", kills, restored/lines)
}

// notedNames returns the names that wait for the next write into a deduplication log of
// the engine's, and says whether there was one.
func notedNames(t *testing.T, e *testEngine) func() bool {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(e.dir, "data", "clickhouse", "store", "*", "*", "deduplication_logs"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no deduplication logs in %s: %v", e.dir, err)
	}
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range logs {
		if _, err := syscall.InotifyAddWatch(fd, dir, syscall.IN_MODIFY); err != nil {
			t.Fatal(err)
		}
	}
	return func() bool {
		defer func() { _ = syscall.Close(fd) }()
		n, err := syscall.Read(fd, make([]byte, 4096))
		return err == nil && n > 0
	}
}
