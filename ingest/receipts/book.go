package receipts

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"glint/ingest/durable"
)

// Folder is the name of the folder of receipts, beside those of the lanes.
const Folder = "receipts"

// The defaults of Options.
const (
	DefaultRetain   = 7 * 24 * time.Hour
	DefaultMaxBytes = 1 << 30
)

const (
	maxOpen     = 8       // hours with an open file; a backlog spans several
	partOfQuota = 8       // a file is at most about an eighth of the quota
	keepBuffer  = 4 << 20 // a larger one is not kept for the next Append
)

// ErrClosed is returned by Append after Close.
var ErrClosed = errors.New("receipts: the book is closed")

// Options say where receipts are kept, and for how long.
type Options struct {
	Dir      string           // made where it is missing, for its owner only
	Retain   time.Duration    // a file whose hour ended longer ago is removed; 0: DefaultRetain
	MaxBytes int64            // of all files; beyond it the oldest are removed; 0: DefaultMaxBytes
	Now      func() time.Time // nil: time.Now
}

// Book writes receipts. It is safe for concurrent use.
type Book struct {
	opt    Options
	create func(path string) (output, error) // os.OpenFile, but in tests
	bytes  atomic.Int64

	mu     sync.Mutex
	closed bool
	since  time.Time
	files  []*file // all of the folder, the oldest first
	open   []*writer
	buffer []byte
}

// writer is a file that is being written to.
type writer struct {
	*file
	out  output
	torn bool // ends in a piece of a write that failed
}

// output is what a Book needs of a file.
type output interface {
	io.Writer
	Sync() error
	Truncate(size int64) error
	Seek(offset int64, whence int) (int64, error)
	Close() error
}

// Open opens the book in o.Dir or begins one, and removes what is too old.
func Open(o Options) (*Book, error) { return open(o, createFile) }

