package receipts

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"glint/ingest/host/atomicfile"
)

// Folder is the name of the folder of receipts, beside the folders of the lanes.
const Folder = "receipts"

// The defaults of Options.
const (
	DefaultRetain   = 7 * 24 * time.Hour
	DefaultMaxBytes = 1 << 30
)

const (
	maxOpen     = 8       // hours with an open file; a backlog spans several
	partOfQuota = 8       // a file is at most about an eighth of the quota
	keepBuffer  = 4 << 20 // a larger buffer is not reused by the next Append
)

// ErrClosed is returned by Append after Close.
var ErrClosed = errors.New("receipts: the writer is closed")

// Options configure a Writer.
type Options struct {
	Dir      string           // created if missing, readable by its owner only
	Retain   time.Duration    // a file whose hour ended longer ago is removed; 0: DefaultRetain
	MaxBytes int64            // of all files; beyond it the oldest are removed; 0: DefaultMaxBytes
	Now      func() time.Time // nil: time.Now
	// Elapsed returns a time that no jump of the clock changes; nil: the monotonic clock
	// or, if Now is set, the time elapsed by Now.
	Elapsed func() time.Duration
	Logger  *slog.Logger // nil: discards
}

// Writer writes receipts. It is safe for concurrent use.
type Writer struct {
	opt    Options
	create func(path string) (output, error) // os.OpenFile, except in tests
	bytes  atomic.Int64

	mu     sync.Mutex
	closed bool
	age    *age
	since  time.Time
	saved  time.Time // value of age that was stored last
	files  []*file   // all of the folder, the oldest first
	open   []*hourFile
	buffer []byte
}

// hourFile is an open file for writing.
type hourFile struct {
	*file
	out  output
	torn bool // ends in a part of a failed write
}

// output is the part of *os.File that a Writer uses.
type output interface {
	io.Writer
	Sync() error
	Truncate(size int64) error
	Seek(offset int64, whence int) (int64, error)
	Close() error
}

// OpenWriter opens the receipts in o.Dir, creates the folder if it is missing, and removes
// expired files.
func OpenWriter(o Options) (*Writer, error) { return open(o, createFile) }

