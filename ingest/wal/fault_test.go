package wal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/host/disk"
	"glint/ingest/host/disk/disksim"
)

func TestAfterFailedSyncTheTailGoesToANewSegment(t *testing.T) {
	for n := 1; n <= 6; n++ {
		t.Run(fmt.Sprintf("sync %d", n), func(t *testing.T) {
			fs := disksim.New()
			l := mustOpen(t, testOptions(fs))
			fs.FailSync(n)
			var want []string
			failed := 0
			for _, body := range numbered(10) {
				_, err := l.Append(context.Background(), record(body))
				switch {
				case err == nil:
					want = append(want, body)
				case n > 1 && !errors.Is(err, ErrSync):
					t.Fatal(err)
				default:
					failed++
				}
			}
			if failed != 1 || l.Stats().FailedCommits != 1 {
				t.Errorf("%d appends and %d commits failed, want 1 and 1", failed, l.Stats().FailedCommits)
			}
			if names, _ := filesOf(fs); n > 1 && len(names) != 2 {
				t.Errorf("segments %v, want two", names)
			}
			if diff := cmp.Diff(want, readAll(t, l)); diff != "" {
				t.Error("read:", diff)
			}
			// The power cut reveals the lost pages: no acknowledged record may
			// have been in them.
			want = append(want, "the last one")
			fs = fs.Reboot(rand.New(rand.NewPCG(1, uint64(n))))
			_ = l.Close(context.Background())
			if r := inspect(t, fs); len(r.Damages) > 0 {
				t.Errorf("after the cut: %+v", r.Damages)
			}
			l = mustOpen(t, testOptions(fs))
			mustAppend(t, l, "end")
			if diff := cmp.Diff(want, readUntil(t, l, Position{}, "end")); diff != "" {
				t.Error("read after the cut:", diff)
			}
			mustClose(t, l)
		})
	}
}

