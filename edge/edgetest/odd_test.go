package edgetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/edge/event"
)

// The emulator's own HTTP parser refuses some bytes before any program runs.
// These are all of them, by place; whatever else comes has its image.
func TestTheEmulatorRefusesTheseBytesAndNoOthers(t *testing.T) {
	e := start(t, program(t), "")
	for _, c := range []struct{ place, format, refused string }{
		{"path", "GET /o/a%sb HTTP/1.1\r\nHost: pixel.example\r\n\r\n", "00-20 3c 3e 60 7f-ff"},
		{"query", "GET /o/x?a%sb HTTP/1.1\r\nHost: pixel.example\r\n\r\n", "00-20 22 3c 3e 7f-ff"},
		{"method", "G%sT /o/x HTTP/1.1\r\nHost: pixel.example\r\n\r\n", "00-20 22-29 2c 2f 3a-40 5b-5d 7b 7d 7f-ff"},
		{"header value", "GET /o/x HTTP/1.1\r\nHost: pixel.example\r\nUser-Agent: a%sb\r\n\r\n", "00-08 0a-1f 7f"},
		{"header name", "GET /o/x HTTP/1.1\r\nHost: pixel.example\r\nX-a%sb: c\r\n\r\n", "00-20 22 28-29 2c 2f 3b-40 5b-5d 7b 7d 7f-ff"},
	} {
		t.Run(c.place, func(t *testing.T) {
			client := newClient(t, e.address, "")
			var refused []byte
			for b := range 256 {
				a, err := client.send("GET", fmt.Sprintf(c.format, string([]byte{byte(b)})))
				if err != nil {
					t.Fatalf("byte %02x: %v", b, err)
				}
				if a.StatusCode == 400 {
					refused = append(refused, byte(b))
				} else if wrong := a.wrongWith("GET", "/o/"); wrong != "" {
					t.Errorf("byte %02x: %s", b, wrong)
				}
				client.close() // a line feed makes two requests of one
			}
			if got := ranges(refused); got != c.refused {
				t.Errorf("refused %s, not %s", got, c.refused)
			}
		})
	}
}

// ranges writes sorted bytes as "00-1f 7f".
func ranges(list []byte) string {
	var out []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		if s := fmt.Sprintf("%02x", list[i]); i == j {
			out = append(out, s)
		} else {
			out = append(out, fmt.Sprintf("%s-%02x", s, list[j]))
		}
		i = j + 1
	}
	return strings.Join(out, " ")
}

