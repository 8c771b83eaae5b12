package output

import (
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// WriteRows writes rows in a format of --format: "json" as a list of objects, "csv" with
// a header, anything else as a table. The columns are the fields of T in their order,
// with the names of their json tags, including the fields of an embedded struct. A table
// omits the columns named by without.
func WriteRows[T any](w io.Writer, format string, rows []T, without ...string) error {
	switch format {
	case "json":
		return WriteJSON(w, append([]T{}, rows...)) // never null
	case "csv":
		return writeCSV(w, rows)
	}
	return TableOf(rows, without...).Print(w)
}

// WriteJSON writes a document as indented JSON that is safe for a terminal.
func WriteJSON(w io.Writer, document any) error {
	e := NewJSON(w)
	e.SetIndent("", "  ")
	return e.Encode(document)
}

// TableOf returns the table of rows, without the columns named by without. Numbers are
// right-aligned. The tag table of a field replaces the header. The tag layout replaces
// the format of a time; the layout "percent" formats a fraction as a percentage.
func TableOf[T any](rows []T, without ...string) *Table {
	t := NewTable()
	fields := slices.DeleteFunc(fieldsOf(reflect.TypeFor[T]()), func(f reflect.StructField) bool { return slices.Contains(without, f.Name) })
	for i, f := range fields {
		header, ok := f.Tag.Lookup("table")
		if !ok {
			header = strings.ToUpper(strings.ReplaceAll(f.Name, "_", " "))
		}
		t.header = append(t.header, header)
		kind := f.Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		if kind.Kind() >= reflect.Int && kind.Kind() <= reflect.Float64 {
			t.AlignRight(i)
		}
	}
	for i := range rows {
		cells := make([]string, len(fields))
		for c, f := range fields {
			cells[c] = forPeople(reflect.ValueOf(&rows[i]).Elem().FieldByIndex(f.Index), f.Tag.Get("layout"))
		}
		t.Row(cells...)
	}
	return t
}

// Total replaces the first cell of the last row by a word.
func (t *Table) Total(word string) *Table {
	t.rows[len(t.rows)-1][0] = word
	return t
}

func writeCSV[T any](w io.Writer, rows []T) error {
	c := csv.NewWriter(w)
	fields := fieldsOf(reflect.TypeFor[T]())
	record := make([]string, len(fields))
	for i, f := range fields {
		record[i] = f.Name
	}
	_ = c.Write(record) // Error reports it
	for i := range rows {
		for k, f := range fields {
			record[k] = forPrograms(reflect.ValueOf(&rows[i]).Elem().FieldByIndex(f.Index))
		}
		_ = c.Write(record)
	}
	c.Flush()
	return c.Error()
}

// fieldsOf returns the fields of a struct that JSON includes, with their JSON names.
func fieldsOf(t reflect.Type) (fields []reflect.StructField) {
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			f.Name = name
			fields = append(fields, f)
		}
	}
	return fields
}

// forPeople returns a cell of a table.
func forPeople(v reflect.Value, layout string) string {
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil():
		return "–"
	case v.Kind() == reflect.Pointer:
		return forPeople(v.Elem(), layout)
	case v.CanFloat() && layout == "percent":
		p := v.Float()
		return Percent(&p)
	case v.CanUint():
		return Count(v.Uint())
	case v.CanInt() && v.Int() >= 0:
		return Count(uint64(v.Int()))
	}
	at, ok := v.Interface().(time.Time)
	switch {
	case ok && layout != "":
		return at.UTC().Format(layout)
	case ok:
		return Time(&at)
	}
	return fmt.Sprint(v.Interface())
}

// forPrograms returns a cell of CSV: nothing for nil, times in RFC 3339.
func forPrograms(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil():
		return ""
	case v.Kind() == reflect.Pointer:
		return forPrograms(v.Elem())
	case v.Kind() == reflect.String:
		return Plain(v.String())
	case v.CanFloat():
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	}
	if at, ok := v.Interface().(time.Time); ok {
		return at.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v.Interface())
}
