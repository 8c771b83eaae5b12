package sends

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// FileError is the reason why a file is refused: a problem of the whole file,
// or faulty rows. It never contains a cell, which may be an address.
type FileError struct {
	Problem string  // problem of the whole file, or ""
	Try     string  // advice for the operator, or ""
	Count   int     // faulty rows
	First   []Fault // the first faults, in the order of the file

	noRecipients bool // there is no column with the requested name
	repeats      int  // faulty rows that repeat a recipient
}

// advise adds advice about faulty rows.
func (e *FileError) advise() {
	switch {
	case e.repeats == e.Count:
		e.Try = "--duplicates first, which takes the first row of each recipient"
	case e.repeats > 0:
		e.Try = "the same with these rows corrected, or --faulty skip --duplicates first, which skips them and lists them in a file"
	default:
		e.Try = "the same with these rows corrected, or --faulty skip, which skips them and lists them in a file"
	}
}

// Fault is a faulty row.
type Fault struct {
	Line   int
	Reason string
}

// maxShown is the longest FileError.First.
const maxShown = 20

// ErrFile is wrapped by every FileError.
var ErrFile = errors.New("sends: faulty file of recipients")

func (e *FileError) Error() string {
	if e.Problem != "" {
		return e.Problem
	}
	rows := "rows are"
	if e.Count == 1 {
		rows = "row is"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d %s faulty, so nothing was registered:", e.Count, rows)
	for _, f := range e.First {
		fmt.Fprintf(&text, "\n  line %d: %s", f.Line, f.Reason)
	}
	if more := e.Count - len(e.First); more > 0 {
		fmt.Fprintf(&text, "\n  … and %d more", more)
	}
	return text.String()
}

// Unwrap returns ErrFile.
func (e *FileError) Unwrap() error { return ErrFile }

// Hint returns Try.
func (e *FileError) Hint() string { return e.Try }

func (e *FileError) add(line int, reason string) {
	if e.Count++; len(e.First) < maxShown {
		e.First = append(e.First, Fault{line, reason})
	}
}

// merge adds the faults of other, whose lines may be interleaved with e's.
func (e *FileError) merge(other *FileError) {
	e.Count += other.Count
	e.First = append(e.First, other.First...)
	slices.SortStableFunc(e.First, func(a, b Fault) int { return a.Line - b.Line })
	e.First = e.First[:min(len(e.First), maxShown)]
}

// Tally counts rows about which the user is warned.
type Tally struct {
	Count int
	Line  int // of the first one
}

func (t *Tally) add(line int) {
	if t.Count++; t.Count == 1 {
		t.Line = line
	}
}
