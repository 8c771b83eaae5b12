package report

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"glint/cli/internal/output"
)

// figureHTML returns a figure as HTML: marks in SVG, which scales to any width, and
// labels in HTML, which does not scale. Every mark has the class m.
func figureHTML(id string, f Figure) string {
	switch f := f.(type) {
	case *Band:
		return f.html(id)
	case *Stack:
		return f.html(id)
	case *Bars:
		return f.html()
	case *Curve:
		return f.html(id)
	case *Heat:
		return f.html(id)
	case *Columns:
		return f.html(id)
	}
	return ""
}

// esc escapes untrusted text for HTML.
func esc(text string) string { return html.EscapeString(output.Safe(text)) }

// num formats a coordinate with the digits that a picture needs.
func num(f float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 2, 64), "0"), ".")
}

// picture returns the start of an SVG with a title and a description for screen readers.
func picture(id, class, box, title, about string) string {
	return fmt.Sprintf(`<svg class="%s" viewBox="%s" preserveAspectRatio="none" role="img" aria-labelledby="t-%s d-%s"><title id="t-%s">%s</title><desc id="d-%s">%s</desc>`,
		class, box, id, id, id, esc(title), id, esc(about))
}

// swatch returns the colour sample of a legend.
func swatch(class string) string {
	return fmt.Sprintf(`<svg viewBox="0 0 1 1" aria-hidden="true"><rect class="%s" width="1" height="1"/></svg>`, class)
}

func rect(class string, x, y, w, h float64, title string) string {
	if title != "" {
		title = "<title>" + esc(title) + "</title>"
	}
	return fmt.Sprintf(`<rect class="%s" x="%s" y="%s" width="%s" height="%s">%s</rect>`, class, num(x), num(y), num(w), num(h), title)
}

func (b *Band) html(id string) string {
	var s strings.Builder
	s.WriteString("<figure>" + picture(id, "band", "0 0 100 10", "Open rate", b.Describe()))
	s.WriteString(rect("track", 0, 4, 100, 2, ""))
	mark := func(class string, low, high *float64, y, h float64, name string) {
		if low != nil && high != nil {
			s.WriteString(rect("m "+class, *low*100, y, max(0.3, (*high-*low)*100), h, name+" "+span(low, high)))
		}
	}
	mark("wide", b.Certain, b.Most, 2, 6, "bounds")
	mark("range", b.Low, b.High, 3, 4, "range")
	if b.Point != nil {
		s.WriteString(rect("m point", min(max(*b.Point*100-0.3, 0), 99.4), 0, 0.6, 10, "estimate "+output.Percent(b.Point)))
	}
	s.WriteString(`</svg><div class="axis" aria-hidden="true"><span>0 %</span><span>25 %</span><span>50 %</span><span>75 %</span><span>100 %</span></div>`)
	s.WriteString(`<ul class="legend small">`)
	item := func(class, name, value string) {
		s.WriteString("<li>" + swatch(class) + esc(unbroken(name+" "+value)) + "</li>")
	}
	item("point", "estimate", output.Percent(b.Point))
	item("range", "its range", span(b.Low, b.High))
	item("wide", "from certain to possible if every open loads its image", span(b.Certain, b.Most))
	s.WriteString("</ul></figure>\n")
	return s.String()
}

func toneClass(t Tone) string { return "f" + strconv.Itoa(int(t)) }

func (k *Stack) html(id string) string {
	var s strings.Builder
	total := float64(k.Total())
	s.WriteString("<figure>" + picture(id, "stack", "0 0 100 1", "Where the messages went", k.Describe()))
	x := 0.0
	for _, p := range k.Parts {
		if p.N > 0 {
			w := float64(p.N) / total * 100
			s.WriteString(rect("m "+toneClass(p.Tone), x, 0, w, 1, p.Label+" "+output.Count(p.N)))
			x += w
		}
	}
	s.WriteString(`</svg><ul class="legend small">`)
	for _, p := range k.Parts {
		if p.N > 0 {
			fmt.Fprintf(&s, "<li>%s%s %s (%s)</li>", swatch(toneClass(p.Tone)), esc(p.Label), output.Count(p.N), output.Percent(ratio(p.N, k.Total())))
		}
	}
	s.WriteString("</ul><figcaption>Messages, and their share of all sends</figcaption></figure>\n")
	return s.String()
}

