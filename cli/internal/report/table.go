package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"glint/cli/internal/output"
)

// classMeaning maps each class to a short explanation.
var classMeaning = map[string]string{
	"human_direct":     "a mail client or browser on the recipient's own network",
	"proxy_human":      "a person, through an image proxy such as Gmail's",
	"machine_prefetch": "fetched without a person, such as Apple's privacy prefetch",
	"security_scanner": "a mail security gateway",
	"bot":              "a crawler or bot",
	"http_library":     "a program's HTTP library",
	"link_preview":     "a chat or social network's preview",
	"headless":         "an automated browser",
	"unknown":          "could be anyone",
}

// screen renders a document as text.
type screen struct {
	w     strings.Builder
	style output.Style
}

// WriteTable prints the report as text, in that style.
func WriteTable(w io.Writer, d *Document, style output.Style) error {
	s := screen{style: style}
	fmt.Fprintf(&s.w, "Campaign  %s\n", output.Cut(output.Safe(d.Title), style.Width-10))
	s.indented("          ", output.Safe(d.Subtitle))
	s.w.WriteString("\n")
	return s.document(w, d)
}

// WriteScreen is WriteTable for a document that is not about a campaign: it leaves
// out the title.
func WriteScreen(w io.Writer, d *Document, style output.Style) error {
	s := screen{style: style}
	return s.document(w, d)
}

func (s *screen) document(w io.Writer, d *Document) error {
	s.paragraph(s.bold(d.Lead))
	for _, text := range d.Beside {
		s.paragraph(output.Safe(text))
	}
	for i := range d.Sections {
		if err := s.section(&d.Sections[i]); err != nil {
			return err
		}
	}
	_, err := io.WriteString(s.style.Writer(w), s.w.String())
	return err
}

