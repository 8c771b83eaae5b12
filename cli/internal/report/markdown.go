package report

import (
	"fmt"
	"io"
	"strings"

	"glint/cli/internal/output"
)

// WriteMarkdown writes the report as CommonMark with tables. It escapes untrusted
// text.
func WriteMarkdown(w io.Writer, d *Document) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n**%s**\n", mark(d.Title), mark(d.Subtitle), mark(d.Lead))
	for _, text := range d.Beside {
		fmt.Fprintf(&b, "\n%s\n", mark(text))
	}
	for i := range d.Sections {
		markSection(&b, &d.Sections[i])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markSection(b *strings.Builder, s *Section) {
	fmt.Fprintf(b, "\n## %s\n", mark(s.Title))
	for _, text := range s.Text {
		fmt.Fprintf(b, "\n%s\n", mark(text))
	}
	if len(s.Steps) > 0 {
		b.WriteString("\n")
	}
	for _, step := range s.Steps {
		fmt.Fprintf(b, "- %s\n", mark(step))
	}
	switch f := s.Figure.(type) {
	case *Bars:
		t := &Table{Header: []string{"", "MESSAGES", "SHARE"}, Right: []int{1, 2}}
		for _, item := range f.Items {
			t.Rows = append(t.Rows, []Cell{text(item.Label), count(item.N), share(item.Share)})
		}
		markTable(b, t)
	case *Stack:
		t := &Table{Header: []string{"", "MESSAGES", "SHARE"}, Right: []int{1, 2}}
		for _, p := range f.Parts {
			t.Rows = append(t.Rows, []Cell{text(p.Label), count(p.N), share(ratio(p.N, f.Total()))})
		}
		markTable(b, t)
	case Figure:
		fmt.Fprintf(b, "\n%s\n", mark(f.Describe()))
	}
	if s.Table != nil && (!s.Table.Hidden || s.ID == "time") {
		markTable(b, s.Table)
	}
}

func markTable(b *strings.Builder, t *Table) {
	b.WriteString("\n|")
	for _, h := range t.Header {
		fmt.Fprintf(b, " %s |", mark(strings.ToLower(h)))
	}
	b.WriteString("\n|")
	right := map[int]bool{}
	for _, i := range t.Right {
		right[i] = true
	}
	for i := range t.Header {
		if right[i] {
			b.WriteString("---:|")
		} else {
			b.WriteString("---|")
		}
	}
	b.WriteString("\n")
	for _, row := range t.Rows {
		b.WriteString("|")
		for _, c := range row {
			fmt.Fprintf(b, " %s |", mark(c.Text))
		}
		b.WriteString("\n")
	}
}

// marking are the characters with a meaning in Markdown or in HTML within it.
const marking = "\\`*_{}[]<>()#+-.!|~&@:$\""

// mark returns text escaped for Markdown.
func mark(text string) string {
	var b strings.Builder
	safe := output.Safe(text)
	for i, r := range safe {
		// A dash, dot or sign within a sentence has no meaning; at its begin it makes a list.
		if strings.ContainsRune("\\`*_[]<>|~&@$", r) || i == 0 && strings.ContainsRune(marking, r) || r == ':' && strings.HasPrefix(safe[i:], "://") || r == '!' && strings.HasPrefix(safe[i:], "![") {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