// html returns the bars as an HTML table, which needs no further description.
func (b *Bars) html() string {
	var s strings.Builder
	s.WriteString(`<table class="bars"><caption class="small">` + esc(b.Of) + "</caption><tbody>\n")
	most := float64(max(b.most(), 1))
	for _, item := range b.Items {
		class := "m f0"
		if item.Uncertain {
			class = "m f3"
		}
		percent := ""
		if item.Share != nil {
			percent = output.Percent(item.Share)
		}
		fmt.Fprintf(&s, `<tr><th scope="row">%s</th><td class="n">%s</td><td class="n">%s</td><td class="draw"><svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">%s</svg></td></tr>`+"\n",
			esc(item.Label), output.Count(item.N), percent, rect(class, 0, 0, float64(item.N)/most*100, 1, ""))
	}
	s.WriteString("</tbody></table>\n")
	return s.String()
}

func (c *Curve) html(id string) string {
	var s strings.Builder
	s.WriteString("<figure>" + picture(id, "tall", "0 0 100 100", "Opens since the send", c.Describe()))
	for _, y := range []int{0, 50, 100} {
		fmt.Fprintf(&s, `<path class="half" d="M0 %dH100"/>`, y)
	}
	if c.HalfLife > 0 && c.HalfLife <= c.Hours {
		fmt.Fprintf(&s, `<path class="half" d="M%s 0V100"/>`, num(c.HalfLife/c.Hours*100))
	}
	line := func(points []Point) string {
		d := "M0 100"
		for _, p := range points {
			d += "L" + num(p.Hours/c.Hours*100) + " " + num(100-p.Share*100)
		}
		return d
	}
	for _, e := range c.Earlier {
		fmt.Fprintf(&s, `<path class="m past" d="%s"/>`, line(e))
	}
	fmt.Fprintf(&s, `<path class="main" d="%s"/>`, line(c.Points))
	for _, p := range c.Points {
		fmt.Fprintf(&s, `<path class="m dot" d="M%s %sh0"><title>%s: %s</title></path>`, num(p.Hours/c.Hours*100), num(100-p.Share*100), hours(p.Hours), output.Percent(&p.Share))
	}
	fmt.Fprintf(&s, `</svg><div class="axis" aria-hidden="true"><span>0 h</span><span>%s</span><span>%s since the send</span></div>`, hours(c.Hours/2), hours(c.Hours))
	s.WriteString("<figcaption>Share of all opens by people, 0 to 100 %")
	if len(c.Earlier) > 0 {
		s.WriteString("; grey: earlier campaigns")
	}
	s.WriteString("</figcaption></figure>\n")
	return s.String()
}

func (h *Heat) html(id string) string {
	var s strings.Builder
	most, _, _ := h.most()
	s.WriteString(`<figure><div class="heat"><div class="days" aria-hidden="true">`)
	for _, day := range weekdays {
		s.WriteString("<span>" + day + "</span>")
	}
	s.WriteString("</div>" + picture(id, "grid", "0 0 24 7", "Opens by weekday and hour", h.Describe()))
	for d := range h.Cells {
		for hour, n := range h.Cells[d] {
			fmt.Fprintf(&s, `<rect class="m s%d" x="%d" y="%d" width=".94" height=".9"/>`, shade(n, most, 5), hour, d)
		}
	}
	s.WriteString(`</svg><span></span><div class="axis" aria-hidden="true"><span>0</span><span>6</span><span>12</span><span>18</span><span>24 h</span></div></div></figure>` + "\n")
	return s.String()
}
