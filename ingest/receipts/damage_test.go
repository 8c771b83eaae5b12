package receipts

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const noonFile = "20261121T12.receipts"

func TestBytesOfAFile(t *testing.T) {
	dir := t.TempDir()
	keep(t, book(t, dir), receipt(1, 1500*time.Millisecond, 0x0807060504030201), receipt(2, time.Second))
	got := hex.Dump(content(t, dir, noonFile))
	const golden = "testdata/file.hex"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the format has changed (-want +got):\n%s", diff)
	}
}

// TestEachDamage is a damage of three receipts per case, with those that are
// left. Each has a head of 52 bytes, 14 of names and 16 of events.
func TestEachDamage(t *testing.T) {
	const size = 52 + 14 + 16
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[at] ^= 4; return b }
	}
	for _, c := range []struct {
		name    string
		damage  func([]byte) []byte
		want    []uint64
		damages int
		torn    int64
	}{
		{"none", func(b []byte) []byte { return b }, []uint64{1, 2, 3}, 0, 0},
		{"magic", flip(0), []uint64{2, 3}, 1, 0},
		{"length of the events", flip(size + 28), []uint64{1, 3}, 1, 0},
		{"body", flip(size + 70), []uint64{1, 3}, 1, 0},
		{"last body", flip(2*size + 70), []uint64{1, 2}, 1, 0},
		{"last head", flip(2*size + 8), []uint64{1, 2}, 1, 0},
		{"two in a row", func(b []byte) []byte { b[8] ^= 1; b[size+8] ^= 1; return b }, []uint64{3}, 1, 0},
		{"a hole", func(b []byte) []byte { clear(b[size+10 : size+60]); return b }, []uint64{1, 3}, 1, 0},
		{"bytes between", func(b []byte) []byte { return slices.Insert(b, size, []byte("something else")...) }, []uint64{1, 2, 3}, 1, 0},
		{"a magic between", func(b []byte) []byte { return slices.Insert(b, size, []byte(frameMagic+"no head")...) }, []uint64{1, 2, 3}, 1, 0},
		{"cut in the last head", func(b []byte) []byte { return b[:2*size+51] }, []uint64{1, 2}, 0, 51},
		{"cut in the last body", func(b []byte) []byte { return b[:3*size-1] }, []uint64{1, 2}, 0, size - 1},
		{"zeros at the end", func(b []byte) []byte { return append(b, make([]byte, 2*scanWindow)...) }, []uint64{1, 2, 3}, 0, 2 * scanWindow},
		{"the last one's end not written", func(b []byte) []byte { clear(b[2*size+60:]); return b }, []uint64{1, 2}, 0, size},
		{"rubbish at the end", func(b []byte) []byte { return append(b, bytes.Repeat([]byte("x"), 3*scanWindow)...) }, []uint64{1, 2, 3}, 1, 0},
		{"nothing left", func([]byte) []byte { return nil }, nil, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			keep(t, book(t, dir), receipt(1, 0, 1, 2), receipt(2, 0, 3, 4), receipt(3, 0, 5, 6))
			overwrite(t, dir, noonFile, c.damage(content(t, dir, noonFile)))
			got := read(t, dir)
			if !slices.Equal(got.numbers(), c.want) || got.damages != c.damages || got.torn != c.torn {
				t.Errorf("records %v, %d damages, %d torn bytes; want %v, %d, %d",
					got.numbers(), got.damages, got.torn, c.want, c.damages, c.torn)
			}
		})
	}
}

// TestEveryCutLeavesTheReceiptsBeforeIt cuts a file at each byte and goes on.
func TestEveryCutLeavesTheReceiptsBeforeIt(t *testing.T) {
	dir := t.TempDir()
	keep(t, book(t, dir), receipt(1, 0, 1), receipt(2, 0, 2))
	whole := content(t, dir, noonFile)
	for cut := range len(whole) {
		dir := t.TempDir()
		overwrite(t, dir, noonFile, whole[:cut])
		keep(t, book(t, dir), receipt(3, 0, 3))
		want := []uint64{3}
		if cut >= len(whole)/2 {
			want = []uint64{1, 3}
		}
		if got := read(t, dir); !slices.Equal(got.numbers(), want) || got.damages != 0 {
			t.Fatalf("cut at %d: records %v, %d damages", cut, got.numbers(), got.damages)
		}
	}
}

