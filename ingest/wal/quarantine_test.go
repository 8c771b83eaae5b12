package wal

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/host/disk/disksim"
)

// lostSegment returns a log in which one segment has lost its header, with that
// segment's name and bytes.
func lostSegment(t *testing.T, segment int) (fs *disksim.FS, name string, data []byte, left []string) {
	t.Helper()
	fs, bodies := smallLog(t, true)
	names, files := filesOf(fs)
	name, data = names[segment], files[names[segment]]
	data[3], data[headerSize+3] = 0, 0
	return with(fs, name, data), name, data, slices.Delete(bodies, 3*segment, 3*segment+3)
}

// asideName returns the path of a lost segment in quarantine.
func asideName(segment int) string {
	return filepath.Join(dir, quarantineDir, fmt.Sprintf("%08d-%012d", segment+1, 0))
}

func checkAside(t *testing.T, what string, fs *disksim.FS, segment int, data []byte) {
	t.Helper()
	files := fs.Files()
	if !bytes.Equal(files[asideName(segment)+".bytes"], data) {
		t.Errorf("%s: the lost segment is not in quarantine", what)
	}
	if !strings.Contains(string(files[asideName(segment)+".json"]), string(LostHeader)) {
		t.Errorf("%s: the lost segment has no note: %q", what, files[asideName(segment)+".json"])
	}
}

// TestPowerCutKeepsALostSegment cuts the power at every step of an Open that
// quarantines a whole segment, and once more after it has returned.
func TestPowerCutKeepsALostSegment(t *testing.T) {
	cuts := 0
	for segment := range 3 {
		whole, _, _, _ := lostSegment(t, segment)
		before := whole.Steps()
		l := mustOpen(t, testOptions(whole))
		steps := whole.Steps() - before
		mustClose(t, l)
		for seed := range uint64(20) {
			for cut := 1; cut <= steps+1; cut++ {
				what := fmt.Sprintf("segment %d, seed %d, cut %d of %d", segment+1, seed, cut, steps)
				fs, name, data, left := lostSegment(t, segment)
				fs.CutAt(cut)
				l, err := Open(testOptions(fs))
				if err != nil && !errors.Is(err, disksim.ErrPowerCut) {
					t.Fatalf("%s: open: %v", what, err)
				}
				r := rand.New(rand.NewPCG(seed, uint64(cut)))
				after := fs.Reboot(r)
				if cuts++; err == nil { // the work of Open is durable
					checkAside(t, what, after, segment, data)
					_ = l.Close(t.Context()) // without power
				} else if files := after.Files(); !bytes.Equal(files[name], data) && !bytes.Equal(files[asideName(segment)+".bytes"], data) {
					t.Fatalf("%s: the bytes of the lost segment are nowhere", what)
				}
				l = mustOpen(t, testOptions(after))
				if diff := cmp.Diff(left, readAll(t, l)); diff != "" {
					t.Fatalf("%s: %s", what, diff)
				}
				mustClose(t, l)
				checkAside(t, what, after.Reboot(r), segment, data)
			}
		}
	}
	if cuts < 500 {
		t.Errorf("the power was cut %d times only", cuts)
	}
}

// noLinks is a file system without hard links.
type noLinks struct{ *disksim.FS }

func (noLinks) Link(string, string) error { return errors.ErrUnsupported }

func TestLostSegmentIsKeptWithoutHardLinks(t *testing.T) {
	fs, name, data, left := lostSegment(t, 1)
	o := testOptions(noLinks{fs})
	l := mustOpen(t, o)
	if diff := cmp.Diff(left, readAll(t, l)); diff != "" {
		t.Error(diff)
	}
	if s := l.Stats(); s.QuarantineFiles != 1 || s.QuarantineBytes != int64(len(data)) {
		t.Errorf("%d files of %d bytes in quarantine, want one of %d", s.QuarantineFiles, s.QuarantineBytes, len(data))
	}
	mustClose(t, l)
	checkAside(t, "copied", fs, 1, data)
	if _, there := fs.Files()[name]; there {
		t.Error("the lost segment is still in its place")
	}
}

// TestQuarantineStays: only the operator deletes quarantined files.
func TestQuarantineStays(t *testing.T) {
	fs, _, data, _ := lostSegment(t, 0)
	for range 3 {
		o := testOptions(fs)
		o.MaxBytes, o.MinFree = 2000, 1<<50
		l := mustOpen(t, o)
		l.Release(Position{Record: 1 << 62})
		l.tidy(received.AddDate(10, 0, 0))
		if s := l.Stats(); s.QuarantineBytes != int64(len(data)) {
			t.Errorf("%d bytes in quarantine, want %d", s.QuarantineBytes, len(data))
		}
		mustClose(t, l)
	}
	checkAside(t, "after ten years", fs, 0, data)
}

// TestALostSegmentDoesNotComeBack uses a log without other segments, where no
// later step syncs the directory.
func TestALostSegmentDoesNotComeBack(t *testing.T) {
	for seed := range uint64(20) {
		_, name, data, _ := lostSegment(t, 0)
		only := disksim.New()
		only.Put(name, data)
		l := mustOpen(t, testOptions(only))
		fs := only.Reboot(rand.New(rand.NewPCG(seed, 1)))
		if _, there := fs.Files()[name]; there {
			t.Fatalf("seed %d: the lost segment is in its place again", seed)
		}
		checkAside(t, fmt.Sprintf("seed %d", seed), fs, 0, data)
		_ = l.Close(t.Context()) // without power
	}
}
