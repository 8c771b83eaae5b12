package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"strings"

	"glint/cli/internal/output"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// page is what the template shows. html/template escapes all text in it, by
// where it stands; only the charts, which svg.go escapes, come as they are.
type page struct {
	Title, Subtitle, Lead string
	Beside                []string
	Sections              []pageSection
	Style                 template.CSS
	StyleHash             template.HTMLAttr
}

type pageSection struct {
	ID, Title   string
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
	Text        string
	Right, Head bool
}

// WriteHTML writes the report as one page that loads nothing and runs nothing:
// its policy allows its own style, by its hash, and no more.
func WriteHTML(w io.Writer, d *Document) error {
	style := strings.TrimSpace(pageCSS)
	sum := sha256.Sum256([]byte(style))
	p := page{
		Title: output.Safe(d.Title), Subtitle: output.Safe(d.Subtitle), Lead: output.Safe(d.Lead), Style: template.CSS(style),
		StyleHash: template.HTMLAttr("sha256-" + base64.StdEncoding.EncodeToString(sum[:])),
	}
	for _, text := range d.Beside {
		p.Beside = append(p.Beside, output.Safe(text))
	}
	for i := range d.Sections {
		p.Sections = append(p.Sections, sectionPage(&d.Sections[i]))
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

func sectionPage(s *Section) pageSection {
	p := pageSection{ID: s.ID, Title: s.Title}
	for _, text := range s.Text {
		p.Text = append(p.Text, output.Safe(text))
	}
	for _, step := range s.Steps {
		p.Steps = append(p.Steps, output.Safe(step))
	}
	if s.Figure != nil {
		p.Figure = template.HTML(figureHTML(s.ID, s.Figure)) //nolint:gosec // svg.go escapes its text
	}
	if s.Table == nil {
		return p
	}
	right := map[int]bool{}
	for _, i := range s.Table.Right {
		right[i] = true
	}
	t := &pageTable{Caption: s.Title, Hidden: s.Table.Hidden}
	for i, h := range s.Table.Header {
		t.Header = append(t.Header, pageCell{Text: strings.ToLower(h), Right: right[i]})
	}
	for _, row := range s.Table.Rows {
		cells := make([]pageCell, len(row))
		for i, c := range row {
			cells[i] = pageCell{Text: output.Safe(c.Text), Right: right[i], Head: i == 0}
		}
		t.Rows = append(t.Rows, cells)
	}
	p.Table = t
	return p
}
