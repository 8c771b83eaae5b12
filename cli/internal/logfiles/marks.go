package logfiles

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"glint/cli/internal/output"
	"glint/ingest/archive"
	"glint/ingest/host/atomicfile"
	"glint/ingest/host/inorder"
)

// marks are the positions up to which one ingest has the files of one set. They are kept
// in a small file. marks is safe for concurrent use.
type marks struct {
	path string // of the file

	mu     sync.Mutex
	files  map[string]archive.Mark // by absolute path
	known  map[string]archive.Mark // of earlier replays
	saved  time.Time               // zero: the first marks are saved at once
	pause  time.Duration           // until the next save
	change bool                    // since the last one
}

// firstPause is the minimum time between two saves. The pause grows with the duration of a
// save, which grows with the number of files.
const firstPause = time.Second

// marksFile returns the path of the marks of these paths for an ingest. ingestURL is ""
// for the running glint, whose address may change. meaning is Job.Meaning; endpoint is
// that of the buckets.
func marksFile(dir, ingestURL string, paths []string, endpoint, meaning string) string {
	set := []string{ingestURL}
	for _, path := range paths {
		if IsBucket(path) {
			path += "\x00" + endpoint
		} else if absolute, err := filepath.Abs(path); err == nil {
			path = absolute
		}
		set = append(set, path)
	}
	slices.Sort(set[1:])
	if meaning != "" {
		set = append(set, meaning)
	}
	sum := sha256.Sum256([]byte(strings.Join(set, "\x00")))
	return filepath.Join(dir, hex.EncodeToString(sum[:8])+".json")
}

// openMarks reads the marks. It returns empty marks with restart, or if the file
// cannot be parsed.
func openMarks(path string, restart bool) (*marks, error) {
	m := &marks{path: path, files: map[string]archive.Mark{}, known: map[string]archive.Mark{}, pause: firstPause}
	if restart {
		m.change = true // the next save drops the old marks
		return m, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read how far the files are sent: %w", err)
	}
	if json.Unmarshal(b, &m.known) != nil {
		m.known = map[string]archive.Mark{}
	}
	return m, nil
}

// keep keeps the known mark of a file until the file is read.
func (m *marks) keep(file archive.File) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if mark, ok := m.known[file.Path]; ok {
		m.files[file.Path] = mark
	}
}

// resume returns the position from which to read a file. It reads the part that an earlier
// run has sent, to compare it, unless the version of the file is the same.
func (m *marks) resume(ctx context.Context, file archive.File) (mark archive.Mark, err error) {
	known := m.known[file.Path]
	switch {
	case known == archive.Mark{}:
	case file.Version != "" && file.Version == known.Version:
		mark = known
	default:
		if mark, err = m.compare(ctx, file, known); err != nil {
			return mark, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if mark == (archive.Mark{}) {
		delete(m.files, file.Path)
	} else {
		m.files[file.Path] = mark // stays known even if nothing of it is sent now
	}
	return mark, nil
}

func (m *marks) compare(ctx context.Context, file archive.File, known archive.Mark) (archive.Mark, error) {
	f, err := open(ctx, file, nil)
	if err != nil {
		return archive.Mark{}, err
	}
	defer func() { _ = f.Close() }() // only read
	mark, err := archive.Resume(f, file.Size, known)
	if ctx.Err() != nil {
		return mark, ctx.Err()
	}
	if err != nil {
		return mark, fmt.Errorf("%s: %w", file.Path, err)
	}
	return mark, nil
}

// set sets the positions of files, and saves them from time to time.
func (m *marks) set(files []fileMark) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range files {
		if f.path != "" {
			m.files[f.path] = f.mark
			m.change = true
		}
	}
	if time.Since(m.saved) < m.pause {
		return nil
	}
	return m.write()
}

// save writes the marks to the file.
func (m *marks) save() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.write()
}

func (m *marks) write() error {
	if !m.change {
		return nil
	}
	began := time.Now()
	if err := atomicfile.WriteJSON(m.path, " ", m.files); err != nil {
		return fmt.Errorf("keep how far the files are sent: %w", err)
	}
	m.saved, m.change = time.Now(), false
	m.pause = max(firstPause, 20*m.saved.Sub(began))
	return nil
}

// taken counts the bodies that ingest has accepted. It sets the marks of a body once
// ingest has all bodies before it.
type taken struct {
	marks    *marks
	progress *output.Progress
	order    inorder.Queue[*body]

	mu                  sync.Mutex
	files, lines, bytes int
	read                int64
}

// add counts an accepted body. It returns an error if the marks cannot be saved.
func (t *taken) add(b *body) error {
	t.mu.Lock()
	t.lines += b.count
	t.bytes += len(b.lines)
	t.mu.Unlock()
	kept := b.lines
	b.lines = nil // not needed while it waits
	bodyBuffers.Put(&kept)
	return t.order.Done(b.place, func(done []*body) error {
		for _, b := range done {
			t.passed(b)
			if err := t.marks.set(b.marks); err != nil {
				return err
			}
		}
		return nil
	})
}

// passed counts the lines and bytes of a body whose predecessors are all accepted.
func (t *taken) passed(b *body) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range b.marks {
		if m.ended {
			t.files++
		}
	}
	t.progress.Add(int(b.read/1000 - t.read/1000))
	t.read = b.read
}
