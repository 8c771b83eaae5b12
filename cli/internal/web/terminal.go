package web

import (
	"net/http"
	"strconv"
	"strings"

	"glint/cli/internal/output"
	"glint/cli/internal/report"
)

// shownInText is the maximum number of rows of each list for a terminal.
const shownInText = 5

// liveTextPath is the path of the live page as text.
const liveTextPath = "/live/text"

// textStream sends the live page as text for a terminal, again whenever it changes, as
// server-sent events. The query describes the terminal: see textPath.
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

// styleOf returns the style that a path requests.
func styleOf(r *http.Request) output.Style {
	query := r.URL.Query()
	width, err := strconv.Atoi(query.Get("width"))
	if err != nil {
		width = output.PageWidth
	}
	return output.Style{Width: min(max(width, 40), 200), Fit: true, ASCII: query.Has("ascii"), Bold: query.Has("bold")}
}

// text returns the view for a terminal: with short lists, and without empty ones.
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
		panic(err) // a Builder accepts everything
	}
	return b.String()
}
