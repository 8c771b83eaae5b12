package wal

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/host/disk/disksim"
)

// smallLog makes a log of three segments with three records each.
func smallLog(t *testing.T, closed bool) (*disksim.FS, []string) {
	t.Helper()
	fs, bodies := disksim.New(), numbered(9)
	l := mustOpen(t, testOptions(fs))
	for i, body := range bodies {
		mustAppend(t, l, body)
		if i == 2 || i == 5 {
			if err := l.Seal(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	names, files := filesOf(fs)
	mustClose(t, l)
	if len(names) != 3 {
		t.Fatalf("the small log has %d segments, want 3", len(names))
	}
	if !closed { // the files before closing
		fs = disksim.New()
		for _, name := range names {
			fs.Put(name, files[name])
		}
	}
	return fs, bodies
}

// with returns a copy of the log with one file changed.
func with(fs *disksim.FS, name string, data []byte) *disksim.FS {
	after := disksim.New()
	for n, content := range fs.Files() {
		if n == name {
			content = data
		}
		if content != nil {
			after.Put(n, content)
		}
	}
	return after
}

// frameBounds returns the bounds of the frames of a segment, so that a test can
// choose the frame that it damages.
func frameBounds(t *testing.T, data []byte) (bounds [][2]int64) {
	t.Helper()
	h, err := parseHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	sc := newScanner(bytes.NewReader(data), &h, int64(len(data)), int64(len(data)))
	for {
		it, err := sc.scan()
		if err != nil {
			return bounds
		}
		if it.frame.kind == kindRecord {
			bounds = append(bounds, [2]int64{it.off, it.end})
		}
	}
}

func TestBitFlipAnywhereIsFoundAndCostsOneRecordAtMost(t *testing.T) {
	for _, closed := range []bool{true, false} {
		t.Run(fmt.Sprintf("closed=%v", closed), func(t *testing.T) {
			fs, bodies := smallLog(t, closed)
			names, files := filesOf(fs)
			cases := 0
			for file, name := range names {
				bounds := frameBounds(t, files[name])
				for at := range files[name] {
					data := slices.Clone(files[name])
					data[at] ^= 1 << (at % 8)
					want := slices.Clone(bodies)
					for i, b := range bounds {
						if int64(at) >= b[0] && int64(at) < b[1] {
							want = slices.Delete(want, 3*file+i, 3*file+i+1)
						}
					}
					checkDamaged(t, fmt.Sprintf("%s byte %d", name, at), with(fs, name, data), want)
					cases++
				}
			}
			if cases < 3*(dataOffset+3*80) {
				t.Errorf("%d bytes flipped", cases)
			}
		})
	}
}

// checkDamaged checks that inspecting and reading find the damage, that the
// wanted records survive reading and repair, and that a repaired log is intact.
func checkDamaged(t *testing.T, what string, fs *disksim.FS, want []string) {
	t.Helper()
	if r := inspect(t, fs); len(r.Damages) == 0 || r.Records() != uint64(len(want)) {
		t.Fatalf("%s: %d damages, %d records, want some and %d", what, len(r.Damages), r.Records(), len(want))
	}
	repaired := with(fs, "", nil)
	repair(t, repaired)
	if r := inspect(t, repaired); len(r.Damages) > 0 || r.Records() != uint64(len(want)) || r.QuarantineFiles == 0 {
		t.Fatalf("%s: after the repair: %+v", what, r)
	}
	for how, fs := range map[string]*disksim.FS{"damaged": fs, "repaired": repaired} {
		l := mustOpen(t, testOptions(fs))
		if diff := cmp.Diff(want, readAll(t, l)); diff != "" {
			t.Fatalf("%s: read from the %s log: %s", what, how, diff)
		}
		readUntil(t, l, Position{}, "the last one")
		s := l.Stats()
		mustClose(t, l)
		if s.Damages != uint64(map[string]int{"damaged": 1, "repaired": 0}[how]) {
			t.Fatalf("%s: the %s log counts %d damages", what, how, s.Damages)
		}
	}
}

func TestTruncationAnywhereCostsWhatIsCutOff(t *testing.T) {
	for _, closed := range []bool{true, false} {
		t.Run(fmt.Sprintf("closed=%v", closed), func(t *testing.T) {
			fs, bodies := smallLog(t, closed)
			names, files := filesOf(fs)
			for file, name := range names {
				bounds := frameBounds(t, files[name])
				for size := range files[name] {
					left := 0
					for _, b := range bounds {
						if int64(size) >= b[1] {
							left++
						}
					}
					want := slices.Delete(slices.Clone(bodies), 3*file+left, 3*file+3)
					checkTruncated(t, fmt.Sprintf("%s cut to %d", name, size), with(fs, name, files[name][:size]), want, file < 2)
				}
			}
		})
	}
}

func checkTruncated(t *testing.T, what string, fs *disksim.FS, want []string, found bool) {
	t.Helper()
	if r := inspect(t, fs); found && len(r.Damages) == 0 {
		t.Fatalf("%s: not found", what)
	}
	l := mustOpen(t, testOptions(fs))
	if diff := cmp.Diff(want, readAll(t, l)); diff != "" {
		t.Fatalf("%s: %s", what, diff)
	}
	if found && l.Stats().Damages == 0 {
		t.Fatalf("%s: not counted", what)
	}
	mustClose(t, l)
	repair(t, fs)
	if r := inspect(t, fs); len(r.Damages) > 0 {
		t.Fatalf("%s: after the repair: %+v", what, r.Damages)
	}
}

func TestDamage(t *testing.T) {
	for _, tc := range []struct {
		name    string
		segment int
		damage  func(data []byte) []byte // of a segment's bytes; nil deletes the file
		lost    []int                    // record indexes, counted from 0
		reason  Reason                   // "": a torn end, which is no damage
	}{
		{"zeros after the end are no records", 2, func(b []byte) []byte { return append(b, make([]byte, 10000)...) }, nil, ""},
		{"half a head at the end", 2, func(b []byte) []byte { return append(b, frameMagic+"abc"...) }, nil, ""},
		{"rubbish after the end", 2, func(b []byte) []byte { return append(b, strings.Repeat("rubbish ", 50)...) }, nil, DoubtfulEnd},
		{"whole segment is zeros", 1, func(b []byte) []byte { return make([]byte, len(b)) }, []int{3, 4, 5}, LostHeader},
		{"segment deleted", 1, func([]byte) []byte { return nil }, []int{3, 4, 5}, MissingData},
		{"segment empty", 1, func([]byte) []byte { return []byte{} }, []int{3, 4, 5}, Truncated},
		{"both headers", 0, func(b []byte) []byte { b[3], b[headerSize+3] = 0, 0; return b }, []int{0, 1, 2}, LostHeader},
		{"both headers of the newest", 2, func(b []byte) []byte { b[3], b[headerSize+3] = 0, 0; return b }, []int{6, 7, 8}, LostHeader},
		{"two records in a row", 1, func(b []byte) []byte { clear(b[dataOffset+20 : dataOffset+160]); return b }, []int{3, 4}, BadFrame},
		{"all records of a segment", 1, func(b []byte) []byte { clear(b[dataOffset:]); return b }, []int{3, 4, 5}, BadFrame},
		{"magic of a frame inside the damage", 1, func(b []byte) []byte {
			copy(b[dataOffset+8:], strings.Repeat(frameMagic, 14))
			return b
		}, []int{3}, BadFrame},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fs, bodies := smallLog(t, true)
			names, files := filesOf(fs)
			fs = with(fs, names[tc.segment], tc.damage(files[names[tc.segment]]))
			want := slices.Clone(bodies)
			for _, i := range slices.Backward(tc.lost) {
				want = slices.Delete(want, i, i+1)
			}
			r := inspect(t, fs)
			if (tc.reason == "") != (len(r.Damages) == 0) || (tc.reason != "" && r.Damages[0].Reason != tc.reason) {
				t.Errorf("damages %+v, want reason %q", r.Damages, tc.reason)
			}
			repaired := with(fs, "", nil)
			repair(t, repaired)
			if r := inspect(t, repaired); len(r.Damages)+int(r.TornBytes) > 0 {
				t.Errorf("after the repair: %+v", r)
			}
			for _, fs := range []*disksim.FS{fs, repaired} {
				l := mustOpen(t, testOptions(fs))
				if diff := cmp.Diff(want, readAll(t, l)); diff != "" {
					t.Error(diff)
				}
				mustClose(t, l)
			}
		})
	}
}

// TestBytesInABodyAreNoFrames: a client sends a copy of a segment as a body,
// and the head of its frame is damaged. The records inside must not appear.
func TestBytesInABodyAreNoFrames(t *testing.T) {
	fs := disksim.New()
	l := mustOpen(t, testOptions(fs))
	mustAppend(t, l, "first")
	other, _ := smallLog(t, true)
	names, files := filesOf(other)
	mustAppend(t, l, string(files[names[0]]), "third")
	mustClose(t, l)
	name, data := filesOf(fs)
	b := data[name[0]]
	b[frameBounds(t, b)[1][0]]++
	l = mustOpen(t, testOptions(with(fs, name[0], b)))
	defer mustClose(t, l)
	if diff := cmp.Diff([]string{"first", "third"}, readAll(t, l)); diff != "" {
		t.Error(diff)
	}
}

func TestUnreadableSectorIsDamage(t *testing.T) {
	fs := disksim.New()
	l := mustOpen(t, testOptions(fs))
	var want []string
	for i := range 40 {
		want = append(want, fmt.Sprintf("%03d %s", i, strings.Repeat("x", 1000)))
	}
	mustAppend(t, l, want...)
	defer mustClose(t, l)
	names, _ := filesOf(fs)
	fs.SpoilSector(names[0], 3*4096)
	got := readAll(t, l)
	if s := l.Stats(); s.Damages != 1 || len(got) < 34 || len(got) != 40-int(s.LostRecords) {
		t.Errorf("%d records survive, %d damages, %d lost", len(got), s.Damages, s.LostRecords)
	}
	if !slices.Contains(got, want[0]) || !slices.Contains(got, want[39]) {
		t.Error("records of other sectors are lost")
	}
}

// TestLaterWritesAttestEarlierOnes: in a log that was not closed, a power cut
// can lose only the last group; everything before it was on disk.
func TestLaterWritesAttestEarlierOnes(t *testing.T) {
	fs, _ := smallLog(t, false)
	names, files := filesOf(fs)
	data := files[names[2]]
	for i, b := range frameBounds(t, data) {
		bad := slices.Clone(data)
		bad[b[1]-1]++
		damages := inspect(t, with(fs, names[2], bad)).Damages
		last := i == 2
		if len(damages) != 1 || damages[0].Acknowledged == last || (damages[0].Reason == DoubtfulEnd) != last {
			t.Errorf("record %d of 3 damaged: %+v", i+1, damages)
		}
		if !last && (damages[0].FirstRecord != uint64(7+i) || damages[0].Records != 1) {
			t.Errorf("record %d of 3 damaged: lost are %d from %d on", i+1, damages[0].Records, damages[0].FirstRecord)
		}
	}
}
