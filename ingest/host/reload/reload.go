// Package reload holds a value computed from files and recomputes it when they
// change: for example a renewed certificate, or a list of tokens.
//
// The last good value stays: while the files are missing, incomplete or
// invalid, Get returns it and the error is reported. Files are checked when Get
// is called, at most once per interval; there is no goroutine and no kernel
// notification, which file systems in containers may lack.
package reload

import (
	"errors"
	"fmt"
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
	next    atomic.Int64  // time of the next check, Unix nanoseconds
	mu      sync.Mutex    // guards the fields below
	seen    []fs.FileInfo // of the current value; nil: not computed from files
	fault   string
}

// Open computes the first value; load reads the files itself. It returns the
// error of load unchanged.
func Open[T any](o Options, load func() (T, error), files ...string) (*Value[T], error) {
	v := newValue(o, load, files)
	seen, err := v.stat()
	if err != nil {
		return nil, err
	}
	value, err := load()
	if err != nil {
		return nil, err
	}
	v.seen = seen
	v.current.Store(&value)
	return v, nil
}

// OpenOr is Open with a value to use until the files yield one: an error at the
// start is reported like one at a change, and does not end the start.
func OpenOr[T any](o Options, meanwhile T, load func() (T, error), files ...string) *Value[T] {
	v := newValue(o, load, files)
	v.current.Store(&meanwhile)
	seen, err := v.stat()
	if err == nil {
		var value T
		if value, err = load(); err == nil {
			v.seen = seen
			v.current.Store(&value)
		}
	}
	if err != nil {
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

// look reloads the value if a file has changed. It records the state of the
// files only after a success, so that an incomplete file is tried again.
func (v *Value[T]) look() {
	seen, err := v.stat()
	if err == nil && v.same(seen) {
		v.fault = ""
		return
	}
	var value T
	if err == nil {
		value, err = v.load()
	}
	if err != nil {
		v.report(err)
		return
	}
	v.seen, v.fault = seen, ""
	v.current.Store(&value)
	if v.options.Changed != nil {
		v.options.Changed()
	}
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

func (v *Value[T]) same(seen []fs.FileInfo) bool {
	if v.seen == nil {
		return false // the files have not yielded a value yet
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
