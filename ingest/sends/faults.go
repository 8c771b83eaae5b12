package sends

import (
	"errors"
	"fmt"
	"strings"
)

// FileError says what is wrong with a file: all of it, or some of its rows. It
// never repeats a cell, which may be somebody's address.
type FileError struct {
	Problem string   // of the file as a whole, or ""
	Count   int      // faulty rows
	First   []string // the first of them, each with its line and reason
}

// maxShown bounds FileError.First.
const maxShown = 20

// ErrFile is what every FileError wraps.
var ErrFile = errors.New("sends: faulty file of recipients")

func (e *FileError) Error() string {
	if e.Problem != "" {
		return e.Problem
	}
	rows := "rows are"
	if e.Count == 1 {
		rows = "row is"
	}
	text := fmt.Sprintf("%d %s faulty, so nothing was registered:\n  %s", e.Count, rows, strings.Join(e.First, "\n  "))
	if more := e.Count - len(e.First); more > 0 {
		text += fmt.Sprintf("\n  … and %d more", more)
	}
	return text
}

// Unwrap returns ErrFile.
func (e *FileError) Unwrap() error { return ErrFile }

func (e *FileError) add(line int, reason string) {
	if e.Count++; len(e.First) < maxShown {
		e.First = append(e.First, fmt.Sprintf("line %d: %s", line, reason))
	}
}
