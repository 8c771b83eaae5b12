// Package rows prints the answer of a statement: as a table, CSV, JSON, JSON lines, or
// Parquet as ClickHouse writes it. Rows are printed as they arrive; an incomplete answer
// is an error.
package rows

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"glint/cli/internal/app"
	"glint/cli/internal/listing"
	"glint/ingest/warehouse"
)

// asRows is ClickHouse's format from which all formats but Parquet are made: a line with
// the names of the columns, one with their types, then a line for each row.
const asRows = "JSONCompactEachRowWithNamesAndTypes"

// Print sends the statement and writes its answer to out in the format: table, csv,
// json, jsonl or parquet.
func Print(ctx context.Context, w *warehouse.Warehouse, statement, format string, parameters map[string]string, out io.Writer) error {
	wanted := asRows
	if format == "parquet" {
		wanted = "Parquet"
	}
	answer, err := w.Statement(ctx, statement, wanted, parameters)
	if err != nil {
		return advise(err)
	}
	defer func() { _ = answer.Close() }()
	if format == "parquet" {
		_, err = io.Copy(out, answer)
	} else {
		err = convert(answer, format, out)
	}
	return advise(err)
}

// advise adds advice to an error of a statement.
func advise(err error) error {
	switch {
	case errors.Is(err, warehouse.ErrOtherFormat):
		return app.Try(errors.New("the statement has a FORMAT clause"), "remove it, and use --format")
	case errors.Is(err, warehouse.ErrNoHTTP):
		return app.Usage(errors.New("statements need ClickHouse's HTTP interface: http://USER:PASSWORD@HOST:8123/glint"))
	}
	if e, ok := errors.AsType[*warehouse.StatementError](err); ok && e.Code == codeAccessDenied {
		return app.Try(err, "SHOW TABLES lists what this user reads; an analyst also reads messages and events, an owner recipients: glint user add NAME --role analyst")
	}
	return err
}

const codeAccessDenied = 497

// convert writes the rows of an answer in the format asRows.
func convert(answer io.Reader, format string, out io.Writer) error {
	lines := bufio.NewReaderSize(answer, 1<<16)
	var names, types []string
	for _, header := range []*[]string{&names, &types} {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return nil // a statement without an answer
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal(line, header); err != nil {
			return fmt.Errorf("%w: a line is not ClickHouse's", warehouse.ErrAnswer)
		}
	}
	columns := make([]listing.Column, len(names))
	for i, name := range names {
		columns[i] = listing.Column{Name: name, Kind: kindOf(types[i])}
	}
	asJSON := format == "json" || format == "jsonl"
	if asJSON {
		for i := range columns {
			columns[i].Kind = listing.Raw
		}
	}
	list := listing.New(out, format, columns)
	cells, raw := make([]string, len(columns)), make([][]byte, 0, len(columns))
	for {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return list.End()
		}
		if err != nil {
			return err
		}
		if raw, err = split(line, raw[:0]); err != nil || len(raw) != len(cells) {
			return fmt.Errorf("%w: a row is not ClickHouse's", warehouse.ErrAnswer)
		}
		for i, cell := range raw {
			if asJSON {
				cells[i] = document(cell, types[i])
			} else {
				cells[i] = plain(cell)
			}
		}
		if err := list.Row(cells); err != nil {
			return err
		}
	}
}

// readLine returns the next line that is not empty, of any length. The slice is valid
// until the next call.
func readLine(r *bufio.Reader) ([]byte, error) {
	for {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long := bytes.Clone(line)
			for errors.Is(err, bufio.ErrBufferFull) {
				line, err = r.ReadSlice('\n')
				long = append(long, line...)
			}
			line = long
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
			return nil, err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil
		}
	}
}

// inner returns a type without its Nullable and LowCardinality wrappers.
func inner(kind string) string {
	for _, around := range []string{"LowCardinality(", "Nullable("} {
		if cut, ok := strings.CutPrefix(kind, around); ok {
			kind = strings.TrimSuffix(cut, ")")
		}
	}
	return kind
}

// kindOf returns the kind of the cells of a ClickHouse type. UInt64 is the type of ids,
// which are not quantities.
func kindOf(kind string) listing.Kind {
	switch kind = inner(kind); {
	case kind == "UInt8", kind == "UInt16", kind == "UInt32", kind == "Int8", kind == "Int16", kind == "Int32", kind == "Int64",
		strings.HasPrefix(kind, "Float"), strings.HasPrefix(kind, "Decimal"):
		return listing.Number
	case kind == "Bool":
		return listing.Flag
	case strings.HasPrefix(kind, "DateTime"):
		return listing.Time
	}
	return listing.Text
}

// document returns a cell as JSON. Counts are Int64, which ClickHouse quotes; larger
// numbers stay strings, since most JSON parsers round them.
func document(cell []byte, kind string) string {
	if inner(kind) == "Int64" && len(cell) > 2 && cell[0] == '"' {
		cell = cell[1 : len(cell)-1]
	}
	return string(cell)
}

// plain returns a cell as text: "" for NULL, JSON for a composite value.
func plain(cell []byte) string {
	switch {
	case string(cell) == "null":
		return ""
	case len(cell) < 2 || cell[0] != '"':
		return string(cell)
	case bytes.IndexByte(cell, '\\') < 0:
		return string(cell[1 : len(cell)-1])
	}
	var text string
	if json.Unmarshal(cell, &text) != nil {
		return string(cell)
	}
	return text
}

var errSplit = errors.New("rows: not an array of JSON")

// split appends the elements of a JSON array to cells, without decoding them.
func split(line []byte, cells [][]byte) ([][]byte, error) {
	if len(line) < 2 || line[0] != '[' || line[len(line)-1] != ']' {
		return nil, errSplit
	}
	line = line[1 : len(line)-1]
	begin, depth := 0, 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '"':
			for i++; i < len(line) && line[i] != '"'; i++ {
				if line[i] == '\\' {
					i++
				}
			}
			if i >= len(line) {
				return nil, errSplit
			}
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',':
			if depth == 0 {
				cells = append(cells, bytes.TrimSpace(line[begin:i]))
				begin = i + 1
			}
		}
	}
	if depth != 0 {
		return nil, errSplit
	}
	if last := bytes.TrimSpace(line[begin:]); len(last) > 0 {
		cells = append(cells, last)
	}
	return cells, nil
}
