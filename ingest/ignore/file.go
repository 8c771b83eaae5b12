package ignore

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"time"

	"glint/ingest/host/atomicfile"
	"glint/ingest/host/reload"
)

const note = "# Whose opens are kept and never counted: glint's ignore list. Change it by: glint ignore\n"

// maxFileBytes is the limit of a file.
const maxFileBytes = 4 << 20

// Parse reads the text of a file; an error names the line. Errors: ErrEntry,
// ErrTooMany.
func Parse(text string) (*List, error) {
	var entries []Entry
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		kind, value := line, ""
		if i := strings.IndexAny(line, " \t"); i >= 0 {
			kind, value = line[:i], line[i:]
		}
		e, err := NewEntry(Kind(kind), value)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		entries = append(entries, e)
	}
	return NewList(entries)
}

// Text returns the list in the form that Parse reads.
func (l *List) Text() string {
	var b strings.Builder
	b.WriteString(note)
	for _, e := range l.Entries() {
		b.WriteString(string(e.Kind) + " " + e.Value + "\n")
	}
	return b.String()
}

// Load reads the file at path, which only its owner may read. A missing file is
// an empty list.
func Load(path string) (*List, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return NewList(nil)
	}
	if err != nil {
		return nil, fmt.Errorf("read ignore list: %w", err)
	}
	if info.Size() > maxFileBytes {
		return nil, fmt.Errorf("%w: %s is larger than %d MB", ErrTooMany, path, maxFileBytes>>20)
	}
	if err := reload.CheckPrivate(path, 0o077); err != nil {
		return nil, fmt.Errorf("read ignore list: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read ignore list: %w", err)
	}
	l, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%w (in %s)", err, path)
	}
	return l, nil
}

// Save replaces the file at path; it is on disk when Save returns.
func (l *List) Save(path string) error {
	if err := atomicfile.WriteFile(path, []byte(l.Text())); err != nil {
		return fmt.Errorf("keep ignore list: %w", err)
	}
	return nil
}

// Watched is a list that is reloaded when its file changes. It is safe for
// concurrent use.
type Watched struct {
	list *reload.Value[*List]
}

// Watch reads the file at path like Load, and again after changes; it checks at
// most once a second, when the list is used. After an error the previous list
// stays. notify, unless nil, is called with the error, and with nil after each
// change.
func Watch(path string, notify func(fault error)) (*Watched, error) {
	return watch(path, notify, nil)
}

func watch(path string, notify func(fault error), now func() time.Time) (*Watched, error) {
	o := reload.Options{MayMiss: true, Now: now}
	if notify != nil {
		o.Changed, o.Fault = func() { notify(nil) }, notify
	}
	list, err := reload.Open(o, func() (*List, error) { return Load(path) }, path)
	if err != nil {
		return nil, err
	}
	return &Watched{list}, nil
}

// Match is List.Match for the current list.
func (w *Watched) Match(addr netip.Addr, userAgent string) (reason string, ok bool) {
	return w.list.Get().Match(addr, userAgent)
}
