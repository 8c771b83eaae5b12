// Package disk is the file system as a write-ahead log sees it: few calls, each
// with a plain meaning after a power cut, so that a test can put a simulated
// one in the place of the real one (see disksim).
//
// What a log may rely on is what POSIX promises and no more: data is on disk
// after Sync of its file, a name after SyncDir of its directory.
package disk

import (
	"io"
)

// FS is a file system. Names are paths. It is safe for concurrent use.
type FS interface {
	// Create makes a new file, mode 0600; fs.ErrExist if there is one.
	Create(name string) (File, error)
	// Open opens a file that exists, for reading only unless write is set.
	Open(name string, write bool) (File, error)
	// ReadDir returns the sorted names of what is in a directory.
	ReadDir(name string) ([]string, error)
	Remove(name string) error
	// Link gives a file a second name; fs.ErrExist if that one is taken.
	Link(from, to string) error
	// MkdirAll makes a directory and its parents, mode 0700, and their names
	// durable.
	MkdirAll(name string) error
	// SyncDir makes the names in a directory durable.
	SyncDir(name string) error
	// Space returns the bytes that are left for files in a directory, and the
	// size of the disk that it is on.
	Space(name string) (free, total int64, err error)
	// Lock takes the exclusive lock of a file, which it creates, without
	// waiting. It fails with *HeldError when another open file has it.
	Lock(name string) (io.Closer, error)
}

// File is an open file. ReadAt may be called at any time from anywhere; the
// other calls have one caller at a time.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
	Size() (int64, error)
}

// HeldError says that a lock is taken.
type HeldError struct {
	Name string
	PID  int // of the holder; 0 if it is not known
}

func (e *HeldError) Error() string { return "lock " + e.Name + " is held" }