func TestOddRequests(t *testing.T) {
	e := start(t, program(t), "")
	for i, c := range []struct {
		name, method, path, version, headers, body string
		status                                     int // 0: the program's own answer; else a refusal of the emulator
	}{
		{name: "plain", path: "/o/x.gif"},
		{name: "bad escape", path: "/o/%zz.gif"},
		{name: "half an escape", path: "/o/%"},
		{name: "NUL escape", path: "/o/%00.gif"},
		{name: "path of 8 kB", path: "/o/" + strings.Repeat("x", 8000) + ".gif"},
		{name: "query of 60 kB", path: "/o/x.gif?" + strings.Repeat("q", 60_000)},
		{name: "query with bad escapes", path: "/o/x.gif?%zz=%&;="},
		{name: "query with a URL", path: "/o/x.gif?u=https://a.example/b.png"},
		{name: "two slashes", path: "//x.gif"},
		{name: "dots", path: "/o/../../etc/passwd"},
		{name: "absolute form", path: "http://other.example/o/x.gif"},
		{name: "asterisk", path: "*", method: "OPTIONS"},
		{name: "user agent of 60 kB", path: "/o/x.gif", headers: "User-Agent: " + strings.Repeat("ü", 30_000) + "\r\n"},
		{name: "user agent of no UTF-8", path: "/o/x.gif", headers: "User-Agent: \xff\xfe\x80\"\\\r\n"},
		{name: "empty user agent", path: "/o/x.gif", headers: "User-Agent:\r\n"},
		{name: "two user agents", path: "/o/x.gif", headers: "User-Agent: a\r\nuser-agent: b\r\n"},
		{name: "tab in a value", path: "/o/x.gif", headers: "User-Agent: a\tb\r\n"},
		{name: "99 headers", path: "/o/x.gif", headers: manyHeaders(98)},
		{name: "long header name", path: "/o/x.gif", headers: strings.Repeat("n", 5000) + ": v\r\n"},
		{name: "conditional", path: "/o/x.gif", headers: "If-None-Match: *\r\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n"},
		{name: "range", path: "/o/x.gif", headers: "Range: bytes=0-1\r\n"},
		{name: "unknown method", method: "BREW", path: "/o/x.png"},
		{name: "long method", method: strings.Repeat("M", 500), path: "/o/x.png"},
		{name: "odd method", method: "!*+-.^_`|~", path: "/o/x.png"},
		{name: "lower case method", method: "get", path: "/o/x.png"},
		{name: "head", method: "HEAD", path: "/o/x.png"},
		{name: "post with a body", method: "POST", path: "/o/x.gif", headers: "Content-Length: 5\r\n", body: "hello"},
		{name: "post in chunks", method: "POST", path: "/o/x.gif", headers: "Transfer-Encoding: chunked\r\n", body: "5\r\nhello\r\n0\r\n\r\n"},
		{name: "HTTP/1.0", path: "/o/x.gif", version: "1.0"},
		{name: "no path of ours", path: "/"},
		{name: "robots", path: "/robots.txt"},
		{name: "more than 100 headers", path: "/o/x.gif", headers: manyHeaders(300), status: 431},
		{name: "control byte in a value", path: "/o/x.gif", headers: "User-Agent: a\x01b\r\n", status: 400},
		{name: "NUL in a value", path: "/o/x.gif", headers: "User-Agent: a\x00b\r\n", status: 400},
		{name: "DEL in a value", path: "/o/x.gif", headers: "User-Agent: a\x7fb\r\n", status: 400},
		{name: "space in a header name", path: "/o/x.gif", headers: "User Agent: a\r\n", status: 400},
		{name: "no header name", path: "/o/x.gif", headers: ": a\r\n", status: 400},
		{name: "byte >= 0x80 in the method", method: "G\xc3T", path: "/o/x.gif", status: 400},
		{name: "space in the path", path: "/o/x y.gif", status: 400},
		{name: "no path", path: "", status: 400},
		{name: "unknown version", path: "/o/x.gif", version: "3.7", status: 400},
		{name: "two lengths", path: "/o/x.gif", headers: "Content-Length: 1\r\nContent-Length: 2\r\n", status: 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(e.logged("opens"))
			method, version := c.method, c.version
			if method == "" {
				method = "GET"
			}
			if version == "" {
				version = "1.1"
			}
			client := newClient(t, e.address, "")
			a, err := client.send(method, method+" "+c.path+" HTTP/"+version+"\r\nHost: pixel.example\r\n"+c.headers+"\r\n"+c.body)
			if err != nil {
				t.Fatal(err)
			}
			if c.status != 0 {
				if a.StatusCode != c.status {
					t.Errorf("the emulator answers %s, not %d: is this no longer a refusal?", a.Status, c.status)
				}
				return
			}
			path, _, _ := strings.Cut(strings.TrimPrefix(c.path, "http://other.example"), "?")
			if wrong := a.wrongWith(method, path); wrong != "" {
				t.Error(wrong)
			}
			marker := fmt.Sprintf("/o/marker-%d.gif", i)
			client.get(marker, "")
			checkLines(t, e, before, marker, a.Header.Get("Content-Type"))
		})
	}
}

func manyHeaders(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "X-%d: %d\r\n", i, i)
	}
	return b.String()
}

// checkLines waits for the marker's line, which is written after the lines of the
// request before it, and looks at what came between.
func checkLines(t *testing.T, e *emulator, before int, marker, contentType string) {
	t.Helper()
	token := strings.TrimSuffix(strings.TrimPrefix(marker, "/o/"), ".gif")
	want := 1
	if strings.HasPrefix(contentType, "image/") {
		want = 2
	}
	waitFor(t, "the lines", func() bool { return len(e.logged("opens")) >= before+want })
	var tokens []string
	for _, line := range e.logged("opens")[before:] {
		var ev event.Event
		err := ev.Parse(line)
		if err != nil || ev.Check() != nil || ev.Extra != "" || len(line) > event.MaxLineBytes {
			t.Fatalf("line %q: %v", line, err)
		}
		tokens = append(tokens, ev.Token)
	}
	if len(tokens) != want || !slices.Contains(tokens, token) {
		t.Errorf("%d lines instead of %d: %.200q", len(tokens), want, tokens)
	}
	waitFor(t, "the same lines in the archive", func() bool { return len(e.logged("opens_archive")) >= before+want })
	sorted := cmp.Diff(count(e.logged("opens")), count(e.logged("opens_archive")))
	if sorted != "" {
		t.Errorf("-opens +opens_archive:\n%s", sorted)
	}
}

func count(list []string) map[string]int {
	n := map[string]int{}
	for _, v := range list {
		n[v]++
	}
	return n
}