// faulty is a file whose next calls fail.
type faulty struct {
	output
	faults *faults
}

type faults struct{ write, sync, truncate int }

func (n *faults) hit(left *int) error {
	if *left == 0 {
		return nil
	}
	*left--
	return syscall.ENOSPC
}

func (f faulty) Write(b []byte) (int, error) {
	if err := f.faults.hit(&f.faults.write); err != nil {
		n, _ := f.output.Write(b[:len(b)/2])
		return n, err
	}
	return f.output.Write(b)
}

func (f faulty) Sync() error {
	if err := f.faults.hit(&f.faults.sync); err != nil {
		return err
	}
	return f.output.Sync()
}

func (f faulty) Truncate(size int64) error {
	if err := f.faults.hit(&f.faults.truncate); err != nil {
		return err
	}
	return f.output.Truncate(size)
}

func TestAFailedWriteCostsNoOtherReceipt(t *testing.T) {
	for _, c := range []struct {
		name   string
		first  bool // it fails in a new file
		faults faults
		files  int
	}{
		{"the disk is full", false, faults{write: 3}, 1},
		{"and the piece stays", false, faults{write: 3, truncate: 1}, 2},
		{"no sync", false, faults{sync: 3}, 2},
		{"no sync and the receipt stays", false, faults{sync: 1, truncate: 1}, 2},
		{"the disk is full for the first one", true, faults{write: 3}, 1},
		{"no sync of the first one", true, faults{sync: 3}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			var left faults
			b, err := open(Options{Dir: dir, Now: atOne}, func(path string) (output, error) {
				f, err := createFile(path)
				return faulty{f, &left}, err
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = b.Close() }()
			if !c.first {
				keep(t, b, receipt(1, 0, 1))
			}
			left = c.faults
			failed := 0
			for ; b.Append([]Receipt{receipt(2, 0, 2)}) != nil; failed++ {
				if failed > 10 {
					t.Fatal("it fails for ever")
				}
			}
			if failed == 0 {
				t.Fatal("nothing failed")
			}
			keep(t, b, receipt(1, 0, 1), receipt(3, 0, 3))
			got := read(t, dir)
			slices.SortFunc(got.receipts, func(a, b Receipt) int { return int(a.Record) - int(b.Record) })
			if !slices.Equal(got.numbers(), []uint64{1, 2, 3}) || got.damages != 0 {
				t.Errorf("records %v, %d damages", got.numbers(), got.damages)
			}
			if files := len(names(t, dir)) - 1; files != c.files {
				t.Errorf("%d files, want %d", files, c.files)
			}
		})
	}
}

func TestAFolderThatCannotBeWrittenIsTold(t *testing.T) {
	fault := errors.New("no descriptor is left")
	fail := true
	b, err := open(Options{Dir: t.TempDir(), Now: atOne}, func(path string) (output, error) {
		if fail {
			return nil, fault
		}
		return createFile(path)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	if err := b.Append([]Receipt{receipt(1, 0)}); !errors.Is(err, fault) {
		t.Errorf("%v", err)
	}
	fail = false
	keep(t, b, receipt(1, 0))
}

func FuzzReader(f *testing.F) {
	frames := appendFrame(nil, &Receipt{LogID: "l", Record: 1, Events: []uint64{1}})
	second := receipt(2, 0, 2, 3)
	frames = appendFrame(frames, &second)
	f.Add(frames)
	f.Add(frames[3:])
	f.Add(append(frames[:len(frames)-9:len(frames)-9], frames...))
	f.Fuzz(func(t *testing.T, b []byte) {
		sc := newScanner(bytes.NewReader(b), int64(len(b)))
		var good int64
		for {
			fr, ok, err := sc.next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			good += fr.size()
		}
		if bad := int64(len(b)) - good; bad < sc.torn || (bad > sc.torn) != (sc.damages > 0) {
			t.Errorf("%d bytes in no receipt, %d of them torn, %d damages", bad, sc.torn, sc.damages)
		}
	})
}
