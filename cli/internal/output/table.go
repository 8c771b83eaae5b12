// Package output writes text for people: tables, numbers, progress. It makes
// untrusted text safe for a terminal.
package output

import (
	"io"
	"os"
	"strings"
)

// Table is text in aligned columns under upper-case headers.
type Table struct {
	header []string
	rows   [][]string
	right  map[int]bool
	width  int // 0: no limit
}

// NewTable returns a table with the given headers.
func NewTable(header ...string) *Table { return &Table{header: header, right: map[int]bool{}} }

// AlignRight right-aligns columns, counted from 0; use it for numbers.
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

// Fit breaks the cells of text columns at blanks, so that the table takes at most
// width columns; a word that is too long is cut.
func (t *Table) Fit(width int) *Table {
	t.width = width
	return t
}

// Print prints the table in the style of w: fitted to a terminal, in ASCII if the
// terminal shows nothing else. Other output does not depend on the locale.
func (t *Table) Print(w io.Writer) error {
	if _, ok := w.(*os.File); !ok {
		return t.Write(w)
	}
	style := StyleOf(w, os.Getenv)
	if style.Fit {
		t.Fit(style.Width)
	}
	return t.Write(style.Writer(w))
}

// Write prints the table; without rows it prints only the header.
func (t *Table) Write(w io.Writer) error {
	rows := append([][]string{t.header}, t.rows...)
	widths := t.widths(rows)
	var b strings.Builder
	for _, row := range rows {
		t.write(&b, row, widths)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// widths returns the width of each column. If the table is too wide, the widest
// text columns become narrower: first down to their longest word, then below
// it.
func (t *Table) widths(rows [][]string) []int {
	widths, words := make([]int, len(t.header)), make([]int, len(t.header))
	total := 2 * (len(widths) - 1)
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], Width(c))
			for word := range strings.FieldsSeq(c) {
				words[i] = max(words[i], Width(word))
			}
		}
	}
	for _, w := range widths {
		total += w
	}
	const narrow = 8
	for _, atLeast := range [][]int{words, nil} {
		for t.width > 0 && total > t.width {
			widest := -1
			for i, w := range widths {
				least := max(narrow, Width(t.header[i]))
				if atLeast != nil {
					least = max(least, atLeast[i])
				}
				if !t.right[i] && w > least && (widest < 0 || w > widths[widest]) {
					widest = i
				}
			}
			if widest < 0 {
				break
			}
			widths[widest]--
			total--
		}
	}
	return widths
}

// write writes a row, in as many lines as its cells need.
func (t *Table) write(b *strings.Builder, row []string, widths []int) {
	lines := 1
	parts := make([][]string, len(row))
	for i, c := range row {
		parts[i] = []string{c}
		if Width(c) > widths[i] {
			parts[i] = Wrap(c, widths[i])
		}
		lines = max(lines, len(parts[i]))
	}
	for n := range lines {
		line := ""
		for i := range row {
			c := ""
			if n < len(parts[i]) {
				c = Cut(parts[i][n], widths[i])
			}
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
}
