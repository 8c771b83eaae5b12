package embedded

import "errors"

// The documented conditions of Start. They arrive inside an *Error, which adds
// the facts and advice; test for them with errors.Is.
var (
	// ErrLibraryMissing says that Config.Library is not there; one that cannot be loaded is ErrEngineFailed.
	ErrLibraryMissing = errors.New("embedded: engine library missing")
	// ErrDataDirInUse says that another process held the data directory for all of Config.LockWait.
	ErrDataDirInUse = errors.New("embedded: data directory in use")
	// ErrAddressInUse says that Config.Listen is taken.
	ErrAddressInUse = errors.New("embedded: address in use")
	// ErrEngineFailed says that the engine ended or stayed silent during its start.
	ErrEngineFailed = errors.New("embedded: engine did not start")
)

// errStopping ends waits when Stop was called.
var errStopping = errors.New("embedded: engine is stopping")

// Error is a documented condition with its facts.
type Error struct {
	Err    error  // one of the Err… values
	Detail string // what was found, one line; for ErrEngineFailed the end of the engine's log follows
	Hint   string // what the operator can do
}

// Error returns the condition and its facts, without the hint.
func (e *Error) Error() string { return e.Err.Error() + ": " + e.Detail }

// Unwrap returns the condition.
func (e *Error) Unwrap() error { return e.Err }
