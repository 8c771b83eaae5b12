package deadletters

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// of is a letter of a source that takes a block on disk.
func of(source string, n int) Letter {
	l := letter(fmt.Sprint(source, n))
	l.Source = source
	return l
}

// fill writes letters of a source until it has no room and returns how many
// were kept.
func fill(t *testing.T, f *Folder, source string, most int) (kept int) {
	t.Helper()
	for n := range most {
		notKept, err := f.Write([]Letter{of(source, n)})
		if err != nil {
			t.Fatal(err)
		}
		if len(notKept) > 0 {
			return kept
		}
		kept++
	}
	return kept
}

func TestOneSourcesJunkLeavesRoomForTheOthers(t *testing.T) {
	const blocks = 60
	for _, sources := range [][]string{{"junk", "a"}, {"junk", "a", "b"}, {"junk", "a", "b", "c", "d"}} {
		t.Run(fmt.Sprint(len(sources)), func(t *testing.T) {
			f := open(t, t.TempDir(), blocks*4096)
			f.Sources = func() []string { return sources }
			junk := fill(t, f, "junk", 10*blocks)
			if junk != blocks/2 {
				t.Errorf("junk takes %d of %d blocks, want half", junk, blocks)
			}
			share := blocks / 2 / len(sources)
			for _, source := range sources[1:] {
				if n := fill(t, f, source, blocks); n < share {
					t.Errorf("source %s gets %d blocks, want at least %d", source, n, share)
				}
			}
			if got := f.Bytes(); got > blocks*4096 {
				t.Errorf("%d bytes, more than the quota", got)
			}
		})
	}
}

func TestASingleSourceMayUseTheWholeQuota(t *testing.T) {
	f := open(t, t.TempDir(), 10*4096)
	f.Sources = func() []string { return []string{"only"} }
	if n := fill(t, f, "only", 20); n != 10 {
		t.Errorf("%d blocks, want 10", n)
	}
}

// TestWhoseBytesTheyAreIsKnownAfterARestart opens the folder anew between any
// two writes, in every order that chance gives.
func TestWhoseBytesTheyAreIsKnownAfterARestart(t *testing.T) {
	chance := rand.New(rand.NewPCG(7, 7))
	dir := t.TempDir()
	want := map[string]int64{}
	for n := range 25 {
		source := string(rune('a' + chance.IntN(4)))
		f := open(t, dir, 0)
		write(t, f, []Letter{of(source, n)})
		want[source] += 4096
		for _, folder := range []*Folder{f, open(t, dir, 0)} {
			for s := range want {
				if folder.used[s] != want[s] {
					t.Fatalf("after %d letters source %s has %d bytes, want %d", n+1, s, folder.used[s], want[s])
				}
			}
		}
	}
}

func TestAFileHoldsLettersOfOneSource(t *testing.T) {
	f := open(t, t.TempDir(), 0)
	write(t, f, []Letter{of("a", 1), of("b", 1), of("a", 2)})
	for _, file := range files(t, f) {
		var source string
		for l, err := range f.Letters(file.Name) {
			if err != nil {
				t.Fatal(err)
			}
			if source != "" && l.Source != source {
				t.Errorf("%s has letters of %s and %s", file.Name, source, l.Source)
			}
			source = l.Source
		}
	}
	if n := len(kept(t, f)); n != 3 {
		t.Errorf("%d letters, want 3", n)
	}
}