func createFile(path string) (output, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// complete sets the defaults.
func (o *Options) complete() {
	if o.Elapsed == nil {
		now := o.Now
		if now == nil {
			now = time.Now
		}
		began := now()
		o.Elapsed = func() time.Duration { return now().Sub(began) }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

func open(o Options, create func(string) (output, error)) (*Writer, error) {
	if o.Retain == 0 {
		o.Retain = DefaultRetain
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	o.complete()
	b := &Writer{opt: o, create: create}
	err := os.MkdirAll(o.Dir, 0o700)
	if err == nil {
		err = atomicfile.SyncDir(filepath.Dir(o.Dir))
	}
	if err != nil {
		return nil, fmt.Errorf("make folder of receipts: %w", err)
	}
	if b.files, err = list(o.Dir); err != nil {
		return nil, err
	}
	if err := b.begin(); err != nil {
		return nil, err
	}
	for _, f := range b.files {
		b.bytes.Add(f.bytes)
	}
	if err := b.tidy(); err != nil {
		return nil, err
	}
	return b, nil
}

// begin reads the time from which the folder is complete. If the file is damaged, it sets
// the time to an hour after the oldest file began, since older files of that hour may have
// been removed.
func (b *Writer) begin() error {
	d, err := readSince(b.opt.Dir)
	damaged := errors.Is(err, errDamaged)
	if damaged {
		b.opt.Logger.Error("damaged file of receipts made anew", "error", err)
		d = sinceDocument{}
		if len(b.files) > 0 {
			d.Since = b.files[0].hour.Add(time.Hour)
		}
		err = os.RemoveAll(filepath.Join(b.opt.Dir, sinceFile))
	}
	if err != nil {
		return err
	}
	var newest time.Time
	if n := len(b.files); n > 0 {
		newest = b.files[n-1].end()
	}
	b.age = newAge(b.opt.Now, b.opt.Elapsed, d.Clock, newest)
	b.since, b.saved = d.Since, d.Clock
	if !b.since.IsZero() && !d.Clock.IsZero() && !damaged {
		return nil // a full disk has no space for it anyway
	}
	if b.since.IsZero() {
		b.since = b.opt.Now().UTC().Truncate(time.Millisecond) // the precision of ReceivedAt
	}
	return b.save(b.since)
}

// save stores the time from which the folder is complete, and the time by which it expires.
func (b *Writer) save(since time.Time) error {
	clock := b.age.now()
	if err := saveSince(b.opt.Dir, since, clock); err != nil {
		return err
	}
	b.since, b.saved = since, clock
	return nil
}

// Bytes returns the size of all files.
func (b *Writer) Bytes() int64 { return b.bytes.Load() }

// Append stores receipts and returns when they are on disk: with one write and one
// sync for each run of receipts of the same hour. A receipt for the same record of the same
// log replaces the earlier one. After an error some receipts may have been stored; append
// all of them again. Append does not retain receipts or their slices.
func (b *Writer) Append(receipts []Receipt) error {
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
	if err := b.tidy(); err != nil { // first, since a failure must not store the receipts twice
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

// write writes and syncs frames.
func (b *Writer) write(hour, last time.Time, frames []byte) error {
	w, err := b.hourFile(hour)
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
		// Linux may mark pages as clean that it could not write, so that the next
		// sync of this file would not report them: it is never written again.
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

// takeBack cuts off the part of a failed write, so that a full disk does not fill with
// such parts. If that fails, the file is torn.
func (w *hourFile) takeBack() error {
	err := w.out.Truncate(w.bytes)
	if err == nil {
		_, err = w.out.Seek(w.bytes, io.SeekStart)
	}
	w.torn = err != nil
	return err
}

// hourFile returns the open file of an hour, or creates one.
func (b *Writer) hourFile(hour time.Time) (*hourFile, error) {
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
	if err := atomicfile.SyncDir(b.opt.Dir); err != nil {
		return nil, errors.Join(err, out.Close(), os.Remove(path))
	}
	b.files = append(b.files, f)
	slices.SortFunc(b.files, compareFiles)
	w := &hourFile{file: f, out: out}
	b.open = append(b.open, w)
	return w, nil
}

// leave closes a file, and removes it if it has no receipts.
func (b *Writer) leave(w *hourFile) error {
	b.open = slices.DeleteFunc(b.open, func(other *hourFile) bool { return other == w })
	err := w.out.Close()
	if w.bytes == 0 {
		b.files = slices.DeleteFunc(b.files, func(other *file) bool { return other == w.file })
		err = errors.Join(err, os.Remove(filepath.Join(b.opt.Dir, w.name())))
	}
	return err
}

// tidy removes expired files, and the oldest files beyond the quota; the newest
// file stays. It moves Since before it removes any file.
func (b *Writer) tidy() error {
	var gone int
	bytes, since, now := b.bytes.Load(), b.since, b.age.now()
	for ; gone < len(b.files)-1; gone++ {
		f := b.files[gone]
		expired := f.hour.Add(time.Hour).Before(now.Add(-b.opt.Retain))
		if !expired && bytes <= b.opt.MaxBytes {
			break
		}
		bytes -= f.bytes
		if f.end().After(since) {
			since = f.end()
		}
	}
	if gone > 0 && since.After(b.since) {
		if err := b.save(since); err != nil {
			return err
		}
	} else if now.Sub(b.saved) >= time.Hour {
		if err := b.save(b.since); err != nil {
			b.opt.Logger.Warn("age of the receipts not noted, they stay longer", "error", err)
		}
	}
	for range gone {
		if err := b.remove(b.files[0]); err != nil {
			return err
		}
	}
	return nil
}

func (b *Writer) remove(f *file) error {
	if i := slices.IndexFunc(b.open, func(w *hourFile) bool { return w.file == f }); i >= 0 {
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

// Close closes the writer. Accepted receipts are already on disk. If the disk has no space for
// the time by which receipts expire, they stay longer.
func (b *Writer) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	if b.age.now().After(b.saved) {
		if err := b.save(b.since); err != nil {
			b.opt.Logger.Warn("the age of receipts is not noted; they stay longer", "error", err)
		}
	}
	var errs []error
	for len(b.open) > 0 {
		errs = append(errs, b.leave(b.open[0]))
	}
	return errors.Join(errs...)
}
