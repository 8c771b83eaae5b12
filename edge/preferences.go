package main

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/fastly/compute-sdk-go/fsthttp"
)

const (
	// pagePrefix is where the recipient's page is; ingest answers it.
	pagePrefix = "/preferences/"
	// pageBackend is the backend's name; `glint edge setup` makes it.
	pageBackend = "ingest"
	// maxFormBytes is what ingest takes, too.
	maxFormBytes = 8 << 10
	maxLinkBytes = 128
	maxTagBytes  = 35 // of a language: RFC 5646 §4.4.1
)

// The errors of a backend.
var (
	errNoBackend = errors.New("edge: the service has no backend of that name")
	errTimeout   = errors.New("edge: the backend did not answer in time")
	errBackend   = errors.New("edge: the backend did not answer")
)

// pageRequest is all of a request that ingest gets: neither address nor user agent.
type pageRequest struct {
	method, target        string
	contentType, language string
	form                  []byte
}

// pageReply is what ingest has answered. Its body is read once.
type pageReply struct {
	status  int
	headers []header
	body    io.Reader
}

type header struct{ name, value string }

// pageTarget returns the target to ask ingest for, and false where the path is no link.
// Parameters that mail tools add to links are dropped.
func pageTarget(target string) (string, bool) {
	path, query, _ := strings.Cut(target, "?")
	link, ok := strings.CutPrefix(path, pagePrefix)
	if !ok || !isPlain(link, maxLinkBytes) {
		return "", false
	}
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if tag, ok := strings.CutPrefix(pair, "lang="); ok && isPlain(tag, maxTagBytes) {
			return path + "?lang=" + tag, true
		}
	}
	return path, true
}

// isPlain reports whether a text is of the letters of base64url alone, and not too long.
func isPlain(s string, maxBytes int) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxBytes
}

// showPage lets ingest answer, and passes the answer on with its headers: they keep
// caches, frames and referrers away. No line is written.
func (s *server) showPage(w fsthttp.ResponseWriter, r *fsthttp.Request, target string) {
	p := &pageRequest{method: r.Method, target: target, contentType: first(r.Header["Content-Type"]), language: first(r.Header["Accept-Language"])}
	switch p.method {
	case "GET", "HEAD":
	case "POST":
		var err error
		if r.Body != nil {
			p.form, err = io.ReadAll(io.LimitReader(r.Body, maxFormBytes+1))
		}
		if err != nil || len(p.form) > maxFormBytes {
			refusePage(w, p.method, 413, "The form is too large.\n")
			return
		}
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		refusePage(w, p.method, 405, "This page takes GET, HEAD and POST only.\n")
		return
	}
	reply, err := s.askIngest(p)
	if err != nil {
		w.Header().Set("Retry-After", "60")
		refusePage(w, p.method, faultOf(err), "Your choices cannot be shown now: "+reasonOf(err)+"\n")
		return
	}
	for _, h := range reply.headers {
		if h.name == "content-length" {
			w.SetManualFramingMode(true) // so that a client sees a body that was cut off
		}
		w.Header().Add(h.name, h.value)
	}
	w.WriteHeader(reply.status)
	if p.method != "HEAD" {
		_, _ = io.Copy(w, reply.body) // the client may have gone
	}
	_ = w.Close()
}

func faultOf(err error) int {
	if errors.Is(err, errTimeout) {
		return 504
	}
	return 502
}

func reasonOf(err error) string {
	switch {
	case errors.Is(err, errNoBackend):
		return "this service has no backend named " + pageBackend + ", which glint edge setup makes."
	case errors.Is(err, errTimeout):
		return "the answer took too long. Please try again in a minute."
	}
	return "nothing answers. Please try again in a minute."
}

// refusePage answers in the place of ingest, and as privately.
func refusePage(w fsthttp.ResponseWriter, method string, status int, text string) {
	w.SetManualFramingMode(true)
	for _, h := range []header{
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Length", strconv.Itoa(len(text))},
		{"Cache-Control", "no-store"},
		{"Referrer-Policy", "no-referrer"},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Robots-Tag", "noindex, nofollow"},
	} {
		w.Header().Set(h.name, h.value)
	}
	w.WriteHeader(status)
	if method != "HEAD" {
		_, _ = io.WriteString(w, text) // the client may have gone
	}
	_ = w.Close()
}
