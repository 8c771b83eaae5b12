package report

import (
	"strconv"
	"time"

	"glint/cli/internal/output"
)

// Document is a report without a format: the content that every renderer shows, in
// order. Names of campaigns, clients and countries in it are untrusted; each renderer
// escapes them for its format.
type Document struct {
	Title    string // the campaign's name
	Subtitle string
	Lead     string   // the result in a sentence
	Beside   []string // qualifications of the lead
	Sections []Section
}

// Section is one question of a report with its answer.
type Section struct {
	ID     string // of letters, the same in every report
	Title  string
	Text   []string // paragraphs
	Steps  []string // a list
	Figure Figure   // nil: none
	Table  *Table   // nil: none
	Wide   bool     // takes the full width of a page
}

// Figure is a chart: *Band, *Stack, *Bars, *Curve, *Heat or *Columns.
type Figure interface {
	// Describe returns the content of the chart in a sentence, for readers who cannot see it.
	Describe() string
	// Marks returns the number of marks in the chart, one for each datum.
	Marks() int
}

// Table is rows under headers. The first column names the row.
type Table struct {
	Header []string
	Right  []int // columns of numbers
	Rows   [][]Cell
	Hidden bool // the figure shows the same: a page shows the table on request
}

// Cell is a value in the form for people, and in the form for programs.
type Cell struct {
	Text string
	Raw  string
	Link string // path of a server's page about it; "": none. Other formats omit it
}

func text(s string) Cell { return Cell{Text: s, Raw: s} }

func count(n uint64) Cell { return Cell{Text: output.Count(n), Raw: strconv.FormatUint(n, 10)} }

// share returns a fraction as a percentage; nil means unknown.
func share(p *float64) Cell {
	if p == nil {
		return Cell{Text: output.Percent(nil)}
	}
	return Cell{Text: output.Percent(p), Raw: strconv.FormatFloat(*p, 'g', 6, 64)}
}

func at(t *time.Time, zone *time.Location) Cell {
	if t == nil {
		return Cell{Text: output.Time(nil)}
	}
	return Cell{Text: moment(*t, zone), Raw: t.UTC().Format(time.RFC3339Nano)}
}

// moment formats a time to the second, with its zone.
func moment(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02 15:04:05 MST")
}

// ratio returns n/base; nil if base is 0.
func ratio(n, base uint64) *float64 {
	if base == 0 {
		return nil
	}
	p := float64(n) / float64(base)
	return &p
}

// Band is the open rate on a line from 0 to 1: a point, its range, and the
// bounds which hold if every verdict is right.
type Band struct {
	Point, Low, High *float64
	Certain, Most    *float64 // the bounds
}

// Describe implements Figure.
func (b *Band) Describe() string {
	return "Open rate " + output.Percent(b.Point) + ", range " + span(b.Low, b.High) + "; certain at least " + output.Percent(b.Certain) +
		", at most " + output.Percent(b.Most) + " if every verdict is right."
}

// Marks implements Figure.
func (b *Band) Marks() (n int) {
	for _, known := range []bool{b.Point != nil, b.Low != nil && b.High != nil, b.Certain != nil && b.Most != nil} {
		if known {
			n++
		}
	}
	return n
}

// Stack is a whole in its parts.
type Stack struct {
	Parts []Part
}

// Part is one part of a Stack.
type Part struct {
	Label string
	N     uint64
	Tone  Tone
}

// Tone is the meaning of a colour.
type Tone int

// The tones: what is certain is strong, what is unknown is hatched.
const (
	Certain Tone = iota
	Masked
	Unknown
	Nothing
	Apart
	Answered
)

// Total is the whole.
func (s *Stack) Total() (n uint64) {
	for _, p := range s.Parts {
		n += p.N
	}
	return n
}

// Describe implements Figure.
func (s *Stack) Describe() (text string) {
	for i, p := range s.Parts {
		if i > 0 {
			text += ", "
		}
		text += p.Label + " " + output.Percent(ratio(p.N, s.Total()))
	}
	return text + "."
}

// Marks implements Figure.
func (s *Stack) Marks() (n int) {
	for _, p := range s.Parts {
		if p.N > 0 {
			n++
		}
	}
	return n
}

// Bars are counts of messages by a label.
type Bars struct {
	Of    string // what a bar counts
	Items []Bar
}

// Bar is one of Bars. A bar of an undecidable value is drawn differently.
type Bar struct {
	Label     string
	N         uint64
	Share     *float64
	Uncertain bool
}

// Describe implements Figure.
func (b *Bars) Describe() (text string) {
	for i, item := range b.Items {
		if i > 0 {
			text += ", "
		}
		text += item.Label + " " + output.Count(item.N)
	}
	return b.Of + ": " + text + "."
}

// Marks implements Figure.
func (b *Bars) Marks() int { return len(b.Items) }

func (b *Bars) most() (n uint64) {
	for _, item := range b.Items {
		n = max(n, item.N)
	}
	return n
}

// Curve is the cumulative share of the opens over the hours since the send.
type Curve struct {
	Hours    float64 // to the right end
	Points   []Point
	HalfLife float64 // in hours; 0: unknown
	Earlier  [][]Point
}

// Point is a share, from 0 to 1, at a time in hours.
type Point struct{ Hours, Share float64 }

// Describe implements Figure.
func (c *Curve) Describe() string {
	text := "Share of the opens by people over " + hours(c.Hours) + " since the send"
	if c.HalfLife > 0 {
		text += "; half of them within " + hours(c.HalfLife)
	}
	return text + "."
}

// Marks implements Figure.
func (c *Curve) Marks() int { return len(c.Points) + len(c.Earlier) }

// Heat is the number of opens by weekday, from Monday, and hour of the day.
type Heat struct {
	Zone  string
	Cells [7][24]uint64
}

var weekdays = [7]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

func (h *Heat) most() (n uint64, day, hour int) {
	for d := range h.Cells {
		for o, c := range h.Cells[d] {
			if c > n {
				n, day, hour = c, d, o
			}
		}
	}
	return n, day, hour
}

// Describe implements Figure.
func (h *Heat) Describe() string {
	n, day, hour := h.most()
	return "First opens by people, by weekday and hour (" + h.Zone + "); the most, " + output.Count(n) + ", on " + weekdays[day] +
		" from " + strconv.Itoa(hour) + " to " + strconv.Itoa(hour+1) + " o'clock."
}

// Marks implements Figure.
func (h *Heat) Marks() int { return 7 * 24 }
