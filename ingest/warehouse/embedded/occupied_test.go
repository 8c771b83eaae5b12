package embedded

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// syntaxTree answers as the engine does when it is asked for the tree of SELECT 1.
const syntaxTree = `{"explain":"SelectWithUnionQuery (children 1)"}
{"explain":" ExpressionList (children 1)"}
{"explain":"  SelectQuery (children 1)"}
{"explain":"   ExpressionList (children 1)"}
{"explain":"    Literal UInt64_1"}
`

// working is a made-up engine that parses at once and lets answer run each statement.
func working(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		statement, err := io.ReadAll(r.Body)
		switch {
		case err != nil:
			w.WriteHeader(http.StatusInternalServerError)
		case strings.HasPrefix(string(statement), "EXPLAIN AST "):
			_, _ = io.WriteString(w, syntaxTree)
		case strings.HasPrefix(string(statement), "KILL "): // the engine takes note, and goes on
		default:
			answer(w, r)
		}
	}
}

func readerRequest(ctx context.Context, t *testing.T) *http.Request {
	t.Helper()
	request := newRequest(t, http.MethodPost, "/", "SELECT 1").WithContext(ctx)
	request.SetBasicAuth(readerName, readerPassword)
	return request
}

// listen serves p as its own server does, with its limits, and returns the address.
func listen(t *testing.T, p *proxy) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.serve(listener)
	t.Cleanup(p.close)
	return listener.Addr().String()
}

func reach(t *testing.T, address, head string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestStatementWithoutEndKeepsItsPlaceOnly(t *testing.T) {
	const wait = 50 * time.Millisecond
	end := make(chan struct{})
	began := make(chan struct{}, 100)
	p, way := proxyTo(t, working(func(w http.ResponseWriter, _ *http.Request) {
		began <- struct{}{}
		<-end
		_, _ = io.WriteString(w, "1\n")
	}))
	p.relay.set(way)
	p.turn = wait
	public := httptest.NewServer(p)
	defer public.Close()
	defer close(end)
	ctx, leave := context.WithCancel(t.Context())
	for range readerStatements() {
		request := readerRequest(ctx, t)
		request.URL.Scheme, request.URL.Host = "http", public.Listener.Addr().String()
		go func() {
			if response, err := httpClient().Do(request); err == nil {
				_ = response.Body.Close()
			}
		}()
		<-began
	}
	leave() // the clients are gone, the engine works on
	got := through(t, p, readerRequest(t.Context(), t))
	if got.status != http.StatusServiceUnavailable || got.code() != "202" || got.header.Get("Retry-After") == "" {
		t.Errorf("one statement too many: status %d: %s", got.status, got.text)
	}
	answered := make(chan reply, 1)
	request := writerRequest(t, "/")
	go func() { answered <- through(t, p, request) }()
	<-began // the warehouse user does not wait for readers
	for range readerStatements() + 1 {
		end <- struct{}{}
	}
	if got := <-answered; got.status != http.StatusOK {
		t.Errorf("the warehouse user: status %d: %s", got.status, got.text)
	}
	eventually(t, "all places are free", func() bool {
		if !p.statements.TryAcquire(readerStatements()) {
			return false
		}
		p.statements.Release(readerStatements())
		return true
	})
}

func TestAnswerThatNobodyTakesEnds(t *testing.T) {
	began := make(chan struct{}, 1)
	p, way := proxyTo(t, working(func(w http.ResponseWriter, _ *http.Request) {
		began <- struct{}{}
		for block := make([]byte, 1<<20); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}))
	p.relay.set(way)
	p.answerStall = 50 * time.Millisecond
	request := readerRequest(t.Context(), t)
	head := "POST / HTTP/1.1\r\nHost: glint\r\nAuthorization: " + request.Header.Get("Authorization") + "\r\nContent-Length: 8\r\n\r\nSELECT 1"
	reach(t, listen(t, p), head)
	<-began
	eventually(t, "the place is free", func() bool {
		if !p.statements.TryAcquire(readerStatements()) {
			return false
		}
		p.statements.Release(readerStatements())
		return true
	})
}

func TestIdleClientsLeaveDescriptorsFree(t *testing.T) {
	p, way := proxyTo(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "Ok.\n") })
	p.relay.set(way)
	var idle atomic.Int64 // how often a connection has begun to wait after an answer
	p.server.ConnState = func(hook func(net.Conn, http.ConnState)) func(net.Conn, http.ConnState) {
		return func(conn net.Conn, state http.ConnState) {
			hook(conn, state)
			if state == http.StateIdle {
				idle.Add(1)
			}
		}
	}(p.server.ConnState)
	address := listen(t, p)
	const ping = "GET /ping HTTP/1.1\r\nHost: glint\r\n\r\n"
	for _, test := range []struct {
		name string
		head string
		idle bool
	}{
		{"after an answer", ping, true},
		{"before the request", "", false},
		{"in the headers", "GET /ping HTTP/1.1\r\nHost: glint\r\nX: ", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			first := reach(t, address, test.head)
			reader := bufio.NewReader(first)
			if test.idle {
				response, err := http.ReadResponse(reader, nil)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				// The answer comes before the server calls the connection idle.
				eventually(t, "the first connection is idle", func() bool { return idle.Load() > 0 })
			}
			for range connectionLimit() {
				conn := reach(t, address, test.head)
				if test.idle {
					if _, err := conn.Read(make([]byte, 1)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := reader.ReadByte(); err == nil || strings.Contains(err.Error(), "timeout") {
				t.Errorf("the connection that was idle for longest is still open: %v", err)
			}
			last := reach(t, address, ping)
			if _, err := last.Read(make([]byte, 1)); err != nil {
				t.Errorf("an honest client gets no answer: %v", err)
			}
		})
	}
}

func TestRefusalDoesNotWaitForTheBody(t *testing.T) {
	p, way := proxyTo(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "Ok.\n") })
	p.relay.set(way)
	address := listen(t, p)
	for _, test := range []struct{ name, line string }{
		{"no account", "POST / HTTP/1.1"},
		{"unknown path", "POST /nowhere HTTP/1.1"},
		{"unknown method", "PUT / HTTP/1.1"},
		{"malformed query", "POST /?a;b HTTP/1.1"},
		{"ping", "GET /ping HTTP/1.1"},
	} {
		for _, body := range []string{"Content-Length: 100", "Transfer-Encoding: chunked"} {
			t.Run(test.name+", "+body, func(t *testing.T) {
				t.Parallel()
				conn := reach(t, address, test.line+"\r\nHost: glint\r\n"+body+"\r\n\r\n")
				if _, err := io.ReadAll(conn); err != nil { // until the proxy has closed it
					t.Errorf("read answer: %v", err)
				}
			})
		}
	}
}
