package web

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strings"

	"glint/cli/internal/report"
)

//go:embed web.css
var pageStyle string

//go:embed frame.html
var frameHTML string

var frameTemplate = template.Must(template.New("frame").Parse(frameHTML))

// part renders a part of the frame.
func part(name string, data any) template.HTML {
	var b bytes.Buffer
	if err := frameTemplate.ExecuteTemplate(&b, name, data); err != nil {
		panic(err) // an error of the template
	}
	return template.HTML(b.String()) //nolint:gosec // html/template has escaped it
}

// link is an entry of a choice of pages.
type link struct {
	Text, Path string
	Current    bool
}

// choose renders a choice of pages, nothing without links.
func choose(label string, links ...link) template.HTML {
	if len(links) == 0 {
		return ""
	}
	return part("choose", struct {
		Label string
		Links []link
	}{label, links})
}

// screen is a page to be shown.
type screen struct {
	document *report.Document
	status   int // 0: 200
	here     string
	live     bool // it has the script
	head     template.HTML
	before   template.HTML
	after    template.HTML

	// rest returns the sections that take longer, which follow when the others are
	// on their way to the browser, and what comes after them; nil: there are none.
	rest func() (*rest, error)
}

// rest is the end of a page.
type rest struct {
	sections []report.Section
	after    template.HTML
}

// show writes a page for a session, or for a stranger.
func (s *Server) show(w http.ResponseWriter, r *http.Request, who *session, p *screen) {
	top := struct{ Role, CSRF, Here string }{Here: p.here}
	if who != nil {
		top.Role, top.CSRF = who.role.String(), who.csrf
	}
	f := &report.Frame{
		Title: "glint", Style: pageStyle, Head: p.head, Top: part("top", top), Before: p.before, After: p.after,
	}
	var b bytes.Buffer
	if err := report.BeginPage(&b, p.document, f); err != nil {
		s.logger.Error("page not rendered", "error", err)
		http.Error(w, "The page could not be rendered.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if p.live {
		w.Header().Set("Content-Security-Policy", livePolicy)
	}
	if p.status == 0 {
		p.status = http.StatusOK
	}
	w.WriteHeader(p.status)
	if r.Method == http.MethodHead {
		return
	}
	if p.rest != nil {
		_, _ = w.Write(b.Bytes()) // a client that is gone
		_ = http.NewResponseController(w).Flush()
		b.Reset()
		f.After = s.follows(&b, r, p)
	}
	if err := report.EndPage(&b, f); err != nil {
		s.logger.Error("page not rendered", "error", err)
	}
	_, _ = w.Write(b.Bytes()) // a client that is gone
}

// follows writes the sections that take longer, and returns what comes after them.
func (s *Server) follows(b *bytes.Buffer, r *http.Request, p *screen) template.HTML {
	more, err := p.rest()
	if err != nil {
		if r.Context().Err() == nil {
			s.logger.Warn("rest of a page not shown", "error", err)
		}
		more = &rest{sections: []report.Section{{
			ID: "fault", Title: "The rest is missing", Text: []string{"The warehouse did not answer. Load the page again. The log of glint has the reason."},
		}}}
	}
	if err := report.WriteSections(b, more.sections); err != nil {
		s.logger.Error("page not rendered", "error", err)
	}
	return more.after
}

// refuse answers with a page that gives the reason, in sentences.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, title string, text ...string) {
	s.show(w, r, nil, &screen{status: status, document: message(title, text...)})
}

// message is a page of a few sentences.
func message(title string, text ...string) *report.Document {
	return &report.Document{Title: "glint", Lead: strings.TrimSuffix(title, ".") + ".", Beside: text}
}
