package output

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Rows is a list that a command prints in the format that was asked for: a table
// for people, CSV, or a JSON list of objects. Its columns have the names of the
// JSON fields. A value is a string, bool, int, uint64, *float64 (a fraction),
// time.Time or *time.Time; nil is not known.
type Rows struct {
	columns []string
	rows    [][]any
	zone    *time.Location
}

// NewRows returns a list without rows. Times in its table are of that zone; nil is UTC.
func NewRows(zone *time.Location, columns ...string) *Rows {
	if zone == nil {
		zone = time.UTC
	}
	return &Rows{columns: columns, zone: zone}
}

// Add adds a row, with a value for each column.
func (r *Rows) Add(values ...any) { r.rows = append(r.rows, values) }

// Len returns the number of rows.
func (r *Rows) Len() int { return len(r.rows) }

// Write prints the list as table, csv or json.
func (r *Rows) Write(w io.Writer, format string, style Style) error {
	switch format {
	case "json":
		return r.json(w)
	case "csv":
		return r.csv(w)
	}
	return r.table(w, style)
}

func (r *Rows) table(w io.Writer, style Style) error {
	header := make([]string, len(r.columns))
	for i, name := range r.columns {
		header[i] = strings.ToUpper(strings.ReplaceAll(name, "_", " "))
	}
	t := NewTable(header...)
	if style.Fit {
		t.Fit(style.Width)
	}
	for _, row := range r.rows {
		cells := make([]string, len(row))
		for i, v := range row {
			switch v := v.(type) {
			case time.Time:
				cells[i] = v.In(r.zone).Format("2006-01-02 15:04 MST")
			case *time.Time:
				if cells[i] = "–"; v != nil {
					cells[i] = v.In(r.zone).Format("2006-01-02 15:04 MST")
				}
			case *float64:
				cells[i] = Percent(v)
				t.AlignRight(i)
			case uint64:
				cells[i] = Count(v)
				t.AlignRight(i)
			case int:
				cells[i] = strconv.Itoa(v)
				t.AlignRight(i)
			case bool:
				cells[i] = map[bool]string{true: "yes", false: "no"}[v]
			default:
				cells[i] = fmt.Sprint(v)
			}
		}
		t.Row(cells...)
	}
	return t.Write(style.Writer(w))
}

// raw is a value as programs read it.
func raw(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case *time.Time:
		if v == nil {
			return nil
		}
		return v.UTC().Format(time.RFC3339Nano)
	case *float64:
		if v == nil {
			return nil
		}
		return *v
	}
	return v
}

func (r *Rows) csv(w io.Writer) error {
	c := csv.NewWriter(w)
	_ = c.Write(r.columns) // Error reports it
	for _, row := range r.rows {
		cells := make([]string, len(row))
		for i, v := range row {
			if v = raw(v); v != nil {
				cells[i] = Plain(fmt.Sprint(v))
			}
		}
		_ = c.Write(cells)
	}
	c.Flush()
	return c.Error()
}

func (r *Rows) json(w io.Writer) error {
	objects := make([]object, len(r.rows))
	for i, row := range r.rows {
		objects[i] = object{r.columns, row}
	}
	e := NewJSON(w)
	e.SetIndent("", "  ")
	return e.Encode(objects)
}

// object is a JSON object with its fields in order.
type object struct {
	names  []string
	values []any
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for i, name := range o.names {
		fmt.Fprintf(&b, "%c%q:", "{,"[min(i, 1)], name)
		if err := e.Encode(raw(o.values[i])); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
