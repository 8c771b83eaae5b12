package web

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestPagesEscapeWhatStrangersWrote(t *testing.T) {
	w := newWorld(t)
	cookie := w.in(Owner)
	for _, path := range []string{"/", "/campaigns/1", "/campaigns/1/recipients?list=all", "/live"} {
		a := w.ask("GET", path, cookie, nil)
		if a.status != http.StatusOK || a.header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %d, %s", path, a.status, a.header.Get("Content-Type"))
		}
		if path != "/live" && !strings.Contains(a.body, "&lt;script&gt;alert(1)") {
			t.Errorf("%s does not have the name", path)
		}
		for _, bad := range []string{"<script>alert", "<img", "\u202e", "\x1b"} {
			if strings.Contains(a.body, bad) {
				t.Errorf("%s has %q", path, bad)
			}
		}
		for _, from := range []string{"http://", "https://", "//"} {
			for _, attribute := range []string{"src=\"", "href=\"", "action=\""} {
				if strings.Contains(a.body, attribute+from) {
					t.Errorf("%s refers to another server", path)
				}
			}
		}
	}
}

func TestPagesOfLists(t *testing.T) {
	w := newWorld(t)
	cookie := w.in(Owner)
	for path, want := range map[string]struct {
		status    int
		has, not  string
		next, all bool
	}{
		"/":                               {200, "campaign 50<", "campaign 51<", true, true},
		"/?page=3":                        {200, "campaign 101<", "campaign 120<", false, true},
		"/?all&page=3":                    {200, "campaign 120<", "campaign 100<", false, false},
		"/?page=0":                        {404, "", "", false, false},
		"/?page=x":                        {404, "", "", false, false},
		"/?page=999999999999999999999":    {404, "", "", false, false},
		"/campaigns/2":                    {404, "", "", false, false},
		"/campaigns/x":                    {404, "", "", false, false},
		"/campaigns/-1":                   {404, "", "", false, false},
		"/campaigns/1%2f..":               {404, "", "", false, false},
		"/campaigns/18446744073709551616": {404, "", "", false, false},
		"/campaigns/2/recipients":         {404, "", "", false, false},
		"/campaigns/1/recipients":         {200, "r099@", "r100@", true, false},
		"/campaigns/1/recipients?list=openers_certain&page=3": {200, "r249@", "r199@", false, false},
		"/campaigns/1/recipients?list=x":                      {404, "", "", false, false},
		"/campaigns/1/recipients?list=openers_cannot_tell":    {200, "This list is empty", "@example.com", false, false},
	} {
		a := w.ask("GET", path, cookie, nil)
		if a.status != want.status || !strings.Contains(a.body, want.has) || want.not != "" && strings.Contains(a.body, want.not) {
			t.Errorf("%s: %d; has %q: %v", path, a.status, want.has, strings.Contains(a.body, want.has))
		}
		if got := strings.Contains(a.body, ">Next</a>"); got != want.next {
			t.Errorf("%s: next page %v", path, got)
		}
		if got := strings.Contains(a.body, `href="/?all"`); got != want.all {
			t.Errorf("%s: all campaigns %v", path, got)
		}
	}
	if a := w.ask("GET", "/campaigns/1", w.in(Viewer), nil); strings.Contains(a.body, "/recipients") {
		t.Error("a viewer is led to recipients")
	}
}

func TestPagesWithoutAWarehouse(t *testing.T) {
	w := newWorld(t)
	cookie := w.in(Viewer)
	w.source.fault = errors.New("code: 210, at 10.1.2.3")
	a := w.ask("GET", "/", cookie, nil)
	if a.status != http.StatusServiceUnavailable || strings.Contains(a.body, "10.1.2.3") || a.header.Get("Retry-After") == "" {
		t.Errorf("a warehouse that does not answer: %d %s", a.status, a.body)
	}
	w.Server.source.Store(nil)
	if a = w.ask("GET", "/", cookie, nil); a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "warehouse is starting") {
		t.Errorf("before the warehouse is there: %d", a.status)
	}
}

func TestPagesBeyondLoopbackNeedTLS(t *testing.T) {
	for listen, ok := range map[string]bool{
		"127.0.0.1:0": true, "localhost:0": true, "[::1]:0": true, "127.3.2.1:0": true,
		":0": false, "0.0.0.0:0": false, "[::]:0": false, "192.0.2.1:80": false, "example.com:80": false, "nonsense": false,
	} {
		c := Config{Listen: listen}
		err := c.Validate()
		if (err == nil) != ok {
			t.Errorf("%s: %v", listen, err)
		}
		if listen != "nonsense" && !ok && (!errors.Is(err, ErrNoTLS) || Hint(err) == "") {
			t.Errorf("%s: %v has no advice", listen, err)
		}
	}
	for _, host := range []string{"", "https://x", "x:1", "x/y"} {
		c := Config{Listen: "127.0.0.1:0", Hosts: []string{host}}
		if err := c.Validate(); !errors.Is(err, ErrHost) {
			t.Errorf("host %q: %v", host, err)
		}
	}
}

// TestAReportDoesNotWaitForItsRest reads the result of a report while the warehouse
// still computes the rest.
func TestAReportDoesNotWaitForItsRest(t *testing.T) {
	for _, c := range []struct {
		name     string
		fault    error
		has, not string
	}{
		{"that comes", nil, "What to do next", "The rest is missing"},
		{"that does not come", errors.New("code: 210, at 10.1.2.3"), "The rest is missing", "10.1.2.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			gather := make(chan struct{})
			w.source.gather, w.source.fault = gather, c.fault
			r, err := http.NewRequestWithContext(t.Context(), "GET", w.URL()+"/campaigns/1", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.AddCookie(&http.Cookie{Name: w.cookie, Value: w.in(Owner)})
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			page := bufio.NewReader(response.Body)
			first := ""
			for !strings.Contains(first, "What is not known") {
				line, err := page.ReadString('\n')
				if err != nil {
					t.Fatalf("%v after %s", err, first)
				}
				first += line
			}
			close(gather)
			rest, err := io.ReadAll(page)
			if err != nil || !strings.Contains(first, "Open rate") || !strings.Contains(string(rest), c.has) || strings.Contains(string(rest), c.not) ||
				strings.Count(first+string(rest), "</html>") != 1 {
				t.Errorf("%v; the rest:\n%s", err, rest)
			}
		})
	}
}
