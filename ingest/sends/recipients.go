// Package sends registers messages: it reads a file of recipients, gives each
// its message id and pixel URL, and tells the warehouse.
//
// The whole file is checked before anything is registered or written, so a
// faulty one changes nothing. Registering the same file again gives the same
// bytes and the same rows: ids are derived from the campaign's key, without a
// look-up. The package does not send mail, and does not check whether a
// recipient is an address: ids of one's own are welcome.
package sends

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Recipients is a checked file.
type Recipients struct {
	Header []string
	Rows   []Row
}

// Row is one line of the file: one message.
type Row struct {
	Cells       []string // as they came, in the header's order
	Recipient   string   // normalized: trimmed, lower case
	SentAt      Seconds  // of the column sent_at
	DeliveredAt Seconds  // of the column delivered_at
}

// Seconds is a time as the warehouse keeps it, in seconds since 1970, UTC; 0
// is not known. A file of millions of rows holds two for each.
type Seconds uint32

// Time returns the time, the zero time if it is not known.
func (s Seconds) Time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}

// byteOrderMark is what spreadsheets write before the header.
const byteOrderMark = "\ufeff"

// ReadRecipients reads CSV with a header row that has a column recipient. The
// columns sent_at and delivered_at, RFC 3339, are understood; all others are
// kept. It returns a *FileError that counts all faults and names the first.
func ReadRecipients(r io.Reader) (*Recipients, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if mark, err := in.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		_, _ = in.Discard(len(mark)) // they are in the buffer
	}
	c := csv.NewReader(in)
	c.ReuseRecord = true
	header, err := c.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, &FileError{Problem: "the file is empty; it must begin with a header row that has a column recipient"}
	case errors.As(err, new(*csv.ParseError)):
		return nil, &FileError{Problem: "the first line is no CSV; it must be a header row that has a column recipient"}
	case err != nil:
		return nil, fmt.Errorf("read recipients: %w", err)
	}
	columns, problem := findColumns(header)
	if problem != "" {
		return nil, &FileError{Problem: problem}
	}
	f := reading{csv: c, columns: columns, file: &Recipients{Header: slices.Clone(header)}}
	if err := f.rows(); err != nil {
		return nil, err
	}
	switch {
	case f.faults.Count > 0:
		return nil, &f.faults
	case len(f.file.Rows) == 0:
		return nil, &FileError{Problem: "the file has a header and no recipients"}
	}
	return f.file, nil
}

// reading is a file in work.
type reading struct {
	csv     *csv.Reader
	columns columns
	file    *Recipients
	faults  FileError
	lines   []int32 // of each row
	seen    seen
	cells   []string // room for the cells of the next rows
}

// rows reads the rest of the file.
func (f *reading) rows() error {
	f.seen.init()
	for {
		cells, err := f.csv.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			f.faults.add(parse.StartLine, csvReason(parse, len(f.file.Header), len(cells)))
			continue
		}
		if err != nil {
			return fmt.Errorf("read recipients: %w", err)
		}
		line, _ := f.csv.FieldPos(0)
		row, reason := f.columns.row(cells)
		if reason == "" {
			if first, again := f.seen.add(row.Recipient, f.file.Rows); again {
				reason = fmt.Sprintf("the recipient of line %d again", f.lines[first])
			}
		}
		if reason != "" {
			f.faults.add(line, reason)
			continue
		}
		if f.faults.Count > 0 {
			row.Cells = nil // the file is refused anyway; only its faults are still counted
		} else {
			row.Cells = f.keep(cells)
		}
		f.append(row, line)
	}
}

func (f *reading) append(row Row, line int) {
	if n := len(f.file.Rows); n == cap(f.file.Rows) {
		f.file.Rows = slices.Grow(f.file.Rows, n+1024) // twice as many, not a quarter more
		f.lines = slices.Grow(f.lines, n+1024)
	}
	f.file.Rows = append(f.file.Rows, row)
	f.lines = append(f.lines, int32(line))
}

// keep copies the cells of one row, many rows to an allocation.
func (f *reading) keep(cells []string) []string {
	n := len(cells)
	if len(f.cells) < n {
		f.cells = make([]string, max(n, 1<<13))
	}
	kept := f.cells[:n:n]
	f.cells = f.cells[n:]
	copy(kept, cells)
	return kept
}

func csvReason(e *csv.ParseError, want, have int) string {
	switch {
	case errors.Is(e.Err, csv.ErrFieldCount):
		return fmt.Sprintf("the header has %d cells, this row %d", want, have)
	case errors.Is(e.Err, csv.ErrQuote):
		return "a quoted cell does not end, or goes on after its quote"
	case errors.Is(e.Err, csv.ErrBareQuote):
		return "a quote within a cell that is not quoted"
	}
	return "no CSV: " + e.Err.Error()
}

// Normalize returns a recipient as it is stored and as its id is derived:
// trimmed and in lower case.
func Normalize(recipient string) string { return strings.ToLower(strings.TrimSpace(recipient)) }
