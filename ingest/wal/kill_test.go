package wal_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"glint/ingest/wal"
)

// writerDir is the variable that makes the test binary a writer of the log in
// that directory.
const writerDir = "GLINT_TEST_WAL_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerDir); dir != "" {
		writeUntilKilled(dir)
	}
	os.Exit(m.Run())
}

const killWriters = 8

// writeUntilKilled appends from several goroutines and prints each record once
// it is acknowledged.
func writeUntilKilled(dir string) {
	l, err := wal.Open(wal.Options{Dir: dir, SegmentBytes: 1 << 20, MaxBytes: 1 << 30})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	start := l.Recovery().Next.Record
	for w := range killWriters {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d-%d", start, w, i)
				body := id + " " + strings.Repeat("x", (i*7919+w)%40_000)
				if _, err := l.Append(context.Background(), &wal.Record{Body: []byte(body)}); err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
				// One write call per line: the pipe gets the whole line or
				// nothing.
				_, _ = os.Stdout.WriteString("acknowledged " + id + "\n")
			}
		}()
	}
	select {}
}

// TestKilledWriterLosesNothingAcknowledged kills the writer 40 times, or
// $GLINT_TEST_KILLS times.
func TestKilledWriterLosesNothingAcknowledged(t *testing.T) {
	kills := 40
	if s := os.Getenv("GLINT_TEST_KILLS"); s != "" {
		var err error
		if kills, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	dir, total := t.TempDir(), 0
	for kill := range kills {
		acknowledged := writeAndKill(t, dir, time.Duration(20+kill*7%40)*time.Millisecond)
		if len(acknowledged) == 0 {
			t.Fatalf("kill %d: nothing was acknowledged before it", kill)
		}
		total += len(acknowledged)
		l, err := wal.Open(wal.Options{Dir: dir})
		if err != nil {
			t.Fatalf("kill %d: open: %v", kill, err)
		}
		if d := l.Recovery().Damages; len(d) > 0 {
			t.Fatalf("kill %d: damages %+v", kill, d)
		}
		next := l.Recovery().Next
		removeFound(t, l, acknowledged, next)
		for id := range acknowledged {
			t.Fatalf("kill %d: %d acknowledged records are lost, one is %s", kill, len(acknowledged), id)
		}
		l.Release(next)
		wal.Tidy(l) // else the quota is used up after some hundred kills
		if err := l.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d kills, %d records acknowledged, none lost", kills, total)
}

func writeAndKill(t *testing.T, dir string, after time.Duration) map[string]bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[string]bool{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		id, ok := strings.CutPrefix(lines.Text(), "acknowledged ")
		if !ok {
			t.Errorf("the writer says %q", lines.Text())
			continue
		}
		if len(acknowledged) == 0 {
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
		acknowledged[id] = true
	}
	_ = cmd.Wait() // killed
	return acknowledged
}

// removeFound reads the newest records, back to the beginning of the last
// writer, and removes their ids from the set.
func removeFound(t *testing.T, l *wal.Log, ids map[string]bool, end wal.Position) {
	t.Helper()
	var from uint64
	for id := range ids {
		start, _, _ := strings.Cut(id, "-")
		from, _ = strconv.ParseUint(start, 10, 64)
		break
	}
	r := l.NewReader(wal.Position{Record: from})
	defer func() { _ = r.Close() }()
	for {
		rec, p, err := r.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		id, _, _ := strings.Cut(string(rec.Body), " ")
		delete(ids, id)
		if p.Record+1 == end.Record {
			return
		}
	}
}