func (s *screen) bold(text string) string {
	if !s.style.Bold {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

// paragraph writes wrapped text; untrusted parts are made safe before they are made
// bold.
func (s *screen) paragraph(text string) { s.indented("", text) }

func (s *screen) indented(first, text string) {
	rest := strings.Repeat(" ", output.Width(first))
	for i, line := range output.Wrap(text, min(s.style.Width, 100)-output.Width(first)) {
		if i > 0 {
			first = rest
		}
		s.w.WriteString(first + line + "\n")
	}
}

func (s *screen) section(section *Section) error {
	s.w.WriteString("\n" + s.bold(strings.ToUpper(section.Title)) + "\n")
	for _, text := range section.Text {
		s.paragraph(output.Safe(text))
	}
	for _, step := range section.Steps {
		s.indented("- ", output.Safe(step))
	}
	if section.Figure != nil {
		s.figure(section.Figure)
	}
	if t := section.Table; t != nil && !t.Hidden {
		table := output.NewTable(t.Header...).AlignRight(t.Right...).Fit(s.style.Width)
		for _, row := range t.Rows {
			cells := make([]string, len(row))
			for i, c := range row {
				cells[i] = c.Text
			}
			table.Row(cells...)
		}
		return table.Write(&s.w)
	}
	return nil
}

func (s *screen) figure(f Figure) {
	switch f := f.(type) {
	case *Band:
		s.band(f)
	case *Stack:
		s.stack(f)
	case *Bars:
		s.bars(f)
	case *Curve:
		s.curve(f)
	case *Heat:
		s.heat(f)
	case *Columns:
		s.columns(f)
	}
}

// axis returns the width of a chart beside its labels, in columns.
func (s *screen) axis(labels int) int { return max(10, min(s.style.Width, 120)-labels) }

// band draws the range of the open rate on a scale from 0 to 100 %.
func (s *screen) band(b *Band) {
	n := s.axis(11) - 1
	line := []rune(strings.Repeat("·", n+1))
	fill := func(low, high *float64, r rune) {
		if low != nil && high != nil {
			for i := place(*low, n); i <= place(*high, n); i++ {
				line[i] = r
			}
		}
	}
	fill(b.Certain, b.Most, '░')
	fill(b.Low, b.High, '▒')
	legend := "▒ range"
	if slices.Contains(line, '░') {
		legend += "   ░ from certain to possible if every open loads its image"
	}
	if b.Point != nil {
		line[place(*b.Point, n)] = '◆'
		legend = "◆ estimate   " + legend
	}
	fmt.Fprintf(&s.w, "0 %%  %s 100 %%\n", string(line))
	s.paragraph(legend)
}

// place returns the column of a fraction on an axis of n+1 columns.
func place(p float64, n int) int { return min(max(int(p*float64(n)+0.5), 0), n) }

var toneRunes = map[Tone]string{Certain: "█", Answered: "▓", Masked: "▒", Unknown: "░", Nothing: "·", Apart: "-"}

func (s *screen) stack(k *Stack) {
	total := k.Total()
	if total == 0 {
		return
	}
	n := s.axis(0)
	var sum uint64
	end := 0
	for _, p := range k.Parts {
		sum += p.N
		to := int(float64(sum)/float64(total)*float64(n) + 0.5)
		s.w.WriteString(strings.Repeat(toneRunes[p.Tone], to-end))
		end = to
	}
	fmt.Fprintf(&s.w, "\n%-22s %12s %8s\n", "", "MESSAGES", "OF SENDS")
	for _, p := range k.Parts {
		if p.N > 0 {
			fmt.Fprintf(&s.w, "%s %-20s %12s  %7s\n", toneRunes[p.Tone], p.Label, output.Count(p.N), output.Percent(ratio(p.N, total)))
		}
	}
}

func (s *screen) bars(b *Bars) {
	labels := 0
	for _, item := range b.Items {
		labels = max(labels, output.Width(output.Safe(item.Label)))
	}
	labels = min(labels, 30, max(10, s.style.Width-34))
	n := s.axis(labels + 24)
	for _, item := range b.Items {
		r := "█"
		if item.Uncertain {
			r = "░"
		}
		label := output.Cut(output.Safe(item.Label), labels)
		percent := ""
		if item.Share != nil {
			percent = output.Percent(item.Share)
		}
		length := 0
		if most := b.most(); most > 0 {
			length = int(float64(item.N)/float64(most)*float64(n) + 0.5)
		}
		line := fmt.Sprintf("%s%s  %11s  %7s  %s", label, strings.Repeat(" ", labels-output.Width(label)), output.Count(item.N), percent, strings.Repeat(r, length))
		s.w.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

var levels = []rune(" ▁▂▃▄▅▆▇█")

// curve draws the opens of each step as a row of columns.
func (s *screen) curve(c *Curve) {
	if len(c.Points) == 0 {
		return
	}
	steps, most, before := make([]float64, len(c.Points)), 0.0, 0.0
	for i, p := range c.Points {
		steps[i] = p.Share - before
		most, before = max(most, steps[i]), p.Share
	}
	each := max(1, s.axis(0)/len(steps))
	for _, step := range steps {
		level := 0
		if most > 0 {
			level = place(step/most, len(levels)-1)
		}
		if level == 0 && step > 0 {
			level = 1
		}
		s.w.WriteString(strings.Repeat(string(levels[level]), each))
	}
	end := hours(c.Hours)
	fmt.Fprintf(&s.w, "\n0 h%s%s since the send\n", strings.Repeat(" ", max(1, each*len(steps)-3-len(end)-15)), end)
}

var shades = []string{" ", "░", "▒", "▓", "█"}

func (s *screen) heat(h *Heat) {
	most, _, _ := h.most()
	s.w.WriteString("     0           6           12          18\n")
	for d, day := range weekdays {
		line := day + "  "
		for hour := range 24 {
			line += strings.Repeat(shades[shade(h.Cells[d][hour], most, len(shades)-1)], 2)
		}
		s.w.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// shade returns the step of n on a scale of that many steps up to most; 0 only for 0.
func shade(n, most uint64, steps int) int {
	if n == 0 || most == 0 {
		return 0
	}
	return max(1, int(float64(n)/float64(most)*float64(steps)+0.5))
}
