// Package reload holds a value computed from files and recomputes it when they
// change: for example a renewed certificate, or a list of tokens.
//
// The last good value stays: while the files are missing, incomplete or
// invalid, Get returns it and the error is reported. Files are checked when Get
// is called, at most once per interval; there is no goroutine and no kernel
// notification, which file systems in containers may lack.
package reload

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Interval is the shortest time between two checks of the files.
const Interval = time.Second

// Options are all optional.
type Options struct {
	MayMiss bool             // a missing file is not an error: load is called and computes a value without it
	Now     func() time.Time // nil: time.Now
	Changed func()           // called after each new value except the first
	Fault   func(error)      // called once with each error after which the old value stays
}

// Value is a value computed from files. It is safe for concurrent use.
type Value[T any] struct {
	files   []string
	load    func() (T, error)
	options Options

	current atomic.Pointer[T]
	next    atomic.Int64      // time of the next check, Unix nanoseconds
	mu      sync.Mutex        // guards the fields below
	seen    []fs.FileInfo     // of the current value; nil: not computed from files
	sum     [sha256.Size]byte // of the files' content
	seenAt  time.Time         // when the files first looked like seen
	settled bool              // the content was the same long after that
	fault   string
}

// Settle is longer than any file system's unit of time. A file or folder that changes
// again within that unit may look as before, so until then its content is compared, too.
const Settle = 3 * time.Second

// Open computes the first value; load reads the files itself. It returns the
// error of load unchanged.
func Open[T any](o Options, load func() (T, error), files ...string) (*Value[T], error) {
	v := newValue(o, load, files)
	if err := v.read(); err != nil {
		return nil, err
	}
	return v, nil
}

// OpenOr is Open with a value to use until the files yield one: an error at the
// start is reported like one at a change, and does not end the start.
func OpenOr[T any](o Options, meanwhile T, load func() (T, error), files ...string) *Value[T] {
	v := newValue(o, load, files)
	v.current.Store(&meanwhile)
	if err := v.read(); err != nil {
		v.report(err)
	}
	return v
}

func newValue[T any](o Options, load func() (T, error), files []string) *Value[T] {
	if o.Now == nil {
		o.Now = time.Now
	}
	v := &Value[T]{files: files, load: load, options: o}
	v.next.Store(o.Now().Add(Interval).UnixNano())
	return v
}

// Get returns the value of the files as of the last Interval, or the last good
// one.
func (v *Value[T]) Get() T {
	now := v.options.Now()
	if now.UnixNano() >= v.next.Load() && v.mu.TryLock() {
		v.look()
		v.next.Store(now.Add(Interval).UnixNano())
		v.mu.Unlock()
	}
	return *v.current.Load()
}

// look reloads the value if a file has changed.
func (v *Value[T]) look() {
	if v.same() {
		v.fault = ""
		return
	}
	if err := v.read(); err != nil {
		v.report(err)
		return
	}
	v.fault = ""
	if v.options.Changed != nil {
		v.options.Changed()
	}
}

// read computes the value. It records the state of the files only after a success, so that
// an incomplete file is tried again, and as it was before load, so that a change meanwhile
// is noticed.
func (v *Value[T]) read() error {
	at := time.Now()
	seen, err := v.stat()
	if err != nil {
		return err
	}
	sum, sumErr := v.content(seen)
	value, err := v.load() // its errors say more
	if err = cmp.Or(err, sumErr); err != nil {
		return err
	}
	v.seen, v.sum, v.seenAt, v.settled = seen, sum, at, false
	v.current.Store(&value)
	return nil
}

// report reports an error once.
func (v *Value[T]) report(fault error) {
	if text := fault.Error(); text != v.fault {
		v.fault = text
		if v.options.Fault != nil {
			v.options.Fault(fault)
		}
	}
}

func (v *Value[T]) stat() ([]fs.FileInfo, error) {
	seen := make([]fs.FileInfo, len(v.files))
	for i, name := range v.files {
		info, err := os.Stat(name)
		if v.options.MayMiss && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		seen[i] = info
	}
	return seen, nil
}

// content returns a sum over the bytes of regular files; others may be read only once.
func (v *Value[T]) content(seen []fs.FileInfo) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	for i, name := range v.files {
		if seen[i] == nil || !seen[i].Mode().IsRegular() {
			continue
		}
		file, err := os.Open(name)
		if err != nil {
			return sum, err
		}
		_, err = io.Copy(h, file)
		if err = errors.Join(err, file.Close()); err != nil {
			return sum, err
		}
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// same reports whether the files are as they were for the current value.
func (v *Value[T]) same() bool {
	at := time.Now()
	seen, err := v.stat()
	if err != nil || v.seen == nil { // nil: the files have not yielded a value yet
		return false
	}
	for i := range seen {
		a, b := v.seen[i], seen[i]
		if a == nil || b == nil {
			if a != b {
				return false
			}
			continue
		}
		if !os.SameFile(a, b) || a.Size() != b.Size() || !a.ModTime().Equal(b.ModTime()) || a.Mode() != b.Mode() {
			return false
		}
	}
	if v.settled {
		return true
	}
	sum, err := v.content(seen)
	if err != nil || sum != v.sum {
		return false
	}
	v.settled = at.Sub(v.seenAt) > Settle
	return true
}

// CheckPrivate returns an error if the file name has one of the forbidden
// permission bits, such as 0o077 for a secret that only its owner may read.
func CheckPrivate(name string, forbidden fs.FileMode) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if got := info.Mode().Perm(); got&forbidden != 0 {
		return fmt.Errorf("%s may be read by others (mode %#o); chmod %#o it", name, got, got&^forbidden)
	}
	return nil
}
