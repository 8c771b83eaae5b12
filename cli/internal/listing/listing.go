// Package listing prints rows as they arrive: as a table, CSV, a JSON array with one
// object per line, or JSON lines. It buffers only the first rows of a table, so that a
// list of millions needs little memory.
package listing

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"glint/cli/internal/output"
)

// Formats are the values of a list's flag --format.
var Formats = []string{"table", "json", "csv"}

// Kind is the JSON type of a column's cells.
type Kind int

// The kinds of cells. An empty number, fraction or time is null.
const (
	Text Kind = iota
	Number
	Flag // true or false
	Time // RFC 3339
	Raw  // JSON text; only for the formats json and jsonl
)

// Column is a column of a list.
type Column struct {
	Name string
	Kind Kind
}

// Writer writes the rows of a list.
type Writer interface {
	Row(cells []string) error // one cell per column; the writer does not keep the slice
	End() error               // ends the list, which is incomplete without it
}

// New returns a writer of the format that has begun a list with the columns.
func New(w io.Writer, format string, columns []Column) Writer {
	switch format {
	case "json":
		return newJSON(w, columns, "[\n", ",")
	case "jsonl":
		return newJSON(w, columns, "", "")
	case "csv":
		c := &csvList{output.NewCSV(w), columns}
		for _, column := range columns {
			c.Cell(column.Name)
		}
		c.CSV.End()
		return c
	}
	return &table{w: bufio.NewWriter(w), columns: columns}
}

// At formats Unix milliseconds as a cell of the kind Time; 0 gives an empty
// cell.
func At(ms int64) string {
	if ms == 0 {
		return ""
	}
	return string(appendTime(nil, ms))
}

// appendTime appends a time in RFC 3339 with milliseconds, UTC.
func appendTime(b []byte, ms int64) []byte {
	return time.UnixMilli(ms).UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
}

type csvList struct {
	*output.CSV
	columns []Column
}

func (c *csvList) Row(cells []string) error {
	for i, cell := range cells {
		if c.columns[i].Kind == Text {
			c.Cell(cell)
		} else {
			c.Number(cell)
		}
	}
	c.CSV.End()
	return nil
}

func (c *csvList) End() error { return c.Flush() }

type jsonList struct {
	encoder *json.Encoder // escapes control characters of terminals
	line    strings.Builder
	buffer  *bufio.Writer
	columns []Column
	keys    []string
	rows    int

	begin, between string // of an array; empty for a document a line
}

func newJSON(w io.Writer, columns []Column, begin, between string) *jsonList {
	buffer := bufio.NewWriterSize(w, 1<<16)
	j := &jsonList{buffer: buffer, encoder: output.NewJSON(buffer), columns: columns, begin: begin, between: between}
	for _, c := range columns {
		j.keys = append(j.keys, quote(c.Name)+":")
	}
	return j
}

func (j *jsonList) Row(cells []string) error {
	begin := j.between
	if j.rows == 0 {
		begin = j.begin
	}
	j.rows++
	if _, err := j.buffer.WriteString(begin); err != nil {
		return err
	}
	j.line.Reset()
	j.line.WriteByte('{')
	for i, cell := range cells {
		if i > 0 {
			j.line.WriteByte(',')
		}
		j.line.WriteString(j.keys[i])
		j.line.WriteString(value(j.columns[i].Kind, cell))
	}
	j.line.WriteByte('}')
	return j.encoder.Encode(rawLine(j.line.String()))
}

// rawLine is a document that is already encoded.
type rawLine string

// MarshalJSON returns the document.
func (r rawLine) MarshalJSON() ([]byte, error) { return []byte(r), nil }

func (j *jsonList) End() error {
	end := "]\n"
	switch {
	case j.begin == "":
		end = ""
	case j.rows == 0:
		end = "[]\n"
	}
	_, _ = j.buffer.WriteString(end) // Flush has its error
	return j.buffer.Flush()
}

func value(kind Kind, cell string) string {
	switch {
	case kind != Text && cell == "":
		return "null"
	case kind == Number || kind == Flag || kind == Raw:
		return cell
	}
	return quote(cell)
}

// quote encodes a text as JSON. The encoder escapes the rest.
func quote(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a text
	return strings.TrimSuffix(b.String(), "\n")
}

// table aligns columns by the first rows; a later, longer cell shifts the rest
// of its row.
type table struct {
	w       *bufio.Writer
	columns []Column
	first   [][]string
	widths  []int
}

const alignedRows = 500

func (t *table) Row(cells []string) error {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = output.Safe(shown(t.columns[i].Kind, cell))
	}
	if t.widths != nil {
		return t.write(row)
	}
	t.first = append(t.first, row)
	if len(t.first) == alignedRows {
		return t.align()
	}
	return nil
}

// shown returns a cell in the form of the table.
func shown(kind Kind, cell string) string {
	switch {
	case kind == Time && cell != "":
		if at, err := time.Parse(time.RFC3339, cell); err == nil {
			return at.Format("2006-01-02 15:04:05 MST")
		}
	case kind == Number && cell != "":
		if n, err := strconv.ParseUint(cell, 10, 64); err == nil {
			return output.Count(n)
		}
	case cell == "":
		return "–"
	}
	return cell
}

// align writes the header and the rows that wait until the widths are known.
func (t *table) align() error {
	header := make([]string, len(t.columns))
	for i, c := range t.columns {
		header[i] = output.Safe(strings.ToUpper(strings.ReplaceAll(c.Name, "_", " ")))
	}
	t.widths = make([]int, len(header))
	rows := append([][]string{header}, t.first...)
	for _, row := range rows {
		for i, cell := range row {
			t.widths[i] = max(t.widths[i], output.Width(cell))
		}
	}
	for _, row := range rows {
		if err := t.write(row); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) write(row []string) error {
	var line strings.Builder
	for i, cell := range row {
		if i > 0 {
			line.WriteString("  ")
		}
		pad := strings.Repeat(" ", max(0, t.widths[i]-output.Width(cell)))
		if t.columns[i].Kind == Number {
			line.WriteString(pad + cell)
		} else {
			line.WriteString(cell + pad)
		}
	}
	_, err := fmt.Fprintln(t.w, strings.TrimRight(line.String(), " "))
	return err
}

func (t *table) End() error {
	if t.widths == nil {
		if err := t.align(); err != nil {
			return err
		}
	}
	return t.w.Flush()
}
