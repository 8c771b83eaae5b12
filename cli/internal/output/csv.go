package output

import (
	"bufio"
	"io"
	"strings"
)

// CSV writes rows in the form of RFC 4180. A cell that a spreadsheet would run as
// a formula gets a leading apostrophe
// (https://owasp.org/www-community/attacks/CSV_Injection). Errors come from Flush.
type CSV struct {
	w     *bufio.Writer
	begun bool // of the row
}

// NewCSV returns a writer of rows to w.
func NewCSV(w io.Writer) *CSV { return &CSV{w: bufio.NewWriterSize(w, 1<<16)} }

// Row writes a row.
func (c *CSV) Row(cells ...string) {
	for _, cell := range cells {
		c.Cell(cell)
	}
	c.End()
}

// Number writes the next cell of a row, a number or a time that glint computed: a
// negative number is no formula.
func (c *CSV) Number(cell string) {
	c.comma()
	_, _ = c.w.WriteString(cell)
}

func (c *CSV) comma() {
	if c.begun {
		_ = c.w.WriteByte(',') // the writer keeps its error for Flush
	}
	c.begun = true
}

// Cell writes the next cell of a row.
func (c *CSV) Cell(cell string) {
	c.comma()
	formula := cell != "" && strings.IndexByte("=+-@\t\r", cell[0]) >= 0
	if !strings.ContainsAny(cell, "\",\r\n") {
		if formula {
			_ = c.w.WriteByte('\'')
		}
		_, _ = c.w.WriteString(cell)
		return
	}
	_ = c.w.WriteByte('"')
	if formula {
		_ = c.w.WriteByte('\'')
	}
	_, _ = c.w.WriteString(strings.ReplaceAll(cell, `"`, `""`))
	_ = c.w.WriteByte('"')
}

// End ends the row.
func (c *CSV) End() {
	_, _ = c.w.WriteString("\r\n")
	c.begun = false
}

// Flush writes what is buffered, and returns the first error of all writes.
func (c *CSV) Flush() error { return c.w.Flush() }
