package wal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// visited returns the numbers of the records that Visit finds.
func visited(t *testing.T, dir string) (numbers []uint64, next Position) {
	t.Helper()
	next, err := Visit(dir, func(p Position, r *Record) error {
		if want := record(""); r.Source != want.Source || r.Lines != want.Lines || !r.ReceivedAt.Equal(want.ReceivedAt) {
			t.Errorf("record %d is %+v", p.Record, r)
		}
		numbers = append(numbers, p.Record)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return numbers, next
}

func TestVisitSeesTheRecordsOfARunningLog(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, Options{Dir: dir})
	if got, next := visited(t, dir); got != nil || next.Record != 1 {
		t.Errorf("of an empty log: records %v, next %v", got, next)
	}
	mustAppend(t, l, "a", "b")
	if err := l.Seal(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, "c")
	want := []uint64{1, 2, 3}
	if got, next := visited(t, dir); !slices.Equal(got, want) || next.Record != 4 {
		t.Errorf("records %v, next %v", got, next)
	}
	mustClose(t, l)
	if got, next := visited(t, dir); !slices.Equal(got, want) || next.Record != 4 {
		t.Errorf("of a closed log: records %v, next %v", got, next)
	}
}

func TestVisitLeavesDamagedRecordsOut(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, Options{Dir: dir})
	mustAppend(t, l, "a", "b", "c")
	mustClose(t, l)
	files, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || len(files) != 1 {
		t.Fatalf("segments %v, %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	data[frameBounds(t, data)[1][0]+frameSize] ^= 1 // in the second record
	if err := os.WriteFile(files[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, next := visited(t, dir); !slices.Equal(got, []uint64{1, 3}) || next.Record != 4 {
		t.Errorf("records %v, next %v", got, next)
	}
	after, err := os.ReadFile(files[0])
	if err != nil || !slices.Equal(after, data) {
		t.Error("it has changed the log", err)
	}
}

func TestVisitEndsWithItsVisitor(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, Options{Dir: dir})
	mustAppend(t, l, "a", "b")
	mustClose(t, l)
	enough, calls := errors.New("enough"), 0
	if _, err := Visit(dir, func(Position, *Record) error { calls++; return enough }); !errors.Is(err, enough) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
	if _, err := Visit(filepath.Join(dir, "none"), nil); err == nil {
		t.Error("no error without a folder")
	}
}