func createFile(path string) (output, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func open(o Options, create func(string) (output, error)) (*Book, error) {
	if o.Retain == 0 {
		o.Retain = DefaultRetain
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	b := &Book{opt: o, create: create}
	err := os.MkdirAll(o.Dir, 0o700)
	if err == nil {
		err = durable.SyncDir(filepath.Dir(o.Dir))
	}
	if err != nil {
		return nil, fmt.Errorf("make folder of receipts: %w", err)
	}
	if b.since, err = Since(o.Dir); err != nil {
		return nil, err
	}
	if b.files, err = list(o.Dir); err != nil {
		return nil, err
	}
	if b.since.IsZero() {
		b.since = o.Now().UTC().Truncate(time.Millisecond) // as ReceivedAt is
		if err := saveSince(o.Dir, b.since); err != nil {
			return nil, err
		}
	}
	for _, f := range b.files {
		b.bytes.Add(f.bytes)
	}
	if err := b.tidy(); err != nil {
		return nil, err
	}
	return b, nil
}

// Bytes returns the size of all files.
func (b *Book) Bytes() int64 { return b.bytes.Load() }

// Append keeps receipts and returns when they are on disk: one write and one
// sync, or as many as the hour changes in the list. The same record of
// the same log again replaces its receipt. After an error some of them may have
// been kept; the caller appends all of them again. It does not keep receipts or
// their slices.
func (b *Book) Append(receipts []Receipt) error {
	for i := range receipts {
		if err := receipts[i].check(); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	if err := b.tidy(); err != nil { // first: a failure must not leave the receipts twice
		return err
	}
	for i := 0; i < len(receipts); {
		hour, last := hourOf(receipts[i].ReceivedAt), receipts[i].ReceivedAt
		buffer := b.buffer[:0]
		for ; i < len(receipts) && hourOf(receipts[i].ReceivedAt).Equal(hour); i++ {
			buffer = appendFrame(buffer, &receipts[i])
			if receipts[i].ReceivedAt.After(last) {
				last = receipts[i].ReceivedAt
			}
		}
		if b.buffer = nil; cap(buffer) <= keepBuffer {
			b.buffer = buffer
		}
		if err := b.write(hour, last, buffer); err != nil {
			return fmt.Errorf("keep receipts: %w", err)
		}
	}
	return nil
}

// write brings frames to the disk.
func (b *Book) write(hour, last time.Time, frames []byte) error {
	w, err := b.writer(hour)
	if err != nil {
		return err
	}
	if _, err := w.out.Write(frames); err != nil {
		err = errors.Join(err, w.takeBack())
		if w.torn {
			err = errors.Join(err, b.leave(w))
		}
		return err
	}
	if err := w.out.Sync(); err != nil {
		// Linux may mark pages clean that it could not write, so that the next
		// sync of this file would say nothing of them: it is never written again.
		return errors.Join(err, w.takeBack(), b.leave(w))
	}
	w.bytes += int64(len(frames))
	b.bytes.Add(int64(len(frames)))
	if last.After(w.last) {
		w.last = last
	}
	if w.bytes >= b.opt.MaxBytes/partOfQuota {
		return b.leave(w)
	}
	return nil
}

// takeBack cuts off what a failed write has left, so that a disk that stays full
// does not fill with pieces. Where that fails, the file is torn.
func (w *writer) takeBack() error {
	err := w.out.Truncate(w.bytes)
	if err == nil {
		_, err = w.out.Seek(w.bytes, io.SeekStart)
	}
	w.torn = err != nil
	return err
}

// writer returns the open file of an hour, or begins one.
func (b *Book) writer(hour time.Time) (*writer, error) {
	for _, w := range b.open {
		if w.hour.Equal(hour) {
			return w, nil
		}
	}
	if len(b.open) == maxOpen {
		if err := b.leave(b.open[0]); err != nil {
			return nil, err
		}
	}
	f := &file{hour: hour, part: 1}
	for _, other := range b.files {
		if other.hour.Equal(hour) {
			f.part = other.part + 1
		}
	}
	path := filepath.Join(b.opt.Dir, f.name())
	out, err := b.create(path)
	if err != nil {
		return nil, err
	}
	if err := durable.SyncDir(b.opt.Dir); err != nil {
		return nil, errors.Join(err, out.Close(), os.Remove(path))
	}
	b.files = append(b.files, f)
	slices.SortFunc(b.files, compareFiles)
	w := &writer{file: f, out: out}
	b.open = append(b.open, w)
	return w, nil
}

// leave writes to a file no more. One without receipts goes.
func (b *Book) leave(w *writer) error {
	b.open = slices.DeleteFunc(b.open, func(other *writer) bool { return other == w })
	err := w.out.Close()
	if w.bytes == 0 {
		b.files = slices.DeleteFunc(b.files, func(other *file) bool { return other == w.file })
		err = errors.Join(err, os.Remove(filepath.Join(b.opt.Dir, w.name())))
	}
	return err
}

// tidy removes the files whose time is over, and the oldest ones beyond the
// quota; the newest one stays. What it removes is known to Since before.
func (b *Book) tidy() error {
	var gone int
	bytes, since := b.bytes.Load(), b.since
	for ; gone < len(b.files)-1; gone++ {
		f := b.files[gone]
		expired := f.hour.Add(time.Hour).Before(b.opt.Now().Add(-b.opt.Retain))
		if !expired && bytes <= b.opt.MaxBytes {
			break
		}
		bytes -= f.bytes
		if f.end().After(since) {
			since = f.end()
		}
	}
	if gone == 0 {
		return nil
	}
	if since.After(b.since) {
		if err := saveSince(b.opt.Dir, since); err != nil {
			return err
		}
		b.since = since
	}
	for range gone {
		if err := b.remove(b.files[0]); err != nil {
			return err
		}
	}
	return nil
}

func (b *Book) remove(f *file) error {
	if i := slices.IndexFunc(b.open, func(w *writer) bool { return w.file == f }); i >= 0 {
		if err := b.open[i].out.Close(); err != nil {
			return fmt.Errorf("remove old receipts: %w", err)
		}
		b.open = slices.Delete(b.open, i, i+1)
	}
	if err := os.Remove(filepath.Join(b.opt.Dir, f.name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove old receipts: %w", err)
	}
	b.files = b.files[1:]
	b.bytes.Add(-f.bytes)
	return nil
}

// Close ends the book. What Append has taken is on disk already.
func (b *Book) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	var errs []error
	for len(b.open) > 0 {
		errs = append(errs, b.leave(b.open[0]))
	}
	return errors.Join(errs...)
}
