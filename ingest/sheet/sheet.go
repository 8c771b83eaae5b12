// Package sheet reads tables as exported by common programs: CSV in UTF-8,
// UTF-16 or Windows-1252, with or without a byte order mark, separated by
// commas, semicolons, tabs or bars, with any line end, with a sep= line, with a
// title above the header, with blank rows.
//
// Memory is bounded, however large the file or one of its rows is: a row above
// MaxRowBytes is a fault with its line number. The package does not interpret
// cells, but for formulas that give a text: ="00123" is 00123. The format is RFC
// 4180 with these extensions. A quote that breaks its rules belongs to the text
// if its row has as many cells as the header, and is a fault otherwise: it never
// joins lines, since that could silently lose rows.
package sheet

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Limits of a row. A spreadsheet's cell has at most 32,767 characters.
const (
	MaxRowBytes = 1 << 20
	MaxCells    = 4096
)

// Options configure reading.
type Options struct {
	Encoding string // one of Encodings; "": detected

	// IsHeader, if set, recognizes a header row by its cells: rows before the
	// first such row are a title, which is skipped. If it recognizes none of the
	// first rows, the first one is the header.
	IsHeader func(cells []string) bool
}

// ErrEmpty is returned for a file without a header row.
var ErrEmpty = errors.New("sheet: the file is empty")

// RowError is a faulty row. Reading can continue after it.
type RowError struct {
	Line   int // the row's first line, from 1
	Reason string
}

func (e *RowError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// Row is one row of the table.
type Row struct {
	Line  int      // its first line in the file, from 1
	Cells []string // one per header cell; the slice is valid until the next call of Next
	Short bool     // cells of columns with names were missing, and are empty
}

// Reader reads the rows of one file. It is not safe for concurrent use.
type Reader struct {
	Header   []string
	Encoding Encoding
	Comma    byte
	Blank    int // number of rows without text skipped so far
	Title    int // number of rows above the header

	lines   lines
	record  []byte   // cells of the current row, concatenated
	ends    []int    // end of each cell in record
	cells   []string // of the last row
	loose   string   // reason to doubt the quotes of the last row, or ""
	endless bool     // no quote in the rest of the current line ends a cell
	named   int      // number of columns up to the last one with a name
	release func() error
}

// Open detects how r is written and reads its header row. If r cannot be read
// twice, it is first copied to a file without a name, which disappears with the
// process. Open returns ErrEmpty, a *RowError for a faulty header, ErrEncoding,
// or the error of r.
func Open(r io.Reader, o Options) (_ *Reader, err error) {
	file, release, err := Rewindable(r)
	if err != nil {
		return nil, err
	}
	s := &Reader{release: release}
	defer func() {
		if err != nil {
			err = errors.Join(err, release())
		}
	}()
	start, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	title := 0
	if o.IsHeader != nil {
		if err := s.open(file, o); err != nil {
			return nil, err
		}
		if title, err = s.title(o.IsHeader); err != nil {
			return nil, err
		}
		if _, err := file.Seek(start, io.SeekStart); err != nil {
			return nil, err
		}
	}
	if err := s.open(file, o); err != nil {
		return nil, err
	}
	for s.Title < title {
		if err := s.header(); err != nil && !errors.As(err, new(*RowError)) {
			return nil, err
		}
		s.Title++
	}
	return s, s.header()
}

// open begins to read the lines.
func (s *Reader) open(file io.ReadSeeker, o Options) error {
	in, encoding, err := Text(file, o.Encoding)
	if err != nil {
		return err
	}
	s.Encoding = encoding
	s.lines = lines{in: bufio.NewReaderSize(in, 1<<16)}
	return nil
}

// maxTitle is the largest number of rows above a header.
const maxTitle = 20

// title returns the number of rows before the first one that is a header, or 0.
func (s *Reader) title(isHeader func([]string) bool) (rows int, err error) {
	for rows = range maxTitle {
		err := s.header()
		switch {
		case errors.Is(err, ErrEmpty):
			return 0, nil
		case errors.As(err, new(*RowError)):
		case err != nil:
			return 0, err
		case isHeader(s.Header):
			return rows, nil
		}
	}
	return 0, nil
}

// Close frees the resources of Open. It does not close the file.
func (s *Reader) Close() error { return s.release() }

// header reads the first row that is not blank, after a sep= line.
func (s *Reader) header() error {
	first, err := s.firstLine()
	if err != nil {
		return err
	}
	if comma, ok := separator(first); ok {
		if first, err = s.firstLine(); err != nil {
			return err
		}
		s.Comma = comma
	} else {
		s.Comma = s.guessComma(first)
	}
	line := s.lines.number
	reason, err := s.parse(first)
	if err != nil {
		return err
	}
	if reason != "" {
		return &RowError{line, reason}
	}
	s.split()
	s.Header, s.named = append([]string(nil), s.cells...), 0
	for i, name := range s.Header {
		if !blank(name) {
			s.named = i + 1
		}
	}
	return nil
}

// firstLine returns a copy of the next non-empty line.
func (s *Reader) firstLine() ([]byte, error) {
	for {
		line, tooLong, err := s.lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, ErrEmpty
		case err != nil:
			return nil, err
		case tooLong:
			return nil, &RowError{s.lines.number, tooLongReason}
		case !blank(string(line)):
			return bytes.Clone(line), nil
		}
	}
}

