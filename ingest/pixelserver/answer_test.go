package pixelserver

import (
	"strings"
	"testing"
	"time"

	"glint/edge/event"
)

func TestEveryRequestGetsItsImage(t *testing.T) {
	const ua = "User-Agent: Mozilla/5.0"
	long := strings.Repeat("x", 8<<10)
	tail := " HTTP/1.1\r\nHost: h\r\n" + ua + "\r\n\r\n"
	for _, c := range []struct {
		name, raw   string
		kind        string // of image
		method, tok string // of the event
	}{
		{"a token", get("/o/abc.gif", ua), "gif", "GET", "abc"},
		{"a PNG", get("/o/abc.png", ua), "png", "GET", "abc"},
		{"in capitals", get("/o/abc.PNG", ua), "png", "GET", "abc"},
		{"a query", get("/o/abc.gif?a=%zz&b=/x.png", ua), "gif", "GET", "abc"},
		{"no extension", get("/o/abc", ua), "gif", "GET", "abc"},
		{"HEAD", "HEAD /o/abc.gif" + tail, "gif", "HEAD", "abc"},
		{"OPTIONS", "OPTIONS /o/abc.gif" + tail, "gif", "OPTIONS", "abc"},
		{"TRACE", "TRACE /o/abc.gif" + tail, "gif", "TRACE", "abc"},
		{"PROPFIND", "PROPFIND /o/abc.gif" + tail, "gif", "PROPFIND", "abc"},
		{"CONNECT to a path", "CONNECT /o/abc.gif" + tail, "gif", "CONNECT", "abc"},
		{"an odd method", "a-b.c!d /o/abc.gif" + tail, "gif", "a-b.c!d", "abc"},
		{"an invalid method", "G(T /o/abc.gif" + tail, "gif", "G(T", "abc"},
		{"HTTP/1.0", "GET /o/abc.gif HTTP/1.0\r\n" + ua + "\r\n\r\n", "gif", "GET", "abc"},
		{"HTTP/1.0, HEAD of a bad escape", "HEAD /o/%zz.png HTTP/1.0\r\n" + ua + "\r\n\r\n", "png", "HEAD", "%zz"},
		{"the absolute form", "GET http://pixel.example/o/abc.gif?x" + tail, "gif", "GET", "abc"},
		{"the absolute form, faulty", "GET http://pixel.example:port/o/abc.png" + tail, "png", "GET", "abc"},
		{"a path of 8 kB", "GET /o/" + long + ".gif" + tail, "gif", "GET", long[:192]},
		{"a user agent of 60 kB", get("/o/abc.gif", "User-Agent: "+strings.Repeat("Mozilla/5.0", 60<<10/11)), "gif", "GET", "abc"},
		{"POST with a body", "POST /o/abc.gif HTTP/1.1\r\nHost: h\r\n" + ua + "\r\nContent-Length: 5\r\n\r\nhello", "gif", "POST", "abc"},
		{"POST with a large body", "POST /o/abc.gif HTTP/1.1\r\nHost: h\r\n" + ua + "\r\nContent-Length: 600000\r\n\r\n" + strings.Repeat("b", 600000), "gif", "POST", "abc"},
		{"POST in chunks", "POST /o/abc.gif HTTP/1.1\r\nHost: h\r\n" + ua + "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "gif", "POST", "abc"},
		{"POST whose body never comes", "POST /o/abc.gif HTTP/1.1\r\nHost: h\r\n" + ua + "\r\nContent-Length: 5\r\n\r\n", "gif", "POST", "abc"},
		{"an expectation", "PUT /o/abc.gif HTTP/1.1\r\nHost: h\r\n" + ua + "\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", "gif", "PUT", "abc"},

		{"an expectation that nobody knows", get("/o/abc.png", ua, "Expect: miracles"), "png", "GET", "abc"},
		{"a bad escape", get("/o/%zz.gif", ua), "gif", "GET", "%zz"},
		{"half an escape", get("/o/%", ua), "gif", "GET", "%"},
		{"a bad escape, PNG", get("/pixel/%zz.png", ua), "png", "GET", "%zz"},
		{"a control byte", get("/o/a\x01b.gif", ua), "gif", "GET", "a\x01b"},
		{"a zero byte", get("/o/a\x00b.gif", ua), "gif", "GET", "a\x00b"},
		{"DEL", get("/o/a\x7fb.gif", ua), "gif", "GET", "a\x7fb"},
		{"bytes that are not UTF-8", get("/o/\xff\xfe.gif", ua), "gif", "GET", "\ufffd\ufffd"},
		{"spaces in the path", get("/o/a b c.gif", ua), "gif", "GET", "a b c"},
		{"two spaces", "GET  /o/abc.gif" + tail, "gif", "GET", "abc"},
		{"no version", "GET /o/abc.gif\r\n" + ua + "\r\n\r\n", "gif", "GET", "abc"},
		{"a version from the future", "GET /o/abc.gif HTTP/9.9\r\nHost: h\r\n" + ua + "\r\n\r\n", "gif", "GET", "abc"},
		{"no host", "GET /o/abc.gif HTTP/1.1\r\n" + ua + "\r\n\r\n", "gif", "GET", "abc"},
		{"two hosts", get("/o/abc.gif", "Host: other", ua), "gif", "GET", "abc"},
		{"an invalid host", "GET /o/abc.gif HTTP/1.1\r\nHost: \x01\r\n" + ua + "\r\n\r\n", "gif", "GET", "abc"},
		{"a broken header line", get("/o/abc.gif", "no colon here", ua), "gif", "GET", "abc"},
		{"a control byte in a header", get("/o/abc.gif", "X-Odd: \x01\x02", ua), "gif", "GET", "abc"},
		{"an invalid header name", get("/o/abc.gif", "X(Odd): 1", ua), "gif", "GET", "abc"},
		{"an invalid length", get("/o/abc.gif", "Content-Length: many", ua), "gif", "GET", "abc"},
		{"a coding that nobody knows", get("/o/abc.gif", "Transfer-Encoding: gzip", ua), "gif", "GET", "abc"},
		{"bare line feeds", "GET /o/%zz.gif HTTP/1.1\n" + ua + "\n\n", "gif", "GET", "%zz"},
		{"headers of 200 kB", get("/o/abc.png", ua, "X-Long: "+strings.Repeat("x", 200<<10)), "png", "GET", "abc"},
		{"another image", get("/logo.png", ua), "png", "GET", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := serve(t, nil)
			method, _, _ := strings.Cut(c.raw, " ")
			isImage(t, w.talk(t, method, c.raw, 1)[0], c.kind)
			e := w.event(t)
			if e.Method != c.method || e.Token != c.tok || !strings.HasPrefix(e.UserAgent, "Mozilla/5.0") || e.IP != "127.0.0.1" ||
				!e.OpenedAt.Equal(noon) || e.Edge != "standalone" || e.ID == (event.ID{}) {
				t.Errorf("got %+v", e)
			}
			w.noEvent(t)
		})
	}
}

