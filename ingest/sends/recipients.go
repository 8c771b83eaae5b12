// Package sends registers messages: it reads a file of recipients, gives each
// its message id and pixel URL, and tells the warehouse.
//
// The whole file is checked before anything is registered or written, so a
// faulty one changes nothing. Registering the same file again gives the same
// bytes and the same rows: ids are derived from the campaign's key, without a
// look-up.
package sends

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxRecipientBytes bounds a recipient. An address has 320 bytes at most
// (RFC 3696 erratum 1690 says 254); ids of one's own are welcome, too.
const MaxRecipientBytes = 320

// Recipients is a checked file.
type Recipients struct {
	Header []string
	Rows   []Row
}

// Row is one line of the file: one message.
type Row struct {
	Cells     []string  // as they came, in the header's order
	Recipient string    // normalized: trimmed, lower case
	SentAt    time.Time // of the column sent_at; zero: not known
	Delivered time.Time // of the column delivered_at; zero: not known
}

// FileError says what is wrong with a file: all of it, or some of its rows.
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

// ReadRecipients reads CSV with a header row that has a column recipient. The
// columns sent_at and delivered_at, RFC 3339, are understood; all others are
// kept. It returns a *FileError that names every kind of fault at once.
func ReadRecipients(r io.Reader) (*Recipients, error) {
	c := csv.NewReader(r)
	header, err := c.Read()
	if err != nil {
		return nil, &FileError{Problem: "the file is empty or its first line is no CSV; it must begin with a header row that has a column recipient"}
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // the byte order mark of spreadsheets
	columns, problem := findColumns(header)
	if problem != "" {
		return nil, &FileError{Problem: problem}
	}
	faults := &FileError{}
	f := &Recipients{Header: header}
	lines := map[string]int{}
	for {
		cells, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.As(err, new(*csv.ParseError)) {
			return nil, fmt.Errorf("read recipients: %w", err)
		}
		if err != nil {
			parse, _ := errors.AsType[*csv.ParseError](err)
			faults.add(parse.StartLine, csvReason(parse, len(header), len(cells)))
			continue
		}
		line, _ := c.FieldPos(0)
		row, reason := columns.row(cells)
		if reason == "" {
			if first, ok := lines[row.Recipient]; ok {
				reason = fmt.Sprintf("the recipient of line %d again", first)
			}
			lines[row.Recipient] = line
		}
		if reason != "" {
			faults.add(line, reason)
			continue
		}
		f.Rows = append(f.Rows, row)
	}
	if faults.Count > 0 {
		return nil, faults
	}
	if len(f.Rows) == 0 {
		return nil, &FileError{Problem: "the file has a header and no recipients"}
	}
	return f, nil
}

func csvReason(e *csv.ParseError, want, have int) string {
	if errors.Is(e.Err, csv.ErrFieldCount) {
		return fmt.Sprintf("%d cells where the header has %d", have, want)
	}
	return "no CSV: " + e.Err.Error()
}

// columns are the indexes of the columns that are understood; -1: not there.
type columns struct{ recipient, sentAt, deliveredAt int }

func findColumns(header []string) (c columns, problem string) {
	c = columns{-1, -1, -1}
	for i, name := range header {
		p := map[string]*int{"recipient": &c.recipient, "sent_at": &c.sentAt, "delivered_at": &c.deliveredAt}
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "message_id", "pixel_url":
			return c, fmt.Sprintf("the file has a column %s already, which this command adds; remove it or take the original file", name)
		default:
			at, ok := p[name]
			if !ok {
				continue
			}
			if *at >= 0 {
				return c, fmt.Sprintf("the header has two columns %s", name)
			}
			*at = i
		}
	}
	if c.recipient < 0 {
		return c, fmt.Sprintf("the header row has no column recipient; its columns are: %s", printable(strings.Join(header, ", ")))
	}
	return c, ""
}

func (c *columns) row(cells []string) (row Row, reason string) {
	row.Cells = cells
	row.Recipient = Normalize(cells[c.recipient])
	switch {
	case row.Recipient == "":
		return row, "the recipient is empty"
	case len(row.Recipient) > MaxRecipientBytes:
		return row, fmt.Sprintf("the recipient is longer than %d bytes", MaxRecipientBytes)
	case !utf8.ValidString(row.Recipient):
		return row, "the recipient is no UTF-8"
	case strings.ContainsFunc(row.Recipient, unicode.IsControl):
		return row, "the recipient has control characters"
	}
	for _, t := range []struct {
		name  string
		index int
		value *time.Time
	}{{"sent_at", c.sentAt, &row.SentAt}, {"delivered_at", c.deliveredAt, &row.Delivered}} {
		if t.index < 0 || strings.TrimSpace(cells[t.index]) == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, strings.TrimSpace(cells[t.index]))
		if err != nil || at.Unix() <= 0 || at.Unix() >= 1<<32 {
			return row, t.name + " is not a time like 2026-11-21T09:30:00Z"
		}
		*t.value = at.UTC()
	}
	return row, ""
}

// Normalize returns a recipient as it is stored and as its id is derived:
// trimmed and in lower case.
func Normalize(recipient string) string { return strings.ToLower(strings.TrimSpace(recipient)) }

// printable makes text from a file safe for a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\ufffd'
	}, s)
}
