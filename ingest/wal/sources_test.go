package wal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"glint/ingest/host/disk/disksim"
)

func sourceRecord(source string, size int) *Record {
	return &Record{ReceivedAt: received, Source: source, Lines: 1, Body: []byte(strings.Repeat("x", size))}
}

func mustAppendAs(t testing.TB, l *Log, source string, size int) Position {
	t.Helper()
	p, err := l.Append(context.Background(), sourceRecord(source, size))
	if err != nil {
		t.Fatalf("append as %s: %v", source, err)
	}
	return p
}

func backlogOf(l *Log, source string) int64 {
	return l.SourceBacklogBytes(source)
}

// walkedBacklog counts the backlog segment by segment.
func walkedBacklog(l *Log) (all int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.segments {
		if from := max(s.first, l.released); s.end > from {
			all += s.backlog(s.size, from)
		}
	}
	return all
}

// frameOf returns the size of a record in the log.
func frameOf(source string, size int) int64 {
	return padded(frameSize + int64(len(source)) + int64(size))
}

func TestBacklogIsCountedBySourceAndKnownAfterReopening(t *testing.T) {
	for name, cut := range map[string]bool{"closed": false, "power cut": true} {
		t.Run(name, func(t *testing.T) {
			fs := disksim.New()
			o := testOptions(fs)
			o.SegmentBytes = 200_000
			l := mustOpen(t, o)
			want := map[string]int64{}
			var second Position // first record of the second segment
			for i := range 40 {
				source, size := "noisy", 20_000+i
				if i%4 == 0 {
					source, size = "quiet", 10
				}
				want[source] += frameOf(source, size)
				if p := mustAppendAs(t, l, source, size); p.Segment == 2 && second.Record == 0 {
					second = p
				}
			}
			check := func(when string) {
				t.Helper()
				for source, bytes := range want {
					if got := backlogOf(l, source); got != bytes {
						t.Errorf("%s: %s has %d bytes, want %d", when, source, got, bytes)
					}
				}
				if got := backlogOf(l, "nobody"); got != 0 {
					t.Errorf("%s: a source without records has %d bytes", when, got)
				}
				if all := walkedBacklog(l); all != l.Stats().BacklogBytes {
					t.Errorf("%s: all have %d bytes, the statistics say %d", when, all, l.Stats().BacklogBytes)
				}
			}
			check("appended")
			if !cut {
				mustClose(t, l)
			} else {
				fs = fs.Reboot(rand.New(rand.NewPCG(1, 2)))
				o.FS = fs
			}
			l = mustOpen(t, o)
			check("after opening again")

			l.Release(second)
			first := backlogOf(l, "noisy")
			if first >= want["noisy"] || first == 0 {
				t.Errorf("noisy has %d of %d bytes after its first segment is released", first, want["noisy"])
			}
			l.Release(Position{Record: 1 << 62})
			for source := range want {
				want[source] = 0
			}
			check("all released")
			mustClose(t, l)
		})
	}
}

func TestDamagedRecordsAreNobodysBacklog(t *testing.T) {
	fs := disksim.New()
	l := mustOpen(t, testOptions(fs))
	for range 3 {
		mustAppendAs(t, l, "fastly", 1000)
	}
	if err := l.Seal(context.Background()); err != nil {
		t.Fatal(err)
	}
	mustAppendAs(t, l, "fastly", 1000)
	mustClose(t, l)
	names, files := filesOf(fs)
	data := files[names[0]]
	data[int64(dataOffset)+frameOf("fastly", 1000)] ^= 1 // the head of the second record
	fs = with(fs, names[0], data)
	l = mustOpen(t, testOptions(fs))
	defer mustClose(t, l)
	if got, want := backlogOf(l, "fastly"), 3*frameOf("fastly", 1000); got != want {
		t.Errorf("%d bytes, want the %d of the good records", got, want)
	}
}

func TestReleasedSegmentsGoEarlyWhileTheDiskIsNearlyFull(t *testing.T) {
	fs := disksim.New()
	fs.SetCapacity(100_000)
	o := testOptions(fs)
	o.SegmentBytes, o.Retain, o.MinFree = 10_000, time.Hour, 38_000
	l := mustOpen(t, o)
	defer mustClose(t, l)
	for i := range 8 {
		mustAppendAs(t, l, fmt.Sprint(i), 9_900)
	}
	l.Release(Position{Record: 4})
	l.tidy(received)
	if s := l.Stats(); s.DeletedEarly != 2 || s.DiskFree < o.MinFree {
		t.Errorf("%d segments deleted early, %d bytes free, want 2 and %d", s.DeletedEarly, s.DiskFree, o.MinFree)
	}
	if got := l.Oldest(); got != 3 {
		t.Errorf("the oldest record is %d, want 3: one that is released stays where there is room", got)
	}
	l.tidy(received)
	if s := l.Stats(); s.DeletedEarly != 2 {
		t.Errorf("%d segments deleted early with room enough", s.DeletedEarly)
	}
}
