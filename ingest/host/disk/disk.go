// Package disk is the interface to the file system that a write-ahead log uses:
// few calls, each with a defined state after a power cut, so that a test can
// replace the real file system by a simulated one (see disksim).
//
// A log may rely on the promises of POSIX only: data is on disk after Sync of
// its file, a name after SyncDir of its directory.
package disk

import (
	"io"
)

// FS is a file system. Names are paths. It is safe for concurrent use.
type FS interface {
	// Create creates a file, mode 0600; fs.ErrExist if it exists.
	Create(name string) (File, error)
	// Open opens an existing file, for reading only unless write is set.
	Open(name string, write bool) (File, error)
	// ReadDir returns the sorted names in a directory.
	ReadDir(name string) ([]string, error)
	Remove(name string) error
	// Link gives a file a second name; fs.ErrExist if that name exists.
	Link(from, to string) error
	// MkdirAll creates a directory and its parents, mode 0700, and makes their
	// names durable.
	MkdirAll(name string) error
	// SyncDir makes the names in a directory durable.
	SyncDir(name string) error
	// Space returns the free bytes for files in a directory, and the size of
	// its disk.
	Space(name string) (free, total int64, err error)
	// Lock takes the exclusive lock of a file, which it creates, without
	// waiting. It returns a *HeldError if another open file holds the lock.
	Lock(name string) (io.Closer, error)
}

// File is an open file. ReadAt may be called concurrently; the other calls must
// not.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
	Size() (int64, error)
}

// HeldError means that a lock is held.
type HeldError struct {
	Name string
	PID  int // process id of the holder; 0 if unknown
}

func (e *HeldError) Error() string { return "lock " + e.Name + " is held" }
