package wal

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"glint/ingest/host/disk"
	"glint/ingest/host/disk/disksim"
)

const dir = "/log"

var received = time.Date(2026, 11, 21, 9, 30, 0, 123e6, time.UTC)

func testOptions(fs disk.FS) Options {
	return Options{Dir: dir, Lane: LaneLive, FS: fs, Now: func() time.Time { return received }}
}

func mustOpen(t testing.TB, o Options) *Log {
	t.Helper()
	l, err := Open(o)
	if err != nil {
		t.Fatal("open:", err)
	}
	return l
}

func mustClose(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Close(context.Background()); err != nil {
		t.Fatal("close:", err)
	}
}

func record(body string) *Record {
	return &Record{ReceivedAt: received, Source: "fastly", Codec: 2, DecodedBytes: 1000, Lines: 7, Body: []byte(body)}
}

func mustAppend(t testing.TB, l *Log, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		if _, err := l.Append(context.Background(), record(body)); err != nil {
			t.Fatalf("append %.20q: %v", body, err)
		}
	}
}

// readAll returns the bodies of all records of the log. It appends one record
// of its own, to detect the end.
func readAll(t testing.TB, l *Log) []string {
	t.Helper()
	const last = "the last one"
	mustAppend(t, l, last)
	return readUntil(t, l, Position{}, last)
}

func readUntil(t testing.TB, l *Log, from Position, last string) []string {
	t.Helper()
	r := l.NewReader(from)
	defer func() { _ = r.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	bodies, before := []string{}, uint64(0)
	for {
		rec, p, err := r.Next(ctx)
		if err != nil {
			t.Fatalf("after %d records: %v", len(bodies), err)
		}
		if p.Record <= before {
			t.Fatalf("record %d comes after record %d", p.Record, before)
		}
		before = p.Record
		if string(rec.Body) == last {
			return bodies
		}
		bodies = append(bodies, string(rec.Body))
	}
}

// inspect inspects a log on any file system without changing it; repair also
// repairs it.
func inspect(t testing.TB, fs disk.FS) *Report { return walkThrough(t, fs, false) }
func repair(t testing.TB, fs disk.FS)          { walkThrough(t, fs, true) }

func walkThrough(t testing.TB, fs disk.FS, fix bool) *Report {
	t.Helper()
	o := testOptions(fs)
	o.complete()
	w := recoverer{fs: fs, dir: dir, fix: fix, deep: true, now: o.Now, log: o.Logger}
	r, err := w.reported()
	if err != nil {
		t.Fatal("walk:", err)
	}
	return r
}

// filesOf returns the segments of a simulated log, oldest first.
func filesOf(fs *disksim.FS) (names []string, files map[string][]byte) {
	files = fs.Files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, ".seg") {
			names = append(names, name)
		}
	}
	return names, files
}

func numbered(n int) (bodies []string) {
	for i := range n {
		bodies = append(bodies, fmt.Sprintf("record %d %s", i+1, strings.Repeat("x", i*5%23)))
	}
	return bodies
}
