// Package output writes what people read: tables, numbers, progress. Text that
// comes from strangers is made safe for a terminal here.
package output

import (
	"io"
	"strings"
)

// Table is text in aligned columns under upper-case headers.
type Table struct {
	header []string
	rows   [][]string
	right  map[int]bool
}

// NewTable returns a table with the given headers.
func NewTable(header ...string) *Table { return &Table{header: header, right: map[int]bool{}} }

// AlignRight aligns columns, counted from 0, at their right side: numbers.
func (t *Table) AlignRight(columns ...int) *Table {
	for _, c := range columns {
		t.right[c] = true
	}
	return t
}

// Row adds a row. Cells are made safe for a terminal.
func (t *Table) Row(cells ...string) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = Safe(c)
	}
	t.rows = append(t.rows, row)
}

// Write prints the table; without rows only its header.
func (t *Table) Write(w io.Writer) error {
	widths := make([]int, len(t.header))
	rows := append([][]string{t.header}, t.rows...)
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], Width(c))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := ""
		for i, c := range row {
			pad := strings.Repeat(" ", widths[i]-Width(c))
			if i > 0 {
				line += "  "
			}
			if t.right[i] {
				line += pad + c
			} else {
				line += c + pad
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
