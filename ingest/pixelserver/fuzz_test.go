package pixelserver

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"glint/edge/pixel"
)

// FuzzEveryHeadGetsItsImage sends any bytes as the parts of a request for a
// pixel. Any bytes must yield an image and one event.
func FuzzEveryHeadGetsItsImage(f *testing.F) {
	for _, seed := range [][4]string{
		{"GET", "abc.gif", "HTTP/1.1", "Host: h\r\nUser-Agent: x"},
		{"HEAD", "%zz.png", "HTTP/1.0", ""},
		{"", "%", "HTTP/2.0", "no colon"},
		{"PRI", "\x00\x7f\xff ?#", "", "Expect: all\r\n\r\n"},
		{"POST", "../../x", "HTTP/1.1", "Host: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked"},
		{"CONNECT", ":80", "HTTP/1.1 HTTP/1.1", "Host: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	events := make(chan string, 1000)
	s := New(Config{
		Observer: pixel.Observer{Edge: "standalone"}, Now: time.Now,
		Write: func(line []byte) { events <- string(line) },
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	f.Cleanup(func() { _ = s.Shutdown(ended()) })

	line := strings.NewReplacer("\n", "", " ", "")
	f.Fuzz(func(t *testing.T, method, path, version, headers string) {
		method = line.Replace(strings.Trim(method, "\r"))
		raw := method + " /o/" + strings.ReplaceAll(path, "\n", "") + " " + strings.ReplaceAll(version, "\n", "") + "\r\n" + headers + "\r\n\r\n"
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, raw); err != nil {
			t.Fatal(err)
		}
		_ = c.(*net.TCPConn).CloseWrite() // no more requests
		answer, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
		if err != nil {
			t.Fatalf("%v: %q", err, raw)
		}
		isImage(t, answer, strings.TrimPrefix(answer.Header.Get("Content-Type"), "image/"))
		select {
		case <-events:
		case <-time.After(time.Minute):
			t.Fatalf("no event: %q", raw)
		}
		for len(events) > 0 {
			<-events // of requests that were sent ahead
		}
	})
}
