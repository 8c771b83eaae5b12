package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"regexp"
	"strings"

	"glint/cli/internal/output"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// page is the data of the template. html/template escapes all text by context; only
// the charts, which svg.go escapes, are inserted unchanged.
type page struct {
	Title, Subtitle, Lead string
	Beside                []string
	Style                 template.CSS
	StyleHash             template.HTMLAttr
	Frame                 *Frame // nil: the page is a file
}

// Frame is the HTML that a server adds around a document. It is inserted unchanged, so
// its author must escape untrusted text.
type Frame struct {
	Title         string        // of the window, after the document's
	Style         string        // rules after the common ones
	Head          template.HTML // at the end of the head
	Top           template.HTML // before the document's header
	Before, After template.HTML // the sections
}

type pageSection struct {
	ID, Title   string
	Wide        bool
	Text, Steps []string
	Figure      template.HTML
	Table       *pageTable
}

type pageTable struct {
	Caption string
	Hidden  bool
	Header  []pageCell
	Rows    [][]pageCell
}

type pageCell struct {
	Text, Link  string
	Right, Head bool
}

// WriteHTML writes the report as one page that loads nothing and runs no script: its
// content security policy allows only its own style, by hash.
func WriteHTML(w io.Writer, d *Document) error { return WritePage(w, d, nil) }

// WritePage is WriteHTML for a page in a frame. The server's headers must carry the
// content security policy.
func WritePage(w io.Writer, d *Document, f *Frame) error {
	if err := BeginPage(w, d, f); err != nil {
		return err
	}
	return EndPage(w, f)
}

// BeginPage writes a page up to the sections of d, and these. More sections may
// follow by WriteSections, then EndPage.
func BeginPage(w io.Writer, d *Document, f *Frame) error {
	p := page{Title: output.Safe(d.Title), Subtitle: output.Safe(d.Subtitle), Lead: unbroken(output.Safe(d.Lead)), Frame: f}
	p.Style = template.CSS(style(f))
	p.StyleHash = template.HTMLAttr(StyleHash(f))
	for _, text := range d.Beside {
		p.Beside = append(p.Beside, unbroken(output.Safe(text)))
	}
	if err := execute(w, "begin", p); err != nil {
		return err
	}
	return WriteSections(w, d.Sections)
}

// WriteSections writes sections of a page that has begun.
func WriteSections(w io.Writer, sections []Section) error {
	pages := make([]pageSection, len(sections))
	for i := range sections {
		pages[i] = sectionPage(&sections[i])
	}
	return execute(w, "sections", pages)
}

// EndPage writes what stands behind the sections.
func EndPage(w io.Writer, f *Frame) error { return execute(w, "end", page{Frame: f}) }

// execute writes a part of a page, or nothing after an error of the template.
func execute(w io.Writer, part string, data any) error {
	var b bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&b, part, data); err != nil {
		return err
	}
	_, err := w.Write(bytes.TrimLeft(b.Bytes(), "\n"))
	return err
}

func style(f *Frame) string {
	rules := strings.TrimSpace(pageCSS)
	if f != nil {
		rules += "\n" + strings.TrimSpace(f.Style)
	}
	return rules
}

// StyleHash returns the source expression, without quotes, with which a content security
// policy allows the style of pages in that frame.
func StyleHash(f *Frame) string {
	sum := sha256.Sum256([]byte(style(f)))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// FigureHTML returns a figure as HTML for the section with that ID.
func FigureHTML(id string, f Figure) string { return figureHTML(id, f) }

// RowsHTML returns the rows of a table as HTML.
func RowsHTML(t *Table) (string, error) {
	var b strings.Builder
	err := pageTemplate.ExecuteTemplate(&b, "rows", tablePage("", t).Rows)
	return b.String(), err
}

// number is a figure before its percent sign.
var number = regexp.MustCompile(`([0-9]) %`)

// unbroken keeps each number and its percent sign in one line.
func unbroken(text string) string { return number.ReplaceAllString(text, "$1\u00a0%") }

func sectionPage(s *Section) pageSection {
	p := pageSection{ID: s.ID, Title: s.Title, Wide: s.Wide}
	for _, text := range s.Text {
		p.Text = append(p.Text, unbroken(output.Safe(text)))
	}
	for _, step := range s.Steps {
		p.Steps = append(p.Steps, output.Safe(step))
	}
	if s.Figure != nil {
		p.Figure = template.HTML(figureHTML(s.ID, s.Figure)) //nolint:gosec // svg.go escapes its text
	}
	if s.Table != nil {
		p.Table = tablePage(s.Title, s.Table)
	}
	return p
}

func tablePage(caption string, table *Table) *pageTable {
	right := map[int]bool{}
	for _, i := range table.Right {
		right[i] = true
	}
	t := &pageTable{Caption: caption, Hidden: table.Hidden}
	for i, h := range table.Header {
		t.Header = append(t.Header, pageCell{Text: output.Safe(strings.ToLower(h)), Right: right[i]})
	}
	for _, row := range table.Rows {
		cells := make([]pageCell, len(row))
		for i, c := range row {
			cells[i] = pageCell{Text: output.Safe(c.Text), Link: c.Link, Right: right[i], Head: i == 0}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}
