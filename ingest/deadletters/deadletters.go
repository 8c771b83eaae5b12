// Package deadletters stores lines of the log that cannot be inserted, with the
// reason, in files of one folder:
//
//	{"received_at":"…","source":"fastly","reason":"bad_time","detail":"…","line":"the line as received"}
//
// A line that is not UTF-8 is in line_base64 instead; files of older versions
// have no source. A file is named after its lines, and keeps the reasons of the
// first time: the same lines again, even from an archive years later, change
// nothing.
//
// A file has letters of one source. The folder has a quota, and each source a
// share of it, since a sender of junk must not displace the others: Write
// returns the lines that it did not keep. Other processes may read and remove
// files at any time, as `glint log deadletters` does. The package neither
// judges lines nor sends them again.
package deadletters

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"glint/ingest/host/atomicfile"
	"glint/ingest/host/reload"
)

// DefaultMaxBytes is the quota that ingest uses.
const DefaultMaxBytes = 1 << 30

// Letter is a line that could not be stored.
type Letter struct {
	ReceivedAt time.Time
	Source     string // label of the token that it came with; "" in files of older versions
	Reason     string // a stable word
	Detail     string // without any value of the line
	Line       string // as it came
}

// Folder is a folder of dead letters. It is safe for concurrent use.
type Folder struct {
	// Sources returns the sources that may write now, for which room is kept;
	// nil: only the sources with letters in the folder.
	Sources func() []string

	dir      string
	maxBytes int64

	mu      sync.Mutex
	bytes   int64
	used    map[string]int64  // bytes by source
	owner   map[string]string // source by file name
	changed time.Time         // time of the folder when the counts were correct
	noted   time.Time         // when changed was first seen
	listed  time.Time         // when the files were listed last
}

// Open uses the folder dir, which it creates for its owner only if missing.
// maxBytes is the quota for the space of the files on disk; 0: none.
func Open(dir string, maxBytes int64) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make dead-letter folder: %w", err)
	}
	f := &Folder{dir: dir, maxBytes: maxBytes, owner: map[string]string{}}
	return f, f.count()
}

// The limits of one file. They apply to the letters alone, so that the same
// letters give the same files.
const (
	maxFileLetters = 10_000
	maxFileBytes   = 16 << 20 // size of the lines; a longer one has a file of its own
)

// Write stores the letters and returns when they are on disk. notKept has the
// indexes of letters for which their source has no room; the next Write may
// find some. After an error some letters may have been stored; writing all of
// them again does not double those.
func (f *Folder) Write(letters []Letter) (notKept []int, err error) {
	var sources []string
	bySource := map[string][]int{}
	for i := range letters {
		source := letters[i].Source
		if bySource[source] == nil {
			sources = append(sources, source)
		}
		bySource[source] = append(bySource[source], i)
	}
	for _, source := range sources {
		for left := bySource[source]; len(left) > 0; {
			n := firstFile(letters, left)
			kept, err := f.writeFile(letters, left[:n])
			if err != nil {
				return nil, err
			}
			if !kept {
				notKept = append(notKept, left[:n]...)
			}
			left = left[n:]
		}
	}
	return notKept, nil
}

// firstFile returns the number of the chosen letters that go into the first file.
func firstFile(letters []Letter, chosen []int) (n int) {
	bytes := len(letters[chosen[0]].Line)
	for n = 1; n < min(len(chosen), maxFileLetters); n++ {
		if bytes += len(letters[chosen[n]].Line); bytes > maxFileBytes {
			break
		}
	}
	return n
}

// writeFile writes the chosen letters, which are of one source, into one file.
func (f *Folder) writeFile(letters []Letter, chosen []int) (kept bool, err error) {
	source := letters[chosen[0]].Source
	h := sha256.New()
	var b []byte
	for _, i := range chosen {
		h.Write([]byte(letters[i].Line))
		h.Write([]byte{'\n'})
		b = letters[i].appendJSON(b)
	}
	name := hex.EncodeToString(h.Sum(nil)[:12]) + extension
	path := filepath.Join(f.dir, name)

	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := os.Stat(path); err == nil {
		return true, atomicfile.SyncDir(f.dir) // its writer may have been killed before this
	}
	if err := f.recount(); err != nil { // before the check: others may have written
		return false, err
	}
	need := onDisk(int64(len(b)))
	if !f.hasRoom(source, need) {
		if err := f.count(); err != nil { // files may have been removed within one tick of the folder's clock
			return false, err
		}
		if !f.hasRoom(source, need) {
			return false, nil
		}
	}
	if err := atomicfile.WriteFile(path, b); err != nil {
		return false, fmt.Errorf("write dead letters: %w", err)
	}
	f.bytes += need
	f.used[source] += need
	f.owner[name] = source
	return true, f.note()
}

// Bytes returns the size of all files on disk, including files of other
// processes.
func (f *Folder) Bytes() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.recount() // on an error the last count is the best answer
	return f.bytes
}

// recount counts again if another process has changed the folder, or may have changed it
// within the same unit of its time as the last change that was seen.
func (f *Folder) recount() error {
	info, err := os.Stat(f.dir)
	if err != nil {
		return fmt.Errorf("look at dead-letter folder: %w", err)
	}
	settled := f.listed.Sub(f.noted) > reload.Settle
	if info.ModTime().Equal(f.changed) && (settled || time.Since(f.listed) < reload.Settle) {
		return nil
	}
	return f.count()
}

func (f *Folder) count() error {
	if err := f.note(); err != nil { // before counting: a concurrent change is counted again
		return err
	}
	f.listed = time.Now()
	files, err := f.Files()
	if err != nil {
		return err
	}
	f.bytes, f.used = 0, map[string]int64{}
	owner := make(map[string]string, len(files))
	for _, file := range files {
		source, known := f.owner[file.Name]
		if !known {
			source = f.sourceOf(file.Name)
		}
		owner[file.Name] = source
		f.bytes += onDisk(file.Bytes)
		f.used[source] += onDisk(file.Bytes)
	}
	f.owner = owner
	return nil
}

// note remembers the folder's time for the current count.
func (f *Folder) note() error {
	info, err := os.Stat(f.dir)
	if err != nil {
		return fmt.Errorf("look at dead-letter folder: %w", err)
	}
	if !info.ModTime().Equal(f.changed) {
		f.changed, f.noted = info.ModTime(), time.Now()
	}
	return nil
}

// onDisk returns the approximate space of a file of n bytes: a quota of plain
// bytes would admit any number of tiny files.
func onDisk(n int64) int64 {
	const block = 4096
	return max(1, (n+block-1)/block) * block
}
