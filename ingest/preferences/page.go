package preferences

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"glint/ingest/warehouse"
)

//go:embed page.html
var pages embed.FS

//go:embed page.css
var style string

var templates = template.Must(template.ParseFS(pages, "page.html"))

// policy forbids the page to load or run anything, to be framed, and to send
// its form to another address: https://www.w3.org/TR/CSP3/.
var policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}()

// view is the data of the templates.
type view struct {
	Text       *Text
	Tag        string
	Title      string
	Style      template.CSS
	Languages  []shownLanguage
	Notice     string
	State      string
	Secret     string
	ShownText  string // hash, version and language of the text
	MayAgree   bool
	AskToAgree bool
}

type shownLanguage struct {
	Tag, Name string
	Shown     bool
}

// Paragraphs divides a text at its blank lines.
func (*view) Paragraphs(text string) (all []string) {
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

func newView(texts *Texts, i int) *view {
	v := &view{Text: texts.Text(i), Tag: texts.tags[i].String(), Title: texts.Text(i).Title, Style: template.CSS(style)} //nolint:gosec // our own file
	v.ShownText = v.Text.Hash() + " " + v.Text.Version + " " + v.Tag
	for j, tag := range texts.tags {
		v.Languages = append(v.Languages, shownLanguage{tag.String(), texts.all[j].Name, i == j})
	}
	return v
}

// state describes the current choice.
func (t *Text) state(d warehouse.Decision, required bool) string {
	text := t.Measured
	switch {
	case d.Choice == warehouse.Agreed:
		text = t.Agreed
	case d.Choice.IsNo():
		text = t.Refused
	case required:
		text = t.Counted
	}
	return strings.ReplaceAll(text, "{date}", d.DecidedAt.UTC().Format(time.DateOnly))
}

// write answers with a page.
func (v *view) write(w http.ResponseWriter, r *http.Request, status int, name string) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, v); err != nil {
		status = http.StatusInternalServerError
		b.Reset()
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Tag)
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // the client may have gone
	}
}
