package report

import (
	"fmt"
	"strings"

	"glint/cli/internal/output"
)

// Columns is a chart of counts over time; each column has parts.
type Columns struct {
	Title string
	Parts []ColumnPart
	Items []Column
	Axis  []string // labels below: from the first column to the last
}

// ColumnPart describes one part of every column.
type ColumnPart struct {
	Label string
	Tone  Tone
}

// Column is the counts of one time step, one for each part.
type Column struct {
	Label string
	N     []uint64
}

func (c *Column) total() (n uint64) {
	for _, part := range c.N {
		n += part
	}
	return n
}

// totals returns the sum of each part, and the height of the highest column.
func (c *Columns) totals() (sums []uint64, most uint64) {
	sums = make([]uint64, len(c.Parts))
	for i := range c.Items {
		most = max(most, c.Items[i].total())
		for k, n := range c.Items[i].N {
			sums[k] += n
		}
	}
	return sums, most
}

// Describe implements Figure.
func (c *Columns) Describe() string {
	sums, most := c.totals()
	text := c.Title + ": "
	for k, part := range c.Parts {
		text += output.Count(sums[k]) + " " + part.Label + ", "
	}
	return text + "at most " + output.Count(most) + " at once."
}

// Marks implements Figure: a part is one mark, so that many columns stay small.
func (c *Columns) Marks() (n int) {
	sums, _ := c.totals()
	for _, sum := range sums {
		if sum > 0 {
			n++
		}
	}
	return n
}

func (c *Columns) html(id string) string {
	var s strings.Builder
	sums, most := c.totals()
	fmt.Fprintf(&s, `<figure><div class="axis" aria-hidden="true"><span>%s</span></div>`, output.Count(most))
	s.WriteString(picture(id, "tall", fmt.Sprintf("0 0 %d 100", max(1, len(c.Items))), c.Title, c.Describe()))
	fmt.Fprintf(&s, `<path class="half" d="M0 0H%d"/>`, len(c.Items))
	below := make([]uint64, len(c.Items)) // height that is already drawn
	for k, part := range c.Parts {
		if sums[k] == 0 {
			continue
		}
		fmt.Fprintf(&s, `<path class="m %s" d="`, toneClass(part.Tone))
		for i := range c.Items {
			n := c.Items[i].N[k]
			if n == 0 {
				continue
			}
			foot := 100 - float64(below[i])/float64(most)*100
			below[i] += n
			fmt.Fprintf(&s, "M%s %sh.84V%sh-.84z", num(float64(i)+.08), num(foot), num(100-float64(below[i])/float64(most)*100))
		}
		s.WriteString(`"/>`)
	}
	s.WriteString(`</svg><div class="axis" aria-hidden="true">`)
	for _, label := range c.Axis {
		s.WriteString("<span>" + esc(label) + "</span>")
	}
	s.WriteString(`</div><ul class="legend small">`)
	for k, part := range c.Parts {
		fmt.Fprintf(&s, "<li>%s%s %s</li>", swatch(toneClass(part.Tone)), esc(part.Label), output.Count(sums[k]))
	}
	s.WriteString("</ul></figure>\n")
	return s.String()
}

// sparks are the heights of a column of text, from low to high.
var sparks = []rune("▁▂▃▄▅▆▇█")

// columns draws each part as a line of columns, all at one scale. With more
// columns than room, one stands for several steps of time.
func (s *screen) columns(c *Columns) {
	sums, _ := c.totals()
	labels, numbers := 0, 0
	for k, part := range c.Parts {
		labels, numbers = max(labels, output.Width(part.Label)), max(numbers, len(output.Count(sums[k])))
	}
	room := s.axis(labels + numbers + 4)
	step := max(1, (len(c.Items)+room-1)/room)
	lines, most := c.merged(step)
	for k, part := range c.Parts {
		line := make([]rune, len(lines[k]))
		for i, n := range lines[k] {
			line[i] = ' '
			if n > 0 {
				line[i] = sparks[(n*uint64(len(sparks))+most-1)/most-1]
			}
		}
		fmt.Fprintf(&s.w, "%s%*s  %s  %*s\n", part.Label, labels-output.Width(part.Label), "", string(line), numbers, output.Count(sums[k]))
	}
	if len(c.Axis) == 2 {
		width := len(lines[0])
		fmt.Fprintf(&s.w, "%*s  %s%*s\n", labels, "", c.Axis[0], max(1, width-output.Width(c.Axis[0])), c.Axis[1])
	}
}

// merged returns for each part its counts, of that many columns at once, and the
// highest of all.
func (c *Columns) merged(step int) (lines [][]uint64, most uint64) {
	lines = make([][]uint64, len(c.Parts))
	for k := range lines {
		lines[k] = make([]uint64, (len(c.Items)+step-1)/step)
		for i := range c.Items {
			lines[k][i/step] += c.Items[i].N[k]
			most = max(most, lines[k][i/step])
		}
	}
	return lines, most
}
