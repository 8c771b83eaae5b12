package pixelserver

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// strangers is the number of hostile connections of a test: fewer where the
// limit of open files is low, since both ends are in this process.
func strangers(t *testing.T, n int) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	n = min(n, int(limit.Cur)/3)
	if n < 200 {
		t.Fatalf("the limit of %d open files is too low for this test", limit.Cur)
	}
	return n
}

// hold opens n connections and says text on each. They stay open; the server may
// close them.
func (w *world) hold(t *testing.T, n int, text func(i int) string) {
	t.Helper()
	conns := make([]net.Conn, n)
	t.Cleanup(func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close()
			}
		}
	})
	var wg sync.WaitGroup
	for worker := range 20 {
		wg.Go(func() {
			for i := worker; i < n; i += 20 {
				c, err := net.Dial("tcp", w.address)
				if err != nil {
					t.Errorf("connection %d: %v", i, err)
					return
				}
				conns[i] = c
				_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)                    // takes few answers without reading
				_ = c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)) // the server may not read it all
				_, _ = io.WriteString(c, text(i))
			}
		})
	}
	wg.Wait()
}

// honest opens an image and says whether it was there at once.
func (w *world) honest(t *testing.T, i int) {
	t.Helper()
	raw := get(fmt.Sprintf("/o/honest-%d.gif", i), "User-Agent: honest")
	isImage(t, w.talk(t, "GET", raw, 1)[0], "gif")
}

// memory returns the bytes that the process has taken for heap and stacks.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func TestStrangersDoNotKeepHonestClientsOut(t *testing.T) {
	many := strangers(t, 3000)
	for _, c := range []struct {
		name    string
		n       int
		text    func(i int) string
		perConn int64 // bytes of memory, both ends
	}{
		{"idle connections", many, func(int) string { return "" }, 24 << 10},
		{"unfinished heads", many, func(int) string { return "GET /o/x.gif HTTP/1.1\r\nHost: h\r\n" }, 28 << 10},
		{"unfinished heads of 15 kB", many, func(int) string {
			return "GET /o/x.gif HTTP/1.1\r\nX-Long: " + strings.Repeat("x", 15<<10)
		}, 44 << 10},
		{"unfinished bodies", many, func(int) string { return "POST /robots.txt HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nx" }, 44 << 10},
		// Few, since the kernel holds what they do not read.
		{"clients that do not read", 60, func(int) string { return strings.Repeat(get("/robots.txt"), 20_000) }, 96 << 10},
	} {
		n := c.n
		for name, limit := range map[string]int{"within the limit": n + 100, "ten times the limit": n / 10} {
			t.Run(c.name+", "+name, func(t *testing.T) {
				w := serve(t, func(cfg *Config) {
					cfg.MaxConnections = limit
					cfg.headerTimeout = time.Hour
					write := cfg.Write
					cfg.Write = func(line []byte) {
						if bytes.Contains(line, []byte("honest-")) {
							write(line) // the strangers' come when they go
						}
					}
				})
				before := memory()
				batches := 10
				for i := range batches {
					w.hold(t, n/batches, c.text)
					w.honest(t, i)
				}
				used := memory() - before
				t.Logf("%d connections, limit %d: %d open, %d closed to make room, %d kB each",
					n, limit, w.server.limit.Open(), w.server.limit.Evicted(), used/int64(n)>>10)
				if open := w.server.limit.Open(); open > limit {
					t.Errorf("%d connections are open, the limit is %d", open, limit)
				}
				if used > int64(n)*c.perConn {
					t.Errorf("%d bytes of memory for each connection, want at most %d", used/int64(n), c.perConn)
				}
				for range batches {
					if e := w.event(t); !strings.HasPrefix(e.Token, "honest-") {
						t.Errorf("got %+v", e)
					}
				}
			})
		}
	}
}

// TestNoDescriptorsLeft has the process use up all of its files: the server goes
// on once there are some again.
func TestNoDescriptorsLeft(t *testing.T) {
	w := serve(t, nil)
	w.honest(t, 0)
	c := dial(t, w) // waits in the backlog if it is not accepted yet
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low := syscall.Rlimit{Cur: 3, Max: limit.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	_, err := os.Open(os.DevNull)
	late, lateErr := net.Dial("tcp", w.address)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, syscall.EMFILE) || lateErr == nil {
		if late != nil {
			_ = late.Close()
		}
		t.Fatalf("there were descriptors: %v, %v", err, lateErr)
	}
	if _, err := io.WriteString(c, get("/o/patient.gif", "Connection: close")); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(c); err != nil || !strings.Contains(string(b), "GIF89a") {
		t.Errorf("%q, %v", b, err)
	}
	w.honest(t, 1)
}

// TestAcceptOutlivesPassingErrors gives the server a listener that fails at
// times, as one does without descriptors.
func TestAcceptOutlivesPassingErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{address: l.Addr().String()}
	s := New(Config{Now: time.Now, Write: func([]byte) {}})
	served := make(chan error, 1)
	go func() {
		served <- s.Serve(&moody{Listener: l, errs: []error{syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED}})
	}()
	w.honest(t, 0)
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	fatal := errors.New("gone for good")
	l, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := New(Config{Now: time.Now}).Serve(&moody{Listener: l, errs: []error{fatal}}); !errors.Is(err, fatal) {
		t.Errorf("got %v, want %v", err, fatal)
	}
}

// moody is a listener whose first calls fail.
type moody struct {
	net.Listener
	errs []error
}

func (m *moody) Accept() (net.Conn, error) {
	if len(m.errs) > 0 {
		err := m.errs[0]
		m.errs = m.errs[1:]
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept", err)}
	}
	return m.Listener.Accept()
}

func TestShutdownAnswersWhatHasCome(t *testing.T) {
	w := serve(t, nil)
	idle, half := dial(t, w), dial(t, w)
	if _, err := io.WriteString(idle, get("/robots.txt")); err != nil {
		t.Fatal(err)
	}
	if _, err := http.ReadResponse(bufio.NewReader(idle), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(half, "GET /o/half.gif HTTP/1.1\r\n"); err != nil {
		t.Fatal(err)
	}
	for w.server.limit.Open() < 2 || !w.idleConns(1) {
		time.Sleep(time.Millisecond)
	}
	done := make(chan error, 1)
	go func() { done <- w.server.Shutdown(t.Context()) }()
	if n, err := idle.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("the idle connection: %d bytes, %v", n, err)
	}
	if _, err := io.WriteString(half, "\r\n"); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(half)
	if err != nil || !strings.Contains(string(b), "Connection: close") || !strings.Contains(string(b), "GIF89a") {
		t.Errorf("the request under way got %q, %v", b, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if e := w.event(t); e.Token != "half" {
		t.Errorf("got %+v", e)
	}
}
