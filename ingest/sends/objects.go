package sends

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"glint/edge/event/jsonline"
	"glint/ingest/sheet"
)

// Format is the form of a file of recipients.
type Format string

// The formats.
const (
	FormatAuto Format = ""      // detected from the first characters
	FormatCSV  Format = "csv"   // a table with a header row
	FormatJSON Format = "jsonl" // JSON objects: one per line, in a list, or concatenated
)

// table is a file of recipients as a table, in any format.
type table interface {
	Next() (sheet.Row, error)
	Close() error
}

// openTable returns the rows of a file, and the facts that are known before the first row.
func openTable(r io.Reader, o *ReadOptions) (t table, header []string, encoding sheet.Encoding, err error) {
	file, release, err := sheet.Rewindable(r)
	if err != nil {
		return nil, nil, encoding, fmt.Errorf("read recipients: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, release())
		}
	}()
	format := o.Format
	if format == FormatAuto {
		if format, err = guessFormat(file); err != nil {
			return nil, nil, encoding, fmt.Errorf("read recipients: %w", err)
		}
	}
	if format == FormatCSV {
		rows, err := sheet.Open(file, sheet.Options{Encoding: o.Encoding, IsHeader: headerFinder(o)})
		if err != nil {
			return nil, nil, encoding, openError(err)
		}
		return csvTable{rows, release}, rows.Header, rows.Encoding, nil
	}
	text, encoding, err := sheet.Text(file, o.Encoding)
	if err != nil {
		return nil, nil, encoding, openError(err)
	}
	objects, err := readObjects(text)
	if err != nil {
		return nil, nil, encoding, err
	}
	objects.release = release
	return objects, objects.header, encoding, nil
}

// csvTable is a table of a file that may be a copy.
type csvTable struct {
	*sheet.Reader
	release func() error
}

func (t csvTable) Close() error { return errors.Join(t.Reader.Close(), t.release()) }

// guessFormat detects the format from the first characters of a file, in any
// encoding, and seeks back. No header row begins like an object.
func guessFormat(file io.ReadSeeker) (Format, error) {
	start, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return "", err
	}
	head := make([]byte, 4096)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	if _, err := file.Seek(start, io.SeekStart); err != nil {
		return "", err
	}
	head = bytes.TrimLeft(bytes.ReplaceAll(head[:n], []byte{0}, nil), "\xef\xbb\xbf\xff\xfe \t\r\n")
	head, isList := bytes.CutPrefix(head, []byte{'['})
	head = bytes.TrimLeft(head, " \t\r\n")
	if bytes.HasPrefix(head, []byte{'{'}) || isList && bytes.HasPrefix(head, []byte{']'}) {
		return FormatJSON, nil
	}
	return FormatCSV, nil
}

// objects are the rows of JSON objects. Their columns are the fields of all
// objects, in the order of their first occurrence.
type objects struct {
	header  []string
	rows    []objectRow
	next    int
	cells   []string
	release func() error
}

type objectRow struct {
	line  int
	fault string
	cells []string // may be shorter than the header
}

// readObjects reads all objects, since the last one may have a new field. It
// returns a *FileError if there are none.
func readObjects(text io.Reader) (*objects, error) {
	t := &objects{}
	columns := map[string]int{}
	scan := sheet.NewScanner(text)
	found := false
	for {
		o, err := scan.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read recipients: %w", err)
		}
		row := objectRow{line: o.Line, fault: o.Fault}
		if row.fault == "" {
			row.cells, row.fault = t.cellsOf(string(o.Text), columns)
		}
		found = found || row.fault == ""
		t.rows = append(t.rows, row)
	}
	if !found {
		if len(t.rows) == 0 {
			return nil, &FileError{Problem: "there is no JSON object in it; want one for each message, as {\"recipient\": \"ada@example.com\"}"}
		}
		return nil, &FileError{Problem: fmt.Sprintf("nothing in the file is a JSON object; of line %d: %s", t.rows[0].line, t.rows[0].fault)}
	}
	if list := t.onlyList(); list != "" {
		return readObjects(strings.NewReader(list))
	}
	t.cells = make([]string, len(t.header))
	return t, nil
}

// onlyList returns the list of objects in a file that is one object around it,
// as interfaces answer: {"contacts": [{…}, {…}], "total": 2}. It returns "" for
// any other file.
func (t *objects) onlyList() (list string) {
	if len(t.rows) != 1 || slices.ContainsFunc(letterNames(t.header), func(name string) bool { return name == "recipient" || namesMail(name) }) {
		return ""
	}
	for _, cell := range t.rows[0].cells {
		if !strings.HasPrefix(cell, "[") || !strings.HasPrefix(strings.TrimLeft(cell[1:], " \t\r\n"), "{") {
			continue
		}
		if list != "" {
			return ""
		}
		list = cell
	}
	return list
}

// cellsOf returns the values of an object by column. null gives an empty cell;
// a nested object or list gives its JSON text.
func (t *objects) cellsOf(text string, columns map[string]int) (cells []string, fault string) {
	cells = make([]string, 0, len(t.header))
	var seen []bool
	err := jsonline.Walk(text, func(key, value string) error {
		at, ok := columns[key]
		if !ok {
			if at = len(t.header); at >= sheet.MaxCells {
				fault = fmt.Sprintf("the objects have more than %d different fields", sheet.MaxCells)
				return errors.New(fault)
			}
			columns[strings.Clone(key)] = at
			t.header = append(t.header, strings.Clone(key))
		}
		for len(cells) <= at {
			cells, seen = append(cells, ""), append(seen, false)
		}
		if seen[at] {
			fault = "a field comes twice in one object"
			return errors.New(fault)
		}
		seen[at] = true
		switch content, ok := jsonline.Unquote(value); {
		case ok:
			cells[at] = content
		case !jsonline.Null(value):
			cells[at] = value
		}
		return nil
	})
	if err != nil && fault == "" {
		fault = sheet.NotObject
	}
	return cells, fault
}

// Next implements table.
func (t *objects) Next() (sheet.Row, error) {
	if t.next == len(t.rows) {
		return sheet.Row{}, io.EOF
	}
	row := t.rows[t.next]
	t.rows[t.next].cells = nil
	t.next++
	if row.fault != "" {
		return sheet.Row{}, &sheet.RowError{Line: row.line, Reason: row.fault}
	}
	n := copy(t.cells, row.cells)
	clear(t.cells[n:])
	return sheet.Row{Line: row.line, Cells: slices.Clip(t.cells)}, nil
}

// Close implements table.
func (t *objects) Close() error { return t.release() }
