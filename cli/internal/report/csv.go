package report

import (
	"encoding/csv"
	"io"
	"strings"

	"glint/cli/internal/output"
)

// WriteCSV writes the numbers of the report, one per row: the section, the row and
// the column of its table, and the value in machine-readable form. A cell that a
// spreadsheet would run as a formula gets a leading apostrophe.
func WriteCSV(w io.Writer, d *Document) error {
	c := csv.NewWriter(w)
	write := func(cells ...string) {
		for i := range cells {
			cells[i] = output.Plain(output.Safe(cells[i]))
		}
		_ = c.Write(cells) // Error reports it
	}
	write("section", "item", "measure", "value")
	write("result", "campaign", "name", d.Title)
	write("result", "open rate", "sentence", d.Lead)
	for i := range d.Sections {
		s := &d.Sections[i]
		for _, row := range figureRows(s) {
			write(append([]string{s.ID}, row...)...)
		}
		if s.Table == nil {
			continue
		}
		for _, row := range s.Table.Rows {
			for k := 1; k < len(row); k++ {
				if row[k].Raw != "" {
					write(s.ID, row[0].Raw, strings.ToLower(s.Table.Header[k]), row[k].Raw)
				}
			}
		}
	}
	c.Flush()
	return c.Error()
}

// figureRows returns the data of a chart that has no table.
func figureRows(s *Section) (rows [][]string) {
	switch f := s.Figure.(type) {
	case *Bars:
		for _, b := range f.Items {
			rows = append(rows, []string{b.Label, "messages", count(b.N).Raw})
		}
	case *Stack:
		for _, p := range f.Parts {
			rows = append(rows, []string{p.Label, "messages", count(p.N).Raw})
		}
	}
	return rows
}
