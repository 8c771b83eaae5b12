package edgetest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/edge/event"
	"glint/edge/pixel"
	"glint/edge/privacy"
)

// The bytes that the emulator lets through to the program, by place; a test
// beside this one shows that the rest is refused by its own HTTP parser.
var (
	pathBytes   = allowed(0x21, 0x7e, "<>`#?")
	queryBytes  = allowed(0x21, 0x7e, "\"<>#")
	methodBytes = allowed('A', 'z', "[\\]") + "!*+-.0123456789|~"
	valueBytes  = allowed(0x20, 0x7e, "") + "\t" + high()
)

func allowed(from, to byte, but string) string {
	var b []byte
	for c := from; c <= to; c++ {
		if strings.IndexByte(but, c) < 0 {
			b = append(b, c)
		}
	}
	return string(b)
}

func high() string {
	b := make([]byte, 0, 128)
	for c := 0x80; c <= 0xff; c++ {
		b = append(b, byte(c))
	}
	return string(b)
}

// generator makes requests. Each has a number of its own in its path.
type generator struct {
	*rand.Rand
	prefix string
	n      int
}

// request is one made request and the line that it should give.
type request struct {
	method, path, raw string
	kind              event.Kind // "": no line
	token             string     // as the line has it, that is cut
}

func (g *generator) text(bytes string, most int) string {
	b := make([]byte, g.IntN(most+1))
	for i := range b {
		b[i] = bytes[g.IntN(len(bytes))]
	}
	return string(b)
}

func (g *generator) pick(list ...string) string { return list[g.IntN(len(list))] }

// length is mostly short, sometimes long.
func (g *generator) length(long int) int {
	if g.IntN(20) == 0 {
		return long
	}
	return 60
}

func (g *generator) path() string {
	g.n++
	own := fmt.Sprintf("%s%d.", g.prefix, g.n)
	rest := g.text(pathBytes, g.length(7000))
	extension := g.pick(".gif", ".png", ".GIF", ".Png", "", ".jpeg", ".gif.png", "/", "%")
	switch g.IntN(10) {
	case 0, 1, 2, 3, 4:
		return "/o/" + own + rest + extension
	case 5, 6, 7:
		return "/pixel/" + own + rest + extension
	case 8:
		return "/" + own + rest + g.pick(".gif", ".png", ".GIF", ".pnG")
	}
	return g.pick("/", "/robots.txt", "/o", "/pixel", "//", "/"+own+rest, "/robots.txt/", "/O/", "/favicon.ico")
}

func (g *generator) method() string {
	if g.IntN(4) == 0 {
		// The X keeps it from being one that HTTP treats apart: HEAD, CONNECT.
		return g.text(methodBytes, 5) + "X"
	}
	return g.pick("GET", "GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "get")
}

func (g *generator) headers() string {
	names := []string{
		"User-Agent", "user-agent", "Referer", "Accept", "Accept-Encoding", "Accept-Language", "Sec-Fetch-Dest", "sec-fetch-mode", "Sec-Fetch-Site",
		"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz", "Sec-CH-UA", "Cache-Control", "Via", "X-Forwarded-For", "Cookie", "Range", "If-None-Match",
		"If-Modified-Since", "Accept-Charset", "Origin", "DNT", "Forwarded", "Fastly-Client-IP", "Fastly-FF", "X-Unknown",
	}
	var b strings.Builder
	for range g.IntN(15) {
		fmt.Fprintf(&b, "%s: %s\r\n", names[g.IntN(len(names))], g.text(valueBytes, g.length(6000)))
	}
	return b.String()
}

func (g *generator) request() request {
	r := request{method: g.method(), path: g.path()}
	target := r.path
	if g.IntN(3) == 0 {
		target += "?" + g.text(queryBytes+"?", g.length(7000))
	}
	if g.IntN(10) == 0 {
		target = g.pick("http://", "https://", "HTTP://") + "pixel.example" + target
	}
	body := ""
	headers := g.headers()
	if r.method == "POST" || r.method == "PUT" {
		body = g.text(valueBytes, 100)
		headers += "Content-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	r.raw = r.method + " " + target + " HTTP/1.1\r\nHost: pixel.example\r\n" + headers + "\r\n" + body
	a := pixel.Route(r.path)
	r.kind, r.token = a.Kind, cut(a.Token)
	return r
}

// cut returns the part of a token that a line keeps.
func cut(token string) string {
	var e event.Event // our own line
	_ = e.Parse(string((&event.Event{Token: token}).AppendJSON(nil)))
	return e.Token
}

// TestAnyRequestGetsItsImageAndOneLine sends GLINT_FUZZ_REQUESTS made requests,
// 20,000 by default. GLINT_FUZZ_SEED repeats a run.
func TestAnyRequestGetsItsImageAndOneLine(t *testing.T) {
	const clients = 4
	total, seed := setting(t, "GLINT_FUZZ_REQUESTS", 20_000), setting(t, "GLINT_FUZZ_SEED", 1)
	e := start(t, program(t), "")
	var mu sync.Mutex
	want := map[string]int{}
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			g := &generator{Rand: rand.New(rand.NewPCG(uint64(seed), uint64(i))), prefix: fmt.Sprintf("c%d-", i)}
			c := newClient(t, e.address, "")
			for range total / clients {
				r := g.request()
				a, err := c.send(r.method, r.raw)
				if err != nil {
					t.Errorf("%v after %.300q", err, r.raw)
					return
				}
				if wrong := a.wrongWith(r.method, r.path); wrong != "" {
					t.Errorf("%s: %.300q", wrong, r.raw)
					return
				}
				if r.kind != "" {
					mu.Lock()
					want[string(r.kind)+" "+r.token]++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	checkAll(t, e, want, total/clients*clients)
}

func checkAll(t *testing.T, e *emulator, want map[string]int, requests int) {
	t.Helper()
	n := 0
	for _, times := range want {
		n += times
	}
	if n < requests*8/10 || n == requests {
		t.Errorf("%d pixels of %d requests: the mix is lopsided", n, requests)
	}
	waitFor(t, "the lines", func() bool { return len(e.logged("opens")) >= n })
	got, ids := map[string]int{}, map[event.ID]bool{}
	lines := e.logged("opens")
	var kept []string // all except the mode last_open, which no archive gets
	for _, line := range lines {
		var ev event.Event
		err := ev.Parse(line)
		if err != nil || ev.Check() != nil || ev.Extra != "" || len(line) > event.MaxLineBytes {
			t.Fatalf("line %q: %v", line, err)
		}
		got[string(ev.Kind)+" "+ev.Token]++
		ids[ev.ID] = true
		if !privacy.Passes(&ev) {
			kept = append(kept, line)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-requests +lines:\n%.3000s", diff)
	}
	if len(ids) != len(lines) {
		t.Errorf("%d ids on %d lines", len(ids), len(lines))
	}
	waitFor(t, "the archive's lines", func() bool { return len(e.logged("opens_archive")) >= len(kept) })
	if diff := cmp.Diff(count(kept), count(e.logged("opens_archive"))); diff != "" {
		t.Errorf("-kept +opens_archive:\n%.3000s", diff)
	}
	if said := e.said(t); strings.Contains(said, "trap") || strings.Contains(said, "panic") {
		t.Errorf("the program has trapped: %.2000s", said)
	}
	t.Logf("%d requests, %d lines", requests, len(lines))
}

func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
