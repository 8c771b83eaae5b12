package receipts

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReceiptsComeBackAsTheyWere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "receipts")
	b := book(t, dir)
	want := []Receipt{
		receipt(1, 0, 7, 7, 1<<63),
		receipt(2, 61*time.Minute+7*time.Millisecond, 9),
		receipt(3, time.Minute),
	}
	keep(t, b, want...)
	got := read(t, dir)
	slices.SortFunc(want, func(a, b Receipt) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
	if diff := cmp.Diff(want, got.receipts); diff != "" || got.damages != 0 || got.torn != 0 {
		t.Errorf("%s, %d damages, %d torn bytes", diff, got.damages, got.torn)
	}
	files := []string{"20261121T12.receipts", "20261121T13.receipts", "since.json"}
	if diff := cmp.Diff(files, names(t, dir)); diff != "" {
		t.Error(diff)
	}
	for _, name := range append(files, ".") {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: others may use it, mode %v, %v", name, info.Mode(), err)
		}
	}
	if got := int64(len(content(t, dir, files[0])) + len(content(t, dir, files[1]))); got != b.Bytes() {
		t.Errorf("Bytes is %d, the files have %d", b.Bytes(), got)
	}
}

func TestALaterReceiptOfARecordReplacesTheEarlier(t *testing.T) {
	dir := t.TempDir()
	keep(t, book(t, dir), receipt(1, 0, 10), receipt(2, 0, 20), receipt(1, 0, 11))
	other := receipt(2, 0, 22)
	other.LogID = "live-B" // another log's second record
	keep(t, book(t, dir), receipt(2, 0, 21), other)
	got := read(t, dir)
	want := []Receipt{receipt(1, 0, 11), receipt(2, 0, 21), other}
	if diff := cmp.Diff(want, got.receipts); diff != "" {
		t.Error(diff)
	}
}

func TestABookThatIsOpenedAgainLeavesOldFilesAlone(t *testing.T) {
	dir := t.TempDir()
	b := book(t, dir)
	keep(t, b, receipt(1, 0, 10))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Append([]Receipt{receipt(2, 0)}); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	b = book(t, dir)
	keep(t, b, receipt(2, 0, 20))
	keep(t, b, receipt(3, 0, 30))
	want := []string{"20261121T12-2.receipts", "20261121T12.receipts", "since.json"}
	if diff := cmp.Diff(want, names(t, dir)); diff != "" {
		t.Error(diff)
	}
	if got := read(t, dir); !slices.Equal(got.numbers(), []uint64{1, 2, 3}) {
		t.Errorf("records %v", got.numbers())
	}
}

func TestABacklogOfManyHoursKeepsFewFilesOpen(t *testing.T) {
	dir := t.TempDir()
	b := book(t, dir)
	for round := range 2 {
		for i := range 3 * maxOpen {
			keep(t, b, receipt(uint64(round*100+i), -time.Duration(i)*time.Hour, 1))
		}
		if len(b.open) > maxOpen {
			t.Errorf("%d files are open", len(b.open))
		}
	}
	if got := read(t, dir); len(got.receipts) != 6*maxOpen {
		t.Errorf("%d receipts", len(got.receipts))
	}
}

func TestOldReceiptsGoAndSinceTellsIt(t *testing.T) {
	dir := t.TempDir()
	now := noon
	clock := func(o *Options) { o.Now = func() time.Time { return now }; o.Retain = 2 * time.Hour }
	b := book(t, dir, clock)
	if since, err := Since(dir); err != nil || !since.Equal(noon) {
		t.Errorf("of a new book: %v, %v", since, err)
	}
	for i := range 5 {
		now = noon.Add(time.Duration(i) * time.Hour)
		keep(t, b, receipt(uint64(i), time.Duration(i)*time.Hour, 1))
	}
	if got := read(t, dir); !slices.Equal(got.numbers(), []uint64{1, 2, 3, 4}) {
		t.Errorf("records %v", got.numbers())
	}
	// All of the first file had been received by noon.
	if since, err := Since(dir); err != nil || !since.Equal(noon.Add(time.Millisecond)) {
		t.Errorf("since %v, %v", since, err)
	}
	now = now.Add(time.Hour)
	b = book(t, dir, clock) // does not know when the receipts of a file were received
	if since, err := Since(dir); err != nil || !since.Equal(noon.Add(2*time.Hour)) {
		t.Errorf("since %v, %v", since, err)
	}
	now = now.Add(1000 * time.Hour)
	keep(t, b, receipt(9, 1005*time.Hour))
	if got := read(t, dir); !slices.Equal(got.numbers(), []uint64{4, 9}) {
		t.Errorf("records %v", got.numbers()) // it tidies first, and the newest file stays
	}
}

func TestTheFolderStaysWithinItsQuota(t *testing.T) {
	dir := t.TempDir()
	const quota = 8 << 10
	b := book(t, dir, func(o *Options) { o.MaxBytes = quota; o.Now = func() time.Time { return noon } })
	size := int64(len(appendFrame(nil, &Receipt{LogID: "live-A", Lane: "live", Source: "edge", Events: make([]uint64, 50)})))
	const last = 200
	for i := uint64(1); i <= last; i++ {
		keep(t, b, receipt(i, time.Duration(i)*time.Millisecond, make([]uint64, 50)...))
		if b.Bytes() > quota+size {
			t.Fatalf("%d bytes after %d receipts", b.Bytes(), i)
		}
	}
	got := read(t, dir).numbers()
	since, err := Since(dir)
	if err != nil || len(got) < 10 || got[len(got)-1] != last {
		t.Fatalf("records %v, %v", got, err)
	}
	if oldest := noon.Add(time.Duration(got[0]) * time.Millisecond); !since.Equal(oldest) {
		t.Errorf("since %v, the oldest receipt is of %v", since, oldest)
	}
}

