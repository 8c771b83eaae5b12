// Package reload holds a value that is made of files, and makes it again when
// they have changed: a certificate that is renewed, a list of tokens to which
// one is added.
//
// A value that was there once stays: while the files are missing, half-written
// or wrong, Get returns the last good one and the fault is reported. Files are
// looked at when Get is called, at most once per interval; there is no goroutine
// and no notification by the kernel, which file systems of containers may lack.
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

// Interval is the shortest time between two looks at the files.
const Interval = time.Second

// Options may all be zero.
type Options struct {
	MayMiss bool             // a missing file is no fault: load is called and makes a value without it
	Now     func() time.Time // nil: time.Now
	Changed func()           // called after each new value but the first
	Fault   func(error)      // called once with each fault that keeps the old value
}

// Value is a value made of files. It is safe for concurrent use.
type Value[T any] struct {
	files   []string
	load    func() (T, error)
	options Options

	current atomic.Pointer[T]
	next    atomic.Int64  // Unix nanoseconds of the next look
	mu      sync.Mutex    // guards what is below
	seen    []fs.FileInfo // of the current value; nil: it is not of the files
	fault   string
}

// Open makes the first value; load reads the files itself. Its error is
// returned as it is.
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

// OpenOr is Open with a value for the time in which the files give none: a fault
// of theirs is reported as that of a change is, and does not end the start.
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

// Get returns the value of the files as they were within the last Interval, or
// the last good one.
func (v *Value[T]) Get() T {
	now := v.options.Now()
	if now.UnixNano() >= v.next.Load() && v.mu.TryLock() {
		v.look()
		v.next.Store(now.Add(Interval).UnixNano())
		v.mu.Unlock()
	}
	return *v.current.Load()
}

// look loads the value again if a file has changed. A state of the
// files is noted only after a success, so that a half-written file is tried again.
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

// report tells of a fault, once.
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
		return false // the files have given no value yet
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
