package pixelserver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/gif"
	"image/png"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"glint/edge/event"
	"glint/edge/pixel"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// world is a running Server and the events it wrote.
type world struct {
	server  *Server
	address string
	events  chan event.Event
}

func serve(t *testing.T, change func(*Config)) *world {
	t.Helper()
	w := &world{events: make(chan event.Event, 4000)}
	cfg := Config{
		Observer: pixel.Observer{Precision: pixel.Full, Edge: "standalone"},
		Now:      func() time.Time { return noon },
		Write: func(line []byte) {
			var e event.Event
			err := e.Parse(string(line))
			if err == nil {
				err = e.Check()
			}
			if err != nil {
				t.Errorf("%v: %s", err, line)
			}
			w.events <- e
		},
	}
	if change != nil {
		change(&cfg)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(cfg)
	w.server = s
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Shutdown(ended())
		if err := <-served; err != nil {
			t.Errorf("ended with %v", err)
		}
		if open := s.limit.Open(); open != 0 {
			t.Errorf("%d connections are open at the end", open)
		}
	})
	w.address = l.Addr().String()
	return w
}

// ended is a context for those who do not wait.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// talk sends raw bytes and reads the given number of answers, to requests of
// the given method. It then expects no more answers if the server closes.
func (w *world) talk(t *testing.T, method, raw string, answers int) []*http.Response {
	t.Helper()
	c, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(c, raw) }() // may be cut off by an early answer
	r := bufio.NewReader(c)
	var got []*http.Response
	for i := range answers {
		answer, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatalf("body %d: %v", i, err)
		}
		answer.Body = io.NopCloser(bytes.NewReader(body))
		got = append(got, answer)
		if answer.Close {
			rest, err := io.ReadAll(r)
			if len(rest) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%d bytes behind the last answer: %.200q; %v", len(rest), rest, err)
			}
		}
	}
	return got
}

// isImage checks status, headers and, but for HEAD, the image itself.
func isImage(t *testing.T, answer *http.Response, kind string) {
	t.Helper()
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "image/"+kind {
		t.Fatalf("%s, %s", answer.Status, answer.Header.Get("Content-Type"))
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "cross-origin"} {
		if got := answer.Header.Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if _, err := http.ParseTime(answer.Header.Get("Date")); err != nil || len(answer.TransferEncoding) > 0 {
		t.Errorf("date %v, transfer encoding %v", err, answer.TransferEncoding)
	}
	b, _ := io.ReadAll(answer.Body)
	if answer.Request.Method == http.MethodHead {
		if len(b) != 0 || answer.ContentLength < 40 {
			t.Errorf("HEAD: %d bytes, Content-Length %d", len(b), answer.ContentLength)
		}
		return
	}
	if int64(len(b)) != answer.ContentLength {
		t.Errorf("%d bytes, Content-Length %d", len(b), answer.ContentLength)
	}
	decode := gif.Decode
	if kind == "png" {
		decode = png.Decode
	}
	img, err := decode(bytes.NewReader(b))
	if err != nil || img.Bounds().Dx() != 1 || img.Bounds().Dy() != 1 {
		t.Errorf("no 1×1 %s: %v", kind, err)
	}
}

// event waits for the next event.
func (w *world) event(t *testing.T) event.Event {
	t.Helper()
	select {
	case e := <-w.events:
		return e
	case <-time.After(time.Minute):
		t.Fatal("no event")
		return event.Event{}
	}
}

// noEvent is called when all connections are closed or answered.
func (w *world) noEvent(t *testing.T) {
	t.Helper()
	select {
	case e := <-w.events:
		t.Errorf("an event too many: %+v", e)
	default:
	}
}

func get(path string, headers ...string) string {
	return fmt.Sprintf("GET %s HTTP/1.1\r\nHost: pixel.example\r\n%s\r\n", path, strings.Join(append(headers, ""), "\r\n"))
}

func dial(t *testing.T, w *world) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// idleConns reports whether so many connections wait for a request, and one more
// does not.
func (w *world) idleConns(n int) bool {
	w.server.mu.Lock()
	defer w.server.mu.Unlock()
	for c := range w.server.conns {
		if c.idle.Load() {
			n--
		}
	}
	return n == 0
}
