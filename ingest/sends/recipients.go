// Package sends registers messages: it reads a file of recipients, computes
// each message id and pixel URL, and writes the messages to the warehouse.
//
// The whole file is checked before anything is registered or written, so a
// faulty file changes nothing. Registering the same file again gives the same
// bytes and rows: ids are derived from the campaign's key, without a look-up.
// The package does not send mail. Recipients need not be addresses, they may be
// ids of the sender; but in a column of addresses, a cell that is not a single
// address is a fault.
package sends

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"glint/ingest/sheet"
	"glint/ingest/warehouse"
)

// Recipients is a checked file.
type Recipients struct {
	Header []string
	Rows   []Row
	Kept   []int // columns stored as attributes, as indexes of Header

	Guessed   string // column of the recipients, found by its usual name; "": named by the user, or called recipient
	Addresses string // column of addresses, if the column called recipient has none; else ""
	Encoding  sheet.Encoding
	Title     int       // rows above the header, skipped
	Blank     int       // empty rows, skipped
	Skipped   []Skipped // rows that give no message
	NoAddress Tally     // rows without an @ in a column of addresses
	Short     Tally     // rows with fewer cells than the header; the others are empty
	Twice     Tally     // times that occur twice in --time-zone; the first was used
}

// Skipped is a row that gives no message.
type Skipped struct {
	Line   int
	First  int    // line of the earlier row with its recipient; 0: it is faulty
	Reason string // fault of the row, or ""
	Cells  []string
}

// Faulty returns the number of skipped rows that are faulty.
func (r *Recipients) Faulty() (n int) {
	for i := range r.Skipped {
		if r.Skipped[i].First == 0 {
			n++
		}
	}
	return n
}

// Row is one row of the file: one message.
type Row struct {
	Cells       []string // cells as read, in the header's order
	Recipient   string   // normalized
	Line        int32    // in the file, from 1
	SentAt      Seconds  // from the column sent_at
	DeliveredAt Seconds  // from the column delivered_at
	Tracking    warehouse.Tracking
	Test        warehouse.Test
}

// Seconds is a time in seconds since 1970, UTC, as the warehouse stores it; 0
// means unknown. It saves memory: a file of millions of rows has two per row.
type Seconds uint32

// Time returns the time, or the zero time if unknown.
func (s Seconds) Time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}

// SecondsOf returns a time in seconds; 0 for the zero time.
func SecondsOf(t time.Time) Seconds {
	if t.IsZero() {
		return 0
	}
	return Seconds(t.Unix())
}

// ReadOptions configure reading.
type ReadOptions struct {
	Format          Format
	Encoding        string         // one of sheet.Encodings; "": detected
	RecipientColumn string         // "" is recipient
	KeepColumns     []string       // columns stored as attributes of the message
	Zone            *time.Location // for times without one; nil: such times are faults
	SkipDuplicates  bool           // use the first row of a repeated recipient; otherwise it is an error
	SkipFaulty      bool           // leave faulty rows out; otherwise they are errors
	Test            bool           // all rows are tests
}

// ReadRecipients reads a table with a header row, or JSON objects, with a
// column or field of recipients. It interprets the columns sent_at,
// delivered_at, tracking and test, and keeps all others for the output. It
// returns a *FileError that counts all faults and names the first.
func ReadRecipients(r io.Reader, o ReadOptions) (_ *Recipients, err error) {
	in, release, err := sheet.Rewindable(r)
	if err != nil {
		return nil, fmt.Errorf("read recipients: %w", err)
	}
	defer func() { err = errors.Join(err, release()) }()
	f := reading{in: in, options: &o}
	if err := f.open(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.table.Close()) }()
	if err := f.find(); err != nil {
		return nil, err
	}
	if err := f.rows(); err != nil {
		return nil, err
	}
	f.judge()
	return f.result()
}

// openError converts a fault of the file into a *FileError.
func openError(err error) error {
	row, ok := errors.AsType[*sheet.RowError](err)
	switch {
	case errors.Is(err, sheet.ErrEmpty):
		return &FileError{Problem: "the file is empty; it must begin with a header row that has a column recipient"}
	case errors.Is(err, sheet.ErrEncoding):
		return &FileError{
			Problem: "the text of the file is neither UTF-8 nor UTF-16 nor Windows 1252",
			Try:     "save it as UTF-8, or name its encoding by --encoding",
		}
	case ok:
		return &FileError{Problem: fmt.Sprintf("line %d is no header row: %s", row.Line, row.Reason)}
	}
	if other, ok := errors.AsType[*sheet.NotTextError](err); ok {
		return &FileError{Problem: other.Error(), Try: other.Try}
	}
	return fmt.Errorf("read recipients: %w", err)
}