func TestConcurrentAppends(t *testing.T) {
	dir := t.TempDir()
	b := book(t, dir)
	var all sync.WaitGroup
	for i := range uint64(8) {
		all.Go(func() {
			for j := range uint64(10) {
				if err := b.Append([]Receipt{receipt(100*i+j, time.Duration(j)*time.Second, i, j)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := read(t, dir); len(got.receipts) != 80 || got.damages != 0 {
		t.Errorf("%d receipts, %d damages", len(got.receipts), got.damages)
	}
}

func TestImpossibleReceiptsAreRefusedWhole(t *testing.T) {
	dir := t.TempDir()
	b := book(t, dir)
	long, negative := receipt(2, 0), receipt(3, 0)
	long.Source, negative.BadTokens = strings.Repeat("x", 256), -1
	for _, r := range []Receipt{long, negative} {
		if err := b.Append([]Receipt{receipt(1, 0), r}); !errors.Is(err, ErrReceipt) {
			t.Errorf("record %d: %v", r.Record, err)
		}
	}
	if got := read(t, dir); len(got.receipts) != 0 {
		t.Errorf("%d receipts", len(got.receipts))
	}
}

func TestNoFolderIsNoShelf(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	if _, err := OpenReader(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if since, err := Since(dir); err != nil || !since.IsZero() {
		t.Errorf("%v, %v", since, err)
	}
}

func TestFileNames(t *testing.T) {
	for name, want := range map[string]bool{
		"20261121T12.receipts": true, "20261121T12-2.receipts": true, "20261121T12-1.receipts": false,
		"20261121T25.receipts": false, "20261121T12-02.receipts": false, "20261121T12.receipts~": false, "since.json": false,
	} {
		if _, _, ok := parseFileName(name); ok != want {
			t.Errorf("%s: %v", name, ok)
		}
	}
}

// TestAClockThatJumpsRemovesNoReceipts lets the wall clock jump, with the book
// open or closed, in one step and in several.
func TestAClockThatJumpsRemovesNoReceipts(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name   string
		jumps  []time.Duration
		reopen bool
	}{
		{"a year ahead", []time.Duration{365 * day}, false},
		{"a year ahead, beside a restart", []time.Duration{365 * day}, true},
		{"a year ahead and back", []time.Duration{365 * day, -365 * day}, false},
		{"a year ahead and back, with restarts", []time.Duration{365 * day, -365 * day}, true},
		{"days back and here again", []time.Duration{-5 * day, 5 * day}, true},
		{"three weeks ahead, three times", []time.Duration{21 * day, 21 * day, 21 * day}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, wall, elapsed := t.TempDir(), noon, time.Duration(0)
			clock := func(o *Options) {
				o.Now = func() time.Time { return wall }
				o.Elapsed = func() time.Duration { return elapsed }
			}
			b := book(t, dir, clock)
			keep(t, b, receipt(1, 0, 1))
			for i, jump := range c.jumps {
				if c.reopen {
					if err := b.Close(); err != nil {
						t.Fatal(err)
					}
				}
				wall, elapsed = wall.Add(jump+time.Hour), elapsed+time.Hour
				if c.reopen {
					b = book(t, dir, clock)
				}
				keep(t, b, receipt(uint64(i+2), wall.Sub(noon), uint64(i+2)))
			}
			if got := len(read(t, dir).receipts); got != len(c.jumps)+1 {
				t.Errorf("%d receipts are left, want %d", got, len(c.jumps)+1)
			}
		})
	}
}

// TestReceiptsGoWhenTheirTimeHasPassed is the other side: a clock that is right
// removes them after Retain, also over restarts.
func TestReceiptsGoWhenTheirTimeHasPassed(t *testing.T) {
	dir, wall := t.TempDir(), noon
	clock := func(o *Options) { o.Now = func() time.Time { return wall } }
	b := book(t, dir, clock)
	keep(t, b, receipt(1, 0, 1))
	for day := range 9 {
		if day == 4 {
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			wall = wall.Add(time.Hour)
			b = book(t, dir, clock)
		}
		wall = wall.Add(24 * time.Hour)
		keep(t, b, receipt(uint64(day+2), wall.Sub(noon), uint64(day+2)))
	}
	numbers := read(t, dir).numbers()
	if len(numbers) == 0 || numbers[0] != 3 { // the first two days are more than seven days ago
		t.Errorf("left: %v", numbers)
	}
}

func TestADamagedBeginningIsMadeAnew(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "cut": `{"since":"2026-1`, "null": "null", "a list": "[]", "no time": `{"since":"soon"}`, "zeros": "\x00\x00\x00\x00", "another document": `{"log_id":"x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			b := book(t, dir)
			keep(t, b, receipt(1, 5*time.Minute, 1))
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, sinceFile), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			b = book(t, dir)
			keep(t, b, receipt(2, 90*time.Minute, 2))
			since, err := Since(dir)
			if err != nil || !since.Equal(noon.Add(time.Hour)) {
				t.Errorf("since %v, %v; want an hour after the oldest file began", since, err)
			}
			if got := len(read(t, dir).receipts); got != 2 {
				t.Errorf("%d receipts, want 2", got)
			}
		})
	}
}
