// Package disksim is a file system in memory that can lose its power like a
// machine: data that was not synced is then lost, kept, or kept in part.
//
// It is stricter than real file systems: each 512-byte piece of an unsynced
// write survives or not independently, so does each change of the names in an
// unsynced directory, and a file's new length may survive without its data,
// which then reads as zeros. It can also be full, fail a sync, and have
// unreadable sectors. It does not model features that the log does not use:
// symbolic links, modes, renames of directories.
package disksim

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"glint/ingest/host/disk"
)

// ErrPowerCut is returned by every call after the cut.
var ErrPowerCut = errors.New("disksim: the power is cut")

// FS is a simulated file system. It is safe for concurrent use.
type FS struct {
	mu       sync.Mutex
	dirs     map[string]*dir
	locks    map[string]bool
	steps    int
	cutAt    int          // number of the step that fails; 0: none
	noSync   map[int]bool // numbers of the syncs that fail
	syncs    int
	capacity int64 // 0: endless
}

type dir struct {
	names   map[string]*node
	durable map[string]*node
	pending []func(map[string]*node) // changes since the last SyncDir
	kept    bool                     // its own name is durable
}

type node struct {
	data    []byte
	durable []byte
	pending []change // since the last Sync
	bad     map[int64]bool
}

// change is a write, or a truncation if data is nil.
type change struct {
	off  int64
	data []byte
}

const piece = 512 // bytes that a disk writes atomically

// New returns an empty file system.
func New() *FS {
	return &FS{dirs: map[string]*dir{}, locks: map[string]bool{}, noSync: map[int]bool{}}
}

// CutAt cuts the power at the n-th change from now on; 1 is the next.
func (s *FS) CutAt(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cutAt = s.steps + n
}

// Steps returns the number of changes so far.
func (s *FS) Steps() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.steps
}

// FailSync makes the n-th file sync from now on fail. As on Linux, the data
// that it did not write counts as clean afterwards.
func (s *FS) FailSync(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noSync[s.syncs+n] = true
}

// SetCapacity limits the bytes of all files; 0 removes the limit.
func (s *FS) SetCapacity(bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.capacity = bytes
}

// SpoilSector makes the 4 KiB around that offset unreadable.
func (s *FS) SpoilSector(name string, off int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.node(name); n != nil {
		n.bad[off/4096] = true
	}
}

