// Package deadletters keeps lines of the log that cannot be stored, with the
// reason, in files of one folder:
//
//	{"received_at":"…","source":"fastly","reason":"bad_time","detail":"…","line":"the line as it came"}
//
// A line that is no UTF-8 stands in line_base64 instead; files of older
// versions have no source. A file is named after its lines and holds what
// became of them the first time: the same lines again, even from an archive
// years later, leave it as it is.
//
// The folder has a quota. What is beyond it is refused, never dropped. Another
// process may read and remove files at any time, as `glint log deadletters`
// does. The package does not judge lines, nor send them again.
package deadletters

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"glint/ingest/durable"
)

// DefaultMaxBytes is the quota that ingest uses.
const DefaultMaxBytes = 1 << 30

// Letter is a line that could not be stored.
type Letter struct {
	ReceivedAt time.Time
	Source     string // label of the token that it came by; "" in files of older versions
	Reason     string // a stable word
	Detail     string // never a value of the line
	Line       string // as it came
}

// ErrFull is wrapped by Write's error if the quota is used up.
var ErrFull = errors.New("deadletters: the folder is full")

// FullError says which folder is full.
type FullError struct {
	Dir      string
	Bytes    int64 // that its files take
	MaxBytes int64
}

func (e *FullError) Error() string {
	return fmt.Sprintf("%v: %d of %d bytes are used in %s", ErrFull, e.Bytes, e.MaxBytes, e.Dir)
}

// Unwrap returns ErrFull.
func (e *FullError) Unwrap() error { return ErrFull }

// Hint says how to make room.
func (e *FullError) Hint() string {
	return "glint log deadletters list, then glint log deadletters retry, or delete files in " + e.Dir
}

// Folder is a folder of dead letters. It is safe for concurrent use.
type Folder struct {
	dir      string
	maxBytes int64

	mu      sync.Mutex
	bytes   int64
	changed time.Time // of the folder, when bytes was right
}

// Open uses the folder dir and makes it, for its owner only. MaxBytes is the
// quota for what the files take on disk; 0: none.
func Open(dir string, maxBytes int64) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make dead-letter folder: %w", err)
	}
	f := &Folder{dir: dir, maxBytes: maxBytes}
	return f, f.count()
}

// The most of one file. The parts depend on the letters alone, so that the same
// letters give the same files.
const (
	maxFileLetters = 10_000
	maxFileBytes   = 16 << 20 // of the lines; a longer one has a file of its own
)

// Write keeps the letters and returns when they are on disk. After an error,
// which wraps ErrFull if the quota is used up, some of them may be; writing all
// of them again changes nothing about those.
func (f *Folder) Write(letters []Letter) error {
	for len(letters) > 0 {
		n, bytes := 1, len(letters[0].Line)
		for n < min(len(letters), maxFileLetters) && bytes+len(letters[n].Line) <= maxFileBytes {
			bytes += len(letters[n].Line)
			n++
		}
		if err := f.writeFile(letters[:n]); err != nil {
			return err
		}
		letters = letters[n:]
	}
	return nil
}

func (f *Folder) writeFile(letters []Letter) error {
	h := sha256.New()
	var b []byte
	for i := range letters {
		h.Write([]byte(letters[i].Line))
		h.Write([]byte{'\n'})
		b = letters[i].appendJSON(b)
	}
	path := filepath.Join(f.dir, hex.EncodeToString(h.Sum(nil)[:12])+extension)

	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := os.Stat(path); err == nil {
		return durable.SyncDir(f.dir) // whoever wrote it may not have come to this
	}
	if err := f.recount(); err != nil { // first: others may have written
		return err
	}
	need := onDisk(int64(len(b)))
	if f.maxBytes > 0 && f.bytes+need > f.maxBytes {
		if err := f.count(); err != nil { // files may have been removed within a tick of the folder's clock
			return err
		}
		if f.bytes+need > f.maxBytes {
			return &FullError{f.dir, f.bytes, f.maxBytes}
		}
	}
	if err := durable.WriteFile(path, b); err != nil {
		return fmt.Errorf("write dead letters: %w", err)
	}
	f.bytes += need
	return f.note()
}

// Bytes returns what the files take on disk, those of other processes included.
func (f *Folder) Bytes() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.recount() // the last count is the best answer then
	return f.bytes
}

// recount counts again if somebody else has changed the folder.
func (f *Folder) recount() error {
	info, err := os.Stat(f.dir)
	if err != nil {
		return fmt.Errorf("look at dead-letter folder: %w", err)
	}
	if info.ModTime().Equal(f.changed) {
		return nil
	}
	return f.count()
}

func (f *Folder) count() error {
	if err := f.note(); err != nil { // first: what changes meanwhile is counted again
		return err
	}
	files, err := f.Files()
	if err != nil {
		return err
	}
	f.bytes = 0
	for _, file := range files {
		f.bytes += onDisk(file.Bytes)
	}
	return nil
}

// note remembers the folder as it is counted now.
func (f *Folder) note() error {
	info, err := os.Stat(f.dir)
	if err != nil {
		return fmt.Errorf("look at dead-letter folder: %w", err)
	}
	f.changed = info.ModTime()
	return nil
}

// onDisk is about what a file of n bytes takes: a quota of bytes alone would
// admit any number of tiny files.
func onDisk(n int64) int64 {
	const block = 4096
	return max(1, (n+block-1)/block) * block
}