// reading is a file being read.
type reading struct {
	in      io.ReadSeeker
	start   int64 // offset of the file's beginning in in
	table   table
	header  []string
	columns columns
	options *ReadOptions
	file    *Recipients
	faults  FileError
	seen    seen
	name    string   // name of the recipients' column
	cells   []string // memory for the cells of the next rows

	cellsOf   sample    // of the first rows
	addresses int       // number of recipients with an @
	suspects  FileError // rows that are faulty if the column has addresses
	suspected []suspect // the same rows, if faulty rows are left out
	noAddress Tally
}

// suspect is a row that is faulty if the column has addresses.
type suspect struct {
	index  int // among the rows of the file
	reason string
}

// open opens the file's table.
func (f *reading) open() (err error) {
	if f.start, err = f.in.Seek(0, io.SeekCurrent); err != nil {
		return fmt.Errorf("read recipients: %w", err)
	}
	f.file, f.cellsOf = &Recipients{}, sample{}
	f.table, f.header, f.file.Encoding, err = openTable(f.in, f.options)
	f.file.Header = f.header
	return err
}

// find finds the columns. If none has the name of the recipients' column, it
// takes one by its usual name, or by its name and cells, or returns the fault
// with a suggestion.
func (f *reading) find() error {
	columns, fault := findColumns(f.header, f.options)
	if fault != nil && fault.noRecipients {
		guessed := ""
		if f.options.RecipientColumn == "" {
			guessed = sureColumn(f.header)
		}
		if guessed == "" {
			cells := sampleOf(len(f.header), f.table)
			if f.options.RecipientColumn == "" {
				guessed = likelyColumn(f.header, cells)
			}
			if guessed == "" {
				guessColumn(fault, f.header, cells)
				return fault
			}
			if err := f.reopen(); err != nil {
				return err
			}
		}
		named := *f.options
		named.RecipientColumn, f.file.Guessed = guessed, guessed
		columns, fault = findColumns(f.header, &named)
	}
	if fault != nil {
		return fault
	}
	f.columns, f.name, f.file.Kept = columns, columnName(f.header[columns.recipient]), columns.kept
	return nil
}

// reopen begins the table again.
func (f *reading) reopen() error {
	if err := f.table.Close(); err != nil {
		return err
	}
	if _, err := f.in.Seek(f.start, io.SeekStart); err != nil {
		return fmt.Errorf("read recipients: %w", err)
	}
	return f.open()
}

// result returns the file, or its faults.
func (f *reading) result() (*Recipients, error) {
	if rows, ok := f.table.(csvTable); ok {
		f.file.Blank, f.file.Title = rows.Blank, rows.Title
	}
	if at := slices.IndexFunc(f.cellsOf.addresses, f.cellsOf.mostly); at >= 0 && f.addresses == 0 && f.options.RecipientColumn == "" {
		f.file.Addresses = strings.TrimSpace(f.header[at])
	}
	guessed := f.file.Guessed
	switch {
	case f.faults.Count > 0:
		f.faults.advise()
		return nil, &f.faults
	case len(f.file.Rows) == 0 && len(f.file.Skipped) > 0:
		first := f.file.Skipped[0]
		return nil, &FileError{Problem: fmt.Sprintf("no row of the file is a recipient; line %d: %s", first.Line, first.Reason)}
	case len(f.file.Rows) == 0:
		return nil, &FileError{Problem: "the file has a header and no recipients"}
	case guessed != "" && 2*f.addresses < len(f.file.Rows):
		name := strconv.Quote(printable(guessed))
		return nil, &FileError{Problem: "the column " + name + " has the usual name for addresses, but contains few", Try: "--recipient-column " + name + ", if it contains the recipients"}
	}
	return f.file, nil
}

// rows reads the rows.
func (f *reading) rows() error {
	f.seen.init()
	for {
		row, err := f.table.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if fault, ok := errors.AsType[*sheet.RowError](err); ok {
			f.fault(fault.Line, fault.Reason, nil)
			continue
		}
		if err != nil {
			return fmt.Errorf("read recipients: %w", err)
		}
		if reason := f.row(row); reason != "" {
			f.fault(row.Line, reason, row.Cells)
		}
	}
}

