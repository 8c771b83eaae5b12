package wal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/host/disk"
	"glint/ingest/host/disk/disksim"
)

// fullFS is a file system without free space. Existing bytes cannot be
// rewritten either, as on copy-on-write file systems.
type fullFS struct {
	disk.FS
	full bool
}

func (f *fullFS) fault() error {
	if f.full {
		return syscall.ENOSPC
	}
	return nil
}

func (f *fullFS) Create(name string) (disk.File, error) {
	if err := f.fault(); err != nil {
		return nil, err
	}
	file, err := f.FS.Create(name)
	return fullFile{file, f}, err
}

func (f *fullFS) Open(name string, write bool) (disk.File, error) {
	file, err := f.FS.Open(name, write)
	return fullFile{file, f}, err
}

func (f *fullFS) Link(from, to string) error { return errors.Join(f.fault(), f.FS.Link(from, to)) }

func (f *fullFS) MkdirAll(name string) error {
	if _, err := f.ReadDir(name); err == nil {
		return nil
	}
	return errors.Join(f.fault(), f.FS.MkdirAll(name))
}

type fullFile struct {
	disk.File
	fs *fullFS
}

func (f fullFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.fs.fault(); err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, off)
}

// TestALogOpensOnAFullDisk damages a log as a kill, a power cut or a bad disk
// does. It opens the log twice on a full disk, then with room: it must hold the
// same records as a log opened with room at once, and accept new ones.
func TestALogOpensOnAFullDisk(t *testing.T) {
	o := func(fs disk.FS) Options {
		o := testOptions(fs)
		o.SegmentBytes = 4096
		return o
	}
	fs := disksim.New()
	l := mustOpen(t, o(fs))
	mustAppend(t, l, numbered(200)...)
	names, files := filesOf(fs) // as after a SIGKILL
	mustClose(t, l)
	closed, closedFiles := filesOf(fs)
	if len(names) < 3 {
		t.Fatalf("%d segments", len(names))
	}
	last := names[len(names)-1]
	random := rand.New(rand.NewPCG(1, 2))
	damages := map[string]func(map[string][]byte){
		"none": func(map[string][]byte) {},
		"a torn end": func(f map[string][]byte) {
			f[last] = f[last][:len(f[last])-7]
		},
		"zeros at the end":       func(f map[string][]byte) { f[last] = append(f[last], make([]byte, 500)...) },
		"a doubtful end":         func(f map[string][]byte) { f[last] = append(f[last], strings.Repeat("junk", 200)...) },
		"a bad header":           func(f map[string][]byte) { f[last][9] ^= 1 },
		"a lost header":          func(f map[string][]byte) { clear(f[last][:dataOffset]) },
		"a lost header before":   func(f map[string][]byte) { clear(f[names[0]][:dataOffset]) },
		"a header half written":  func(f map[string][]byte) { f[fileName(99, 201)] = make([]byte, 10) },
		"a hole in the last one": func(f map[string][]byte) { f[last][dataOffset+40] ^= 1 },
	}
	for range 20 {
		at := random.IntN(1 << 20)
		damages[fmt.Sprint("a byte at ", at)] = func(f map[string][]byte) {
			name := names[at%len(names)]
			f[name][at%len(f[name])] ^= 0x20
		}
	}
	tried := 0
	for _, state := range []struct {
		name  string
		names []string
		files map[string][]byte
	}{{"killed", names, files}, {"closed", closed, closedFiles}} {
		for _, name := range slices.Sorted(maps.Keys(damages)) {
			tried++
			t.Run(state.name+"/"+name, func(t *testing.T) {
				damaged := map[string][]byte{}
				for _, name := range state.names {
					damaged[name] = slices.Clone(state.files[name])
				}
				damages[name](damaged)
				put := func() *disksim.FS {
					fs := disksim.New()
					fs.Put(dir+"/"+lockFile, nil)
					for name, content := range damaged {
						if !strings.HasPrefix(name, dir) {
							name = dir + "/" + name
						}
						fs.Put(name, content)
					}
					return fs
				}
				withRoom := mustOpen(t, o(put()))
				want := readAll(t, withRoom)
				mustClose(t, withRoom)

				full := &fullFS{FS: put(), full: true}
				for range 2 {
					l := mustOpen(t, o(full))
					if _, err := l.Append(context.Background(), record("no room")); !errors.Is(err, ErrNoSpace) {
						t.Errorf("append on a full disk: %v", err)
					}
					_ = l.Close(context.Background())
				}
				l := mustOpen(t, o(full))
				full.full = false
				mustAppend(t, l, "with room")
				got := readUntil(t, l, Position{}, "with room")
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error("read (-with room from the beginning +now):", diff)
				}
				_ = l.Close(context.Background())
				l = mustOpen(t, o(full))
				defer mustClose(t, l)
				if diff := cmp.Diff(append(want, "with room"), readAll(t, l)); diff != "" {
					t.Error("read by the next one:", diff)
				}
			})
		}
	}
	if tried != 58 {
		t.Errorf("%d logs were tried", tried)
	}
}