// separator returns the character named by a line such as sep=;, which
// spreadsheets write before the header, and to which others add their own.
func separator(line []byte) (comma byte, ok bool) {
	text := strings.TrimLeft(string(line), "\"")
	if len(text) < len("sep=,") || !strings.EqualFold(text[:4], "sep=") || strings.Trim(text[5:], "\",;\t| ") != "" {
		return 0, false
	}
	return text[4], text[4] != '"' && text[4] < 0x80
}

// commas are the possible separators, the one first that other text rarely has.
const commas = "\t,;|"

// guessComma returns the character that the header and the following lines
// contain equally often, or the most frequent one in the header.
func (s *Reader) guessComma(header []byte) (best byte) {
	ahead, err := s.lines.in.Peek(1 << 14)
	following := bytes.FieldsFunc(ahead, func(r rune) bool { return r == '\r' || r == '\n' })
	if n := len(following) - 1; n >= 0 && err == nil {
		following = following[:n] // the last line may be cut off
	}
	following = following[:min(len(following), 8)]
	best = ','
	bestCount, bestSame := 0, -1
	for _, comma := range []byte(commas) {
		count := countUnquoted(header, comma)
		if count == 0 {
			continue
		}
		same := 0
		for _, line := range following {
			if countUnquoted(line, comma) == count {
				same++
			}
		}
		if same > bestSame || same == bestSame && count > bestCount {
			best, bestCount, bestSame = comma, count, same
		}
	}
	return best
}

func countUnquoted(line []byte, comma byte) (n int) {
	quoted := false
	for _, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
		case c == comma && !quoted:
			n++
		}
	}
	return n
}

// Next returns the next row that is not blank; io.EOF after the last one, a
// *RowError for a faulty row, or the error of the file.
func (s *Reader) Next() (Row, error) {
	for {
		line, tooLong, err := s.lines.next()
		if err != nil {
			return Row{}, err
		}
		start := s.lines.number
		if tooLong {
			return Row{}, &RowError{start, tooLongReason}
		}
		reason, err := s.parse(line)
		if err != nil {
			return Row{}, err
		}
		if reason != "" {
			return Row{}, &RowError{start, reason}
		}
		s.split()
		if allBlank(s.cells) {
			s.Blank++
			continue
		}
		short, reason := s.fit()
		if reason != "" {
			return Row{}, &RowError{start, reason}
		}
		return Row{start, s.cells, short}, nil
	}
}

// fit gives the row as many cells as the header has. Surplus cells must be
// empty, and missing ones are empty: programs cut empty cells off. A row whose
// quotes are in doubt must have its cells.
func (s *Reader) fit() (short bool, reason string) {
	have, want := len(s.cells), len(s.Header)
	short = have < s.named
	switch surplus := have > want && !allBlank(s.cells[want:]); {
	case (surplus || short) && s.loose != "":
		return false, s.loose
	case surplus:
		return false, fmt.Sprintf("the header has %d cells, this row %d", want, have)
	}
	for len(s.cells) < want {
		s.cells = append(s.cells, "")
	}
	s.cells = s.cells[:want]
	return short, ""
}

// split creates the cells of the current row, all in one string.
func (s *Reader) split() {
	text := string(s.record)
	s.cells = s.cells[:0]
	from := 0
	for _, end := range s.ends {
		cell := text[from:end]
		if len(cell) > 2 && cell[0] == '=' && isFormula([]byte(cell)) {
			cell = cell[2 : len(cell)-1]
		}
		s.cells = append(s.cells, cell)
		from = end
	}
}

func allBlank(cells []string) bool {
	for _, cell := range cells {
		if !blank(cell) {
			return false
		}
	}
	return true
}

// blank reports whether a cell has no visible character.
func blank(cell string) bool {
	return strings.TrimFunc(cell, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) // DOS programs end a file with U+001A
	}) == ""
}
