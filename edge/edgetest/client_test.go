package edgetest

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"glint/edge/pixel"
)

// client sends raw bytes over one connection at a time, from one address.
type client struct {
	t    testing.TB
	to   string
	from string // "": any
	conn net.Conn
	r    *bufio.Reader
}

func newClient(t testing.TB, to, from string) *client {
	c := &client{t: t, to: to, from: from}
	t.Cleanup(c.close)
	return c
}

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// answer is a response with its whole body.
type answer struct {
	*http.Response
	body []byte
}

// send writes one request as it is and reads its answer. A refusal of the
// emulator's own HTTP parser closes the connection; the next send opens another.
func (c *client) send(method, raw string) (answer, error) {
	if c.conn == nil {
		d := net.Dialer{Timeout: patience}
		if c.from != "" {
			d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(c.from)}
		}
		conn, err := d.Dial("tcp", c.to)
		if err != nil {
			return answer{}, err
		}
		c.conn, c.r = conn, bufio.NewReader(conn)
	}
	_ = c.conn.SetDeadline(time.Now().Add(patience)) // works on every TCP connection
	_, writeErr := io.WriteString(c.conn, raw)
	res, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		c.close()
		if writeErr != nil {
			err = writeErr
		}
		return answer{}, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.Close {
		c.close()
	}
	return answer{res, body}, err
}

// get asks for a target with headers as they stand, each ended by \r\n.
func (c *client) get(target, headers string) answer {
	c.t.Helper()
	a, err := c.send("GET", "GET "+target+" HTTP/1.1\r\nHost: pixel.example\r\n"+headers+"\r\n")
	if err != nil {
		c.t.Fatalf("GET %.80q: %v", target, err)
	}
	return a
}

// wrongWith says what is not as it should be with the answer to a request for
// path; "" if it is all right.
func (a answer) wrongWith(method, path string) string {
	want := pixel.Route(path)
	if a.StatusCode != want.Status {
		return "the status is " + a.Status
	}
	if len(a.TransferEncoding) > 0 {
		return "the answer is chunked"
	}
	wrong := ""
	want.EachHeader(func(name, value string) {
		if got := a.Header.Values(name); len(got) != 1 || got[0] != value {
			wrong = "header " + name + " is " + strings.Join(got, ", ")
		}
	})
	for _, name := range []string{"Etag", "Last-Modified", "Set-Cookie", "Location"} {
		if a.Header.Get(name) != "" {
			wrong = "there is a header " + name
		}
	}
	if method == "HEAD" {
		want.Body = nil
	}
	if wrong == "" && !bytes.Equal(a.body, want.Body) {
		wrong = "the body is not the one of the path"
	}
	return wrong
}
