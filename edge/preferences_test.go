package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/fastly/compute-sdk-go/fsttest"
	"github.com/google/go-cmp/cmp"
)

const pageLink = "EAEfV3ogbGluaw_with-51-letters_of_base64url0123456789"

func TestPageTargetsAreLinksAndALanguage(t *testing.T) {
	for target, want := range map[string]string{
		"/preferences/" + pageLink:                            "/preferences/" + pageLink,
		"/preferences/" + pageLink + "?lang=pt-BR":            "/preferences/" + pageLink + "?lang=pt-BR",
		"/preferences/" + pageLink + "?utm_source=x&lang=de":  "/preferences/" + pageLink + "?lang=de",
		"/preferences/" + pageLink + "?lang=%0d%0a":           "/preferences/" + pageLink,
		"/preferences/" + pageLink + "?who=ann@example.com":   "/preferences/" + pageLink,
		"/preferences/" + strings.Repeat("a", maxLinkBytes+1): "",
		"/preferences/":            "",
		"/preferences":             "",
		"/preferences/a.gif":       "",
		"/preferences/../v1/logs":  "",
		"/preferences/%2e%2e":      "",
		"/preferences/a/b":         "",
		"/Preferences/" + pageLink: "",
		"/v1/logs":                 "",
		"/preferences/a\r\nHost:b": "",
	} {
		got, ok := pageTarget(target)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", target, got, ok, want)
		}
	}
}

// page is one request for the recipient's page, with what ingest gets and answers.
type page struct {
	asked []pageRequest
	reply pageReply
	err   error
}

func (p *page) get(t *testing.T, method, target, form string) (writer, []string) {
	t.Helper()
	j := &journal{}
	w, log := writer{fsttest.NewRecorder(), j, nil}, &endpoint{journal: j}
	s := newServer()
	s.logs = logs{log}
	s.askIngest = func(r *pageRequest) (*pageReply, error) {
		p.asked = append(p.asked, *r)
		reply := p.reply
		return &reply, p.err
	}
	r := newRequest(method, target)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept-Language", "de")
	r.Header.Set("User-Agent", "PERSON")
	r.Header.Set("Cookie", "PERSON")
	if form != "" {
		r.Body = io.NopCloser(strings.NewReader(form))
	}
	s.serve(context.Background(), w, r)
	return w, log.lines
}

func TestIngestAnswersTheRecipientsPage(t *testing.T) {
	headers := []header{{"content-type", "text/html"}, {"content-length", "4"}, {"cache-control", "no-store"}, {"referrer-policy", "no-referrer"}}
	for method, want := range map[string][]string{
		"GET":  {"exact framing", "headers", "image", "close"},
		"HEAD": {"exact framing", "headers", "close"},
		"POST": {"exact framing", "headers", "image", "close"},
	} {
		p := &page{reply: pageReply{status: 403, headers: headers, body: strings.NewReader("page")}}
		form := ""
		if method == "POST" {
			form = "choice=refused"
		}
		w, lines := p.get(t, method, "/preferences/"+pageLink+"?who=PERSON&lang=fr", form)
		if diff := cmp.Diff(want, w.steps); diff != "" || len(lines) > 0 {
			t.Errorf("%s: %d lines; steps (-want +got):\n%s", method, len(lines), diff)
		}
		if w.Code != 403 || w.HeaderMap.Get("Cache-Control") != "no-store" || w.HeaderMap.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %d, %v", method, w.Code, w.HeaderMap)
		}
		asked := []pageRequest{{method, "/preferences/" + pageLink + "?lang=fr", "application/x-www-form-urlencoded", "de", []byte(form)}}
		if form == "" {
			asked[0].form = nil
		}
		if diff := cmp.Diff(asked, p.asked, cmp.AllowUnexported(pageRequest{})); diff != "" {
			t.Errorf("%s: ingest was asked (-want +got):\n%s", method, diff)
		}
	}
}

func TestThePageIsRefusedWithAReason(t *testing.T) {
	for _, c := range []struct {
		name, method, form string
		err                error
		status             int
		text               string
		asked              int
	}{
		{"no backend", "GET", "", errNoBackend, 502, "no backend named ingest, which glint edge setup makes", 1},
		{"nobody answers", "POST", "choice=refused", errBackend, 502, "nothing answers", 1},
		{"a slow answer", "GET", "", errTimeout, 504, "took too long", 1},
		{"the largest form", "POST", strings.Repeat("a", maxFormBytes), errBackend, 502, "nothing answers", 1},
		{"a larger form", "POST", strings.Repeat("a", maxFormBytes+1), nil, 413, "too large", 0},
		{"another method", "PUT", "", nil, 405, "GET, HEAD and POST", 0},
		{"HEAD", "HEAD", "", errBackend, 502, "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &page{err: c.err}
			w, lines := p.get(t, c.method, "/preferences/"+pageLink, c.form)
			text := w.Body.String()
			if w.Code != c.status || !strings.Contains(text, c.text) || (c.text == "") != (text == "") || len(p.asked) != c.asked || len(lines) > 0 {
				t.Errorf("%d %q, asked %d times, %d lines", w.Code, text, len(p.asked), len(lines))
			}
			if w.HeaderMap.Get("Cache-Control") != "no-store" || w.HeaderMap.Get("Referrer-Policy") != "no-referrer" || c.status > 500 && w.HeaderMap.Get("Retry-After") == "" {
				t.Errorf("headers %v", w.HeaderMap)
			}
		})
	}
}
