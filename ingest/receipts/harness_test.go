package receipts

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// atOne is a clock that stands at an hour past noon.
func atOne() time.Time { return noon.Add(time.Hour) }

// receipt is that of a record that was received so long after noon.
func receipt(record uint64, after time.Duration, events ...uint64) Receipt {
	return Receipt{
		LogID: "live-A", Record: record, ReceivedAt: noon.Add(after), Lane: "live", Source: "edge",
		Lines: len(events) + 6, Events: events, BadTokens: 1, DeadLetters: 2, OverCap: 3,
	}
}

// book opens a book in dir whose clock is atOne.
func book(t *testing.T, dir string, change ...func(*Options)) *Writer {
	t.Helper()
	o := Options{Dir: dir, Now: atOne}
	for _, f := range change {
		f(&o)
	}
	b, err := OpenWriter(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func keep(t *testing.T, b *Writer, receipts ...Receipt) {
	t.Helper()
	if err := b.Append(receipts); err != nil {
		t.Fatal(err)
	}
}

// found is a reader's result for a folder.
type found struct {
	receipts []Receipt
	damages  int
	torn     int64
}

func read(t *testing.T, dir string) (f found) {
	t.Helper()
	shelf, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range shelf.Hours() {
		h, err := shelf.Hour(at)
		if err != nil {
			t.Fatal(err)
		}
		f.damages += h.Damages
		f.torn += h.TornBytes
		if err := h.Each(func(r *Receipt) error {
			kept := *r
			kept.Events = append([]uint64(nil), r.Events...)
			f.receipts = append(f.receipts, kept)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// numbers are the records of what was found.
func (f found) numbers() (numbers []uint64) {
	for i := range f.receipts {
		numbers = append(numbers, f.receipts[i].Record)
	}
	return numbers
}

func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func content(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func overwrite(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}
