package embedded

import "errors"

// The documented conditions of Start. They are wrapped in an *Error, which adds
// facts and advice; test for them with errors.Is.
var (
	// ErrLibraryMissing means that Config.Library does not exist. A library
	// that cannot be loaded gives ErrEngineFailed.
	ErrLibraryMissing = errors.New("embedded: engine library missing")
	// ErrDataDirInUse means that another process held the data directory for
	// all of Config.LockWait.
	ErrDataDirInUse = errors.New("embedded: data directory in use")
	// ErrAddressInUse means that Config.Listen is in use.
	ErrAddressInUse = errors.New("embedded: address in use")
	// ErrEngineFailed means that the engine ended or did not answer during its
	// start.
	ErrEngineFailed = errors.New("embedded: engine did not start")
)

// errStopping is returned from waits when Stop was called.
var errStopping = errors.New("embedded: engine is stopping")

// Error is a documented condition with its facts.
type Error struct {
	Err    error  // one of the Err… values
	Detail string // facts, one line; for ErrEngineFailed followed by the end of the engine's log
	Hint   string // advice for the operator
}

// Error returns the condition and its facts, without the hint.
func (e *Error) Error() string { return e.Err.Error() + ": " + e.Detail }

// Unwrap returns the condition.
func (e *Error) Unwrap() error { return e.Err }
