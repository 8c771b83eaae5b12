package web

import (
	"net/http"
	"strconv"
	"strings"

	"glint/cli/internal/output"
	"glint/cli/internal/report"
)

// shownInText is how many rows of each list a terminal is sent.
const shownInText = 5

// liveTextPath is the path of the live page as text.
const liveTextPath = "/live/text"

// textStream sends the live page as text for a terminal, again whenever it changes, as
// server-sent events. The query says how the terminal is: see textPath.
func (s *Server) textStream(w http.ResponseWriter, r *http.Request, who *session) {
	style := styleOf(r)
	s.follow(w, r, who, func(out *eventWriter) shower {
		shown := ""
		return func(v *liveView) {
			if !v.counted {
				return // one picture must be enough
			}
			if text := v.text(who.role, style); text != shown {
				out.event("text", asJSON(text))
				shown = text
			}
		}
	})
}

// textPath returns the path of the live page as text in a style.
func textPath(style output.Style) string {
	path := liveTextPath + "?width=" + strconv.Itoa(style.Width)
	if style.ASCII {
		path += "&ascii"
	}
	if style.Bold {
		path += "&bold"
	}
	return path
}

// styleOf is the style that a path asks for.
func styleOf(r *http.Request) output.Style {
	query := r.URL.Query()
	width, err := strconv.Atoi(query.Get("width"))
	if err != nil {
		width = output.PageWidth
	}
	return output.Style{Width: min(max(width, 40), 200), Fit: true, ASCII: query.Has("ascii"), Bold: query.Has("bold")}
}

// text is the view for a terminal: the lists short, and none without rows.
func (v *liveView) text(role Role, style output.Style) string {
	d := &report.Document{Lead: v.lead}
	for _, section := range v.sections(role) {
		if t := section.Table; t != nil && !t.Hidden {
			if len(t.Rows) == 0 {
				continue
			}
			short := *t
			short.Rows = t.Rows[:min(len(t.Rows), shownInText)]
			section.Table = &short
		}
		d.Sections = append(d.Sections, section)
	}
	var b strings.Builder
	if err := report.WriteScreen(&b, d, style); err != nil {
		panic(err) // a Builder takes all
	}
	return b.String()
}