// Reboot returns the file system after the power is back; the old one returns
// ErrPowerCut. r decides which unsynced parts survive.
func (s *FS) Reboot(r *rand.Rand) *FS {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cutAt = s.steps
	after := New()
	for _, name := range slices.Sorted(maps.Keys(s.dirs)) {
		d := s.dirs[name]
		if !d.kept && r.IntN(2) == 0 {
			continue
		}
		names := maps.Clone(d.durable)
		for _, change := range d.pending {
			if r.IntN(2) == 0 {
				change(names)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			data := names[name].survive(r)
			names[name] = &node{data: data, durable: slices.Clone(data), bad: map[int64]bool{}}
		}
		after.dirs[name] = &dir{names: names, durable: maps.Clone(names), kept: true}
	}
	return after
}

func (n *node) survive(r *rand.Rand) []byte {
	data := slices.Clone(n.durable)
	for _, c := range n.pending {
		if c.data == nil {
			if r.IntN(2) == 0 {
				data = resize(data, c.off)
			}
			continue
		}
		if r.IntN(4) == 0 { // the length alone
			data = resize(data, max(int64(len(data)), c.off+int64(len(c.data))))
		}
		all, none := r.IntN(3) == 0, r.IntN(3) == 0
		for at := int64(0); at < int64(len(c.data)); {
			end := min((c.off+at)/piece*piece+piece-c.off, int64(len(c.data)))
			if all || (!none && r.IntN(2) == 0) {
				data = resize(data, max(int64(len(data)), c.off+end))
				copy(data[c.off+at:], c.data[at:end])
			}
			at = end
		}
	}
	return data
}

func resize(b []byte, n int64) []byte {
	if n <= int64(len(b)) {
		return b[:n:n]
	}
	return append(b, make([]byte, n-int64(len(b)))...)
}

// step counts a change and returns whether it takes effect. The caller holds
// mu.
func (s *FS) step() error {
	if err := s.alive(); err != nil {
		return err
	}
	s.steps++
	return s.alive()
}

func (s *FS) alive() error {
	if s.cutAt > 0 && s.steps >= s.cutAt {
		return ErrPowerCut
	}
	return nil
}

func (s *FS) node(name string) *node {
	d := s.dirs[filepath.Dir(name)]
	if d == nil {
		return nil
	}
	return d.names[filepath.Base(name)]
}

func pathError(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

func (d *dir) change(f func(map[string]*node)) {
	f(d.names)
	d.pending = append(d.pending, f)
}

// Create implements disk.FS.
func (s *FS) Create(name string) (disk.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.step(); err != nil {
		return nil, err
	}
	d := s.dirs[filepath.Dir(name)]
	if d == nil {
		return nil, pathError("create", name, fs.ErrNotExist)
	}
	if s.node(name) != nil {
		return nil, pathError("create", name, fs.ErrExist)
	}
	n, base := &node{bad: map[int64]bool{}}, filepath.Base(name)
	d.change(func(names map[string]*node) { names[base] = n })
	return &file{fs: s, node: n, write: true}, nil
}

// Open implements disk.FS.
func (s *FS) Open(name string, write bool) (disk.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.alive(); err != nil {
		return nil, err
	}
	n := s.node(name)
	if n == nil {
		return nil, pathError("open", name, fs.ErrNotExist)
	}
	return &file{fs: s, node: n, write: write}, nil
}

// ReadDir implements disk.FS.
func (s *FS) ReadDir(name string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.alive(); err != nil {
		return nil, err
	}
	d := s.dirs[name]
	if d == nil {
		return nil, pathError("readdir", name, fs.ErrNotExist)
	}
	return slices.Sorted(maps.Keys(d.names)), nil
}

// Remove implements disk.FS.
func (s *FS) Remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.step(); err != nil {
		return err
	}
	if s.node(name) == nil {
		return pathError("remove", name, fs.ErrNotExist)
	}
	base := filepath.Base(name)
	s.dirs[filepath.Dir(name)].change(func(names map[string]*node) { delete(names, base) })
	return nil
}

// Link implements disk.FS.
func (s *FS) Link(from, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.step(); err != nil {
		return err
	}
	n := s.node(from)
	if n == nil || s.dirs[filepath.Dir(to)] == nil {
		return pathError("link", from, fs.ErrNotExist)
	}
	if s.node(to) != nil {
		return pathError("link", to, fs.ErrExist)
	}
	base := filepath.Base(to)
	s.dirs[filepath.Dir(to)].change(func(names map[string]*node) { names[base] = n })
	return nil
}

// MkdirAll implements disk.FS.
func (s *FS) MkdirAll(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dirs[name] != nil {
		return s.alive()
	}
	if err := s.step(); err != nil {
		return err
	}
	s.dirs[name] = &dir{names: map[string]*node{}, durable: map[string]*node{}}
	if err := s.step(); err != nil {
		return err
	}
	s.dirs[name].kept = true
	return nil
}

// SyncDir implements disk.FS.
func (s *FS) SyncDir(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.step(); err != nil {
		return err
	}
	d := s.dirs[name]
	if d == nil {
		return pathError("sync", name, fs.ErrNotExist)
	}
	d.durable, d.pending = maps.Clone(d.names), nil
	return nil
}

// Space implements disk.FS.
func (s *FS) Space(string) (free, total int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.capacity == 0 {
		return 1 << 40, 1 << 40, nil
	}
	return s.capacity - s.used(), s.capacity, nil
}

// used returns the bytes of the files that have a name.
func (s *FS) used() (n int64) {
	for _, d := range s.dirs {
		for _, f := range d.names {
			n += int64(len(f.data))
		}
	}
	return n
}

// Lock implements disk.FS.
func (s *FS) Lock(name string) (io.Closer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.alive(); err != nil {
		return nil, err
	}
	if s.locks[name] {
		return nil, &disk.HeldError{Name: name}
	}
	s.locks[name] = true
	return lock{s, name}, nil
}

type lock struct {
	fs   *FS
	name string
}

func (l lock) Close() error {
	l.fs.mu.Lock()
	defer l.fs.mu.Unlock()
	delete(l.fs.locks, l.name)
	return nil
}

type file struct {
	fs    *FS
	node  *node
	write bool
}

func (f *file) ReadAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.alive(); err != nil {
		return 0, err
	}
	for at := off / 4096; at <= (off+int64(len(b))-1)/4096; at++ {
		if f.node.bad[at] {
			return 0, syscall.EIO
		}
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.node.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if !f.write {
		return 0, syscall.EBADF
	}
	err := f.fs.step()
	grow := off + int64(len(b)) - int64(len(f.node.data))
	if left := f.fs.capacity - f.fs.used(); err == nil && f.fs.capacity > 0 && grow > max(left, 0) {
		b, err = b[:max(int64(len(b))-grow+max(left, 0), 0)], syscall.ENOSPC
	}
	if len(b) > 0 { // at the cut, too, since a part of it may survive
		f.node.data = resize(f.node.data, max(int64(len(f.node.data)), off+int64(len(b))))
		copy(f.node.data[off:], b)
		f.node.pending = append(f.node.pending, change{off, slices.Clone(b)})
	}
	return len(b), err
}

func (f *file) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.step(); err != nil {
		return err
	}
	f.node.data = resize(f.node.data, size)
	f.node.pending = append(f.node.pending, change{off: size})
	return nil
}

func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.step(); err != nil {
		return err
	}
	f.fs.syncs++
	if f.fs.noSync[f.fs.syncs] {
		f.node.pending = nil
		return syscall.EIO
	}
	for _, c := range f.node.pending {
		end := c.off + int64(len(c.data))
		if c.data == nil {
			f.node.durable = resize(f.node.durable, c.off)
			continue
		}
		f.node.durable = resize(f.node.durable, max(int64(len(f.node.durable)), end))
		copy(f.node.durable[c.off:], c.data)
	}
	f.node.pending = nil
	return nil
}

func (f *file) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return int64(len(f.node.data)), f.fs.alive()
}

func (f *file) Close() error { return nil }

// Put creates or replaces a durable file and its directory, as the initial
// state of a test.
func (s *FS) Put(name string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parent := filepath.Dir(name)
	if s.dirs[parent] == nil {
		s.dirs[parent] = &dir{names: map[string]*node{}, durable: map[string]*node{}, kept: true}
	}
	n := &node{data: slices.Clone(data), durable: slices.Clone(data), bad: map[int64]bool{}}
	s.dirs[parent].names[filepath.Base(name)] = n
	s.dirs[parent].durable[filepath.Base(name)] = n
}

// Files returns the content of every file by its path, as programs see it.
func (s *FS) Files() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	files := map[string][]byte{}
	for dir, d := range s.dirs {
		for name, n := range d.names {
			files[filepath.Join(dir, name)] = slices.Clone(n.data)
		}
	}
	return files
}