func TestWhatIsNoPixelGivesNoEvent(t *testing.T) {
	for _, c := range []struct {
		name, raw string
		status    int
	}{
		{"robots.txt", get("/robots.txt"), 200},
		{"another path", get("/"), 404},
		{"a bad escape in another path", get("/%zz"), 404},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 404},
		{"CONNECT", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", 404},
		{"no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := serve(t, nil)
			if got := w.talk(t, "GET", c.raw, 1)[0].StatusCode; got != c.status && (c.status != 400 || got < 400) {
				t.Errorf("status %d, want %d", got, c.status)
			}
			w.noEvent(t)
		})
	}
}

func TestRequestsSentAhead(t *testing.T) {
	w := serve(t, nil)
	raw := get("/o/1.gif") + get("/o/2.png") + get("/robots.txt") + get("/o/3.gif") + get("/o/%zz.png", "User-Agent: odd") +
		"GET /o/a b.gif HTTP/1.1\r\n\r\n" + get("/o/never.gif")
	answers := w.talk(t, "GET", raw, 6)
	for i, kind := range []string{0: "gif", 1: "png", 3: "gif", 4: "png", 5: "gif"} {
		if kind != "" {
			isImage(t, answers[i], kind)
		}
	}
	for _, token := range []string{"1", "2", "3", "%zz", "a b"} {
		if e := w.event(t); e.Token != token || token == "%zz" && e.UserAgent != "odd" {
			t.Errorf("got %+v, want token %s", e, token)
		}
	}
	w.noEvent(t)
}

func TestARequestInManyPieces(t *testing.T) {
	w := serve(t, nil)
	c := dial(t, w)
	for _, b := range []byte(get("/o/%zz.gif", "User-Agent: slow one")) {
		if _, err := c.Write([]byte{b}); err != nil {
			break // answered after the first line, which is early enough
		}
		time.Sleep(time.Millisecond)
	}
	if e := w.event(t); e.UserAgent != "slow one" || e.Token != "%zz" {
		t.Errorf("got %+v", e)
	}
}

func TestOneConnectionServesMany(t *testing.T) {
	w := serve(t, nil)
	const n = 300
	for _, answer := range w.talk(t, "GET", strings.Repeat(get("/o/a.gif", "User-Agent: x"), n), n) {
		isImage(t, answer, "gif")
	}
	for range n {
		w.event(t)
	}
	w.noEvent(t)
}

func TestNothingOfABodyIsTakenForARequest(t *testing.T) {
	w := serve(t, nil)
	inner := get("/o/inner.gif")
	raw := "POST /o/outer.gif HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n" + inner
	answers := w.talk(t, "POST", raw, 1)
	if !answers[0].Close {
		t.Error("the connection stays open behind a body")
	}
	if e := w.event(t); e.Token != "outer" {
		t.Errorf("got %+v", e)
	}
	w.noEvent(t)
}