// TestLostPagesAreWrittenAgain: fsync fails, the process is killed before it
// can react, and the next process finds pages that look clean.
func TestLostPagesAreWrittenAgain(t *testing.T) {
	fs := disksim.New()
	l := mustOpen(t, testOptions(fs))
	mustAppend(t, l, "first", "second")
	names, files := filesOf(fs)
	killed := disksim.New()
	killed.Put(dir+"/"+lockFile, nil)
	killed.Put(names[0], files[names[0]][:frameBounds(t, files[names[0]])[0][1]])
	f, err := killed.Open(names[0], true)
	if err != nil {
		t.Fatal(err)
	}
	killed.FailSync(1)
	if _, err := f.WriteAt(files[names[0]], 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err == nil {
		t.Fatal("the sync did not fail")
	}
	mustClose(t, l)

	l = mustOpen(t, testOptions(killed))
	if got := readUntil(t, l, Position{}, "second"); len(got) != 1 {
		t.Fatalf("read %q before the second record", got)
	}
	after := killed.Reboot(rand.New(rand.NewPCG(1, 1)))
	_ = l.Close(context.Background())
	l = mustOpen(t, testOptions(after))
	defer mustClose(t, l)
	if diff := cmp.Diff([]string{"first", "second"}, readAll(t, l)); diff != "" {
		t.Error("what a reader was given is gone after a power cut:", diff)
	}
}

func TestFullDiskIsSurvivedWithoutReopening(t *testing.T) {
	for name, setUp := range map[string]func(*testing.T) (fs disk.FS, dir string, more func()){
		"simulated": func(*testing.T) (disk.FS, string, func()) {
			fs := disksim.New()
			fs.SetCapacity(100_000)
			return fs, dir, func() { fs.SetCapacity(200_000) }
		},
		"tmpfs": smallFileSystem,
	} {
		t.Run(name, func(t *testing.T) {
			fs, dir, more := setUp(t)
			l := mustOpen(t, Options{Dir: dir, FS: fs, SegmentBytes: 30_000})
			var want []string
			full := 0
			for i := 0; full < 5; i++ {
				body := fmt.Sprintf("%d %s", i, strings.Repeat("x", i*37%5000))
				_, err := l.Append(context.Background(), record(body))
				switch {
				case errors.Is(err, ErrNoSpace):
					full++
					checkNothingLeft(t, l)
				case err != nil || i > 1000:
					t.Fatal(i, err)
				default:
					want = append(want, body)
				}
			}
			more()
			for i := range 10 {
				body := fmt.Sprintf("room again %d %s", i, strings.Repeat("y", 3000))
				mustAppend(t, l, body)
				want = append(want, body)
			}
			if diff := cmp.Diff(want, readAll(t, l)); diff != "" {
				t.Error(diff)
			}
			mustClose(t, l)
			l = mustOpen(t, Options{Dir: dir, FS: fs})
			if r := l.Recovery(); !r.Clean {
				t.Errorf("recovery %+v, want clean", r)
			}
			mustClose(t, l)
		})
	}
}

// checkNothingLeft checks that the files hold no part of a refused record.
func checkNothingLeft(t *testing.T, l *Log) {
	t.Helper()
	w := recoverer{fs: l.opt.FS, dir: l.opt.Dir, deep: true, now: l.opt.Now, log: l.opt.Logger}
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	var size int64
	for _, s := range w.report.Segments {
		size += s.FileBytes
	}
	if w.report.TornBytes > 0 || len(w.report.Damages) > 0 || size != l.Stats().Bytes {
		t.Fatalf("files of %d bytes, %d count: %+v", size, l.Stats().Bytes, w.report)
	}
}

// smallFileSystem mounts a tmpfs of 100 kB. Without the right to mount, it
// returns the real file system with a limit enforced by a wrapper; the file
// system then sees only the calls.
func smallFileSystem(t *testing.T) (fs disk.FS, dir string, more func()) {
	dir = t.TempDir()
	if err := syscall.Mount("glint-test", dir, "tmpfs", 0, "size=100k"); err != nil {
		t.Log("no right to mount a small file system; a counting one takes its place:", err)
		small := &limited{left: 100_000}
		return small, dir, func() { small.left += 100_000 }
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return disk.OS{}, dir, func() {
		if err := syscall.Mount("glint-test", dir, "tmpfs", syscall.MS_REMOUNT, "size=400k"); err != nil {
			t.Fatal(err)
		}
	}
}

// limited is the real file system with a limit on the bytes ever written.
type limited struct {
	disk.OS
	left int
}

func (l *limited) Create(name string) (disk.File, error) {
	f, err := l.OS.Create(name)
	return &limitedFile{f, l}, err
}

type limitedFile struct {
	disk.File
	fs *limited
}

func (f *limitedFile) WriteAt(b []byte, off int64) (int, error) {
	if len(b) > f.fs.left {
		n, _ := f.File.WriteAt(b[:f.fs.left/2], off)
		return n, &os.PathError{Op: "write", Err: syscall.ENOSPC}
	}
	f.fs.left -= len(b)
	return f.File.WriteAt(b, off)
}

func TestReleasedSegmentsMakeRoomOnAFullDisk(t *testing.T) {
	fs := disksim.New()
	fs.SetCapacity(50_000)
	o := testOptions(fs)
	o.SegmentBytes, o.Retain = 10_000, 15*time.Minute
	l := mustOpen(t, o)
	defer mustClose(t, l)
	for range 200 {
		mustAppend(t, l, strings.Repeat("x", 2000))
		l.Release(Position{Record: 1 << 62})
	}
	if s := l.Stats(); s.DeletedEarly == 0 || s.FailedCommits > 0 {
		t.Errorf("%d segments deleted early, %d commits failed", s.DeletedEarly, s.FailedCommits)
	}
}

func TestOpeningSucceedsOnAFullDisk(t *testing.T) {
	fs, bodies := smallLog(t, false)
	names, files := filesOf(fs)
	fs = with(fs, names[2], append(files[names[2]], strings.Repeat("rubbish ", 20)...))
	fs.Put(dir+"/"+lockFile, nil)
	fs.SetCapacity(1)
	l := mustOpen(t, testOptions(fs))
	if _, err := l.Append(context.Background(), record("x")); !errors.Is(err, ErrNoSpace) {
		t.Fatalf("append: %v, want ErrNoSpace", err)
	}
	fs.SetCapacity(0)
	if diff := cmp.Diff(bodies, readAll(t, l)); diff != "" {
		t.Error(diff)
	}
	mustClose(t, l)
}