// fault counts a faulty row, or leaves it out.
func (f *reading) fault(line int, reason string, cells []string) {
	if f.options.SkipFaulty {
		f.file.Skipped = append(f.file.Skipped, Skipped{Line: line, Reason: reason, Cells: slices.Clone(cells)})
		return
	}
	f.faults.add(line, reason)
}

// isHeader reports whether a cell of the recipients' column is the column's
// name. Most cells are compared without a copy.
func (f *reading) isHeader(cell string) bool {
	return (!plain(cell) || strings.EqualFold(cell, f.name)) && columnName(cell) == f.name
}

// row reads one row, or returns its fault.
func (f *reading) row(in sheet.Row) (reason string) {
	if f.isHeader(in.Cells[f.columns.recipient]) {
		return "the header row again"
	}
	row, twice, reason := f.columns.row(in.Cells)
	if reason != "" {
		return reason
	}
	row.Line = int32(min(in.Line, 1<<31-1))
	if first, again := f.seen.add(row.Recipient, f.file.Rows); again {
		earlier := &f.file.Rows[first]
		switch {
		case earlier.Recipient != row.Recipient:
			return fmt.Sprintf("the recipient looks like that of line %d and is another one", earlier.Line)
		case f.options.SkipDuplicates:
			f.file.Skipped = append(f.file.Skipped, Skipped{Line: in.Line, First: int(earlier.Line), Cells: slices.Clone(in.Cells)})
			return ""
		}
		f.faults.repeats++
		return fmt.Sprintf("the recipient of line %d again", earlier.Line)
	}
	if f.cellsOf.rows < sampleRows {
		f.cellsOf.add(in.Cells)
	}
	hasAddress := strings.Contains(row.Recipient, "@")
	if hasAddress {
		f.addresses++
	}
	switch fault := suspicion(row.Recipient, in.Short && !hasAddress); {
	case fault == "" && !hasAddress:
		f.noAddress.add(in.Line)
	case fault == "":
	case f.options.SkipFaulty:
		f.suspected = append(f.suspected, suspect{len(f.file.Rows), fault})
	default:
		f.suspects.add(in.Line, fault)
	}
	if in.Short {
		f.file.Short.add(in.Line)
	}
	if twice {
		f.file.Twice.add(in.Line)
	}
	if f.faults.Count == 0 { // otherwise the file is refused, and only further faults are counted
		row.Cells = f.keep(in.Cells)
	}
	if n := len(f.file.Rows); n == cap(f.file.Rows) {
		f.file.Rows = slices.Grow(f.file.Rows, n+1024) // double it: append would grow large slices by a quarter only
	}
	f.file.Rows = append(f.file.Rows, row)
	return ""
}

// judge decides, once all rows are read, whether the column has addresses,
// which is the case if half of its cells have an @. Then a cell that is not a
// single address is a fault.
func (f *reading) judge() {
	if f.addresses == 0 || 2*f.addresses < len(f.file.Rows) {
		return
	}
	f.faults.merge(&f.suspects)
	f.file.NoAddress = f.noAddress
	f.leaveOut()
}

// suspicion returns the reason why a recipient is faulty in a column of addresses, or "".
// cut means that its row has fewer cells than the header, and no address.
func suspicion(recipient string, cut bool) (reason string) {
	switch {
	case ordinary(recipient): // nearly always
		return ""
	case isPlaceholder(recipient), IsMergeTag(recipient):
		return reasonPlaceholder
	case cut:
		return "the row has fewer cells than the header, and no address; perhaps a line break cut it"
	}
	return addressFault(recipient)
}

// leaveOut moves the suspects from the rows to the skipped ones.
func (f *reading) leaveOut() {
	if len(f.suspected) == 0 {
		return
	}
	rows, next := f.file.Rows[:0], 0
	for i, row := range f.file.Rows {
		if next < len(f.suspected) && f.suspected[next].index == i {
			f.file.Skipped = append(f.file.Skipped, Skipped{Line: int(row.Line), Reason: f.suspected[next].reason, Cells: row.Cells})
			next++
			continue
		}
		rows = append(rows, row)
	}
	f.file.Rows = rows
	slices.SortStableFunc(f.file.Skipped, func(a, b Skipped) int { return a.Line - b.Line })
}

// keep copies the cells of one row; it allocates memory for many rows at once.
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
