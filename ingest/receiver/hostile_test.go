package receiver

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	heap "runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// peakHeap runs f and returns the largest growth of the heap in bytes, with little garbage:
// else the number depends on how many processors the collector has to keep up with.
func peakHeap(f func()) int64 {
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	sample := []heap.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	read := func() int64 {
		heap.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	runtime.GC()
	base := read()
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		peak := int64(0)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			peak = max(peak, read()-base)
			select {
			case <-stop:
				done <- peak
				return
			case <-tick.C:
			}
		}
	}()
	f()
	close(stop)
	return <-done
}

// together runs f n times at once.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// bomb returns the compressed form of n zero bytes.
func bomb(t *testing.T, kind string, n int64) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if kind == "zstd" {
		z, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(8<<20))
		if err != nil {
			t.Fatal(err)
		}
		w = z
	}
	block := make([]byte, 1<<20)
	for ; n > 0; n -= int64(len(block)) {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBombsCostNoMemory(t *testing.T) {
	for _, kind := range []string{"gzip", "zstd"} {
		t.Run(kind, func(t *testing.T) {
			sent := bomb(t, kind, 256<<20)
			w := start(t, func(c *Config) {
				c.MaxDecodedBytes = 32 << 20
				c.MaxInFlightBytes = 0  // the default
				c.QueueWait = time.Hour // wait for a decoder on a slow machine
			})
			peak := peakHeap(func() {
				together(16, func(int) {
					if got := w.post(t, bytes.NewReader(sent)); got.String() != "413 too_large" {
						t.Errorf("got %s", got)
					}
				})
			})
			t.Logf("16 %s bombs of %d bytes for 256 MiB each: heap grew by %.1f MiB at most", kind, len(sent), mib(peak))
			if peak > 200<<20 {
				t.Errorf("the heap grew by %.1f MiB", mib(peak))
			}
		})
	}
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// endless never ends and never fails.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestEndlessBodiesEndAtTheLimit(t *testing.T) {
	w := start(t, func(c *Config) { c.MaxInFlightBytes = 48 << 20 })
	var refused atomic.Int64
	peak := peakHeap(func() {
		together(32, func(int) {
			r, err := http.NewRequest(http.MethodPost, w.url+"/v1/logs", endless{})
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer "+secret)
			got, err := w.client.Do(r)
			if err != nil {
				refused.Add(1) // closed while sending, before the client read the answer
				return
			}
			defer func() { _ = got.Body.Close() }()
			if got.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("got %s", got.Status)
			}
			refused.Add(1)
		})
	})
	t.Logf("32 endless bodies: heap grew by %.1f MiB at most", mib(peak))
	if refused.Load() != 32 || peak > 160<<20 || len(w.stored()) > 0 {
		t.Errorf("%d refused, heap grew by %.1f MiB, %d stored", refused.Load(), mib(peak), len(w.stored()))
	}
	if got := w.post(t, strings.NewReader(two)); got.String() != "200 lines=2" {
		t.Errorf("an honest client then got %s", got)
	}
}

func TestAnnouncedLengthReservesNothing(t *testing.T) {
	w := start(t, nil)
	for range 100 {
		w.raw(t, head("Content-Length: 4194304\r\n")+"x")
	}
	if got := w.post(t, bytes.NewReader(bytes.Repeat([]byte("{    }\n"), 1<<19))); got.String() != "200 lines=524288" {
		t.Errorf("a body of 3 MiB got %s", got)
	}
}

func TestTooManyLinesAreRefused(t *testing.T) {
	w := start(t, nil)
	for name, body := range map[string][]byte{
		"lines": bytes.Repeat([]byte("x\n"), maxLines+1), "blank lines": append([]byte("x"), bytes.Repeat([]byte("\n"), maxLines+1)...),
		"lines of white space": bytes.Repeat([]byte(" \r\n"), maxLines+1),
	} {
		if got := w.post(t, bytes.NewReader(body)); !strings.HasPrefix(got.String(), "413") {
			t.Errorf("a body of %d %s got %s", maxLines+1, name, got)
		}
		if got := w.post(t, bytes.NewReader(gzipped(body)), "Content-Encoding", "gzip"); !strings.HasPrefix(got.String(), "413") {
			t.Errorf("a body of %d %s in gzip got %s", maxLines+1, name, got)
		}
	}
	if got := w.post(t, strings.NewReader(two)); got.String() != "200 lines=2" {
		t.Errorf("an honest client then got %s", got)
	}
}

func TestMemoryInFlightStaysWithinItsLimit(t *testing.T) {
	const limit = 17 << 20
	body := zstded(bytes.Repeat([]byte("{\"a\":\"line\"}\n"), 300_000))
	plain := bytes.Repeat([]byte("{\"b\":\"line\"}\n"), 300_000)
	var most atomic.Int64
	var w *world
	w = start(t, func(c *Config) {
		c.MaxInFlightBytes = limit
		c.QueueWait = time.Minute
		c.Store = func(context.Context, *Body) error {
			for used := w.memory.used.Load(); ; {
				if seen := most.Load(); used <= seen || most.CompareAndSwap(seen, used) {
					return nil
				}
			}
		}
	})
	together(16, func(i int) {
		sent := body
		if i%2 == 0 {
			sent = plain
		}
		if got := w.post(t, bytes.NewReader(sent)); got.String() != "200 lines=300000" {
			t.Errorf("got %s", got)
		}
	})
	t.Logf("most in flight: %.1f of %d MiB", mib(most.Load()), limit>>20)
	if most.Load() > limit || most.Load() == 0 || w.memory.used.Load() != 0 {
		t.Errorf("most in flight %d, now %d", most.Load(), w.memory.used.Load())
	}
}

func TestWhoFindsNoRoomIsToldToComeAgain(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	w := start(t, func(c *Config) {
		c.MaxConcurrent = 1
		c.QueueWait = 10 * time.Millisecond
		c.Store = func(context.Context, *Body) error {
			entered <- struct{}{}
			<-leave
			return nil
		}
	})
	first := make(chan answer)
	go func() { first <- w.post(t, strings.NewReader(two)) }()
	<-entered
	if got := w.post(t, strings.NewReader(two)); got.String() != "429 busy retry=2" {
		t.Errorf("got %s", got)
	}
	close(leave)
	if got := <-first; got.String() != "200 lines=2" {
		t.Errorf("the first got %s", got)
	}
}

func TestSlowWritersAreCut(t *testing.T) {
	for name, send := range map[string]func(net.Conn) error{
		"nothing after the headers": func(net.Conn) error { return nil },
		"a byte now and then": func(c net.Conn) error {
			for {
				if _, err := c.Write([]byte("x")); err != nil {
					return err
				}
				time.Sleep(10 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, func(c *Config) {
				c.BodyGrace = 50 * time.Millisecond
				c.MinBytesPerSec = 1 << 20
			})
			c, answers := w.raw(t, head("Content-Length: 1000000\r\n"))
			go func() { _ = send(c) }()
			got, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			if a := readAnswer(t, got); a.String() != "408 too_slow" || !got.Close {
				t.Errorf("got %s, close %v", a, got.Close)
			}
			if w.memory.used.Load() != 0 {
				t.Errorf("%d bytes are still in flight", w.memory.used.Load())
			}
		})
	}
}

func TestSteadyWriterIsNotCut(t *testing.T) {
	w := start(t, func(c *Config) {
		c.BodyGrace = 30 * time.Second // longer than any stall of this machine
		c.MinBytesPerSec = 1
	})
	c, answers := w.raw(t, head("Transfer-Encoding: chunked\r\n"))
	for range 50 {
		_, _ = io.WriteString(c, "3\r\n{}\n\r\n")
		time.Sleep(time.Millisecond)
	}
	_, _ = io.WriteString(c, "0\r\n\r\n")
	got, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a := readAnswer(t, got); a.String() != "200 lines=50" {
		t.Errorf("got %s", a)
	}
}

func TestSlowHeadersAreCut(t *testing.T) {
	w := start(t, func(c *Config) { c.HeaderTimeout = 50 * time.Millisecond })
	_, answers := w.raw(t, "POST /v1/logs HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	if _, err := answers.ReadByte(); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want the end of the connection", err)
	}
}

func TestHugeHeadersAreRefused(t *testing.T) {
	w := start(t, nil)
	_, answers := w.raw(t, head("X-Huge: "+strings.Repeat("x", 64<<10)+"\r\n"))
	if line, err := answers.ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 431 ") {
		t.Errorf("got %q, %v", line, err)
	}
}

func TestBrokenOffBodyIsNotStored(t *testing.T) {
	w := start(t, nil)
	for _, request := range []string{
		head("Content-Length: 100\r\n") + two,
		head("Transfer-Encoding: chunked\r\n") + "10\r\n" + two,
		head("Transfer-Encoding: chunked\r\n") + "zz\r\n" + two,
	} {
		c, answers := w.raw(t, request)
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		got, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a := readAnswer(t, got); a.String() != "400 broken_body" {
			t.Errorf("got %s", a)
		}
	}
	if n := len(w.stored()); n != 0 {
		t.Errorf("%d bodies were stored", n)
	}
}

// idleConnections returns the number of connections that the limit of open files allows,
// with both ends in this process; at most 10,000.
func idleConnections(t *testing.T) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	n := min(10_000, (int(min(limit.Cur, 1<<20))-500)/2)
	if n < 1000 {
		t.Fatalf("the limit of %d open files is too low for this test", limit.Cur)
	}
	return n
}

// honest posts a body, and retries if its connection was the one idle for
// longest.
func (w *world) honest(t *testing.T, client int) {
	var err error
	for range 5 {
		var got answer
		if got, err = w.try(t, http.MethodPost, "/v1/logs", strings.NewReader(two)); err == nil {
			if got.String() != "200 lines=2" {
				t.Errorf("honest client %d got %s", client, got)
			}
			return
		}
	}
	t.Errorf("honest client %d: %v", client, err)
}

func TestIdleConnectionsLeaveRoomForHonestClients(t *testing.T) {
	n := idleConnections(t)
	for name, limit := range map[string]int{"all within the limit": n + 100, "ten times the limit": n / 10} {
		t.Run(name, func(t *testing.T) {
			w := start(t, func(c *Config) {
				c.MaxConnections = limit
				c.HeaderTimeout = 10 * time.Minute
			})
			peak := peakHeap(func() {
				// Half of them send nothing, half have begun a request.
				together(50, func(i int) {
					for k := range n / 50 {
						text := ""
						if k%2 == 0 {
							text = "POST /v1/logs HTTP/1.1\r\nHost: x\r\n"
						}
						w.raw(t, text)
					}
					w.honest(t, i)
				})
			})
			open := w.conns.Open()
			t.Logf("%d idle connections, limit %d: %d open, heap grew by %.1f MiB at most (both ends)", n, limit, open, mib(peak))
			if open > limit || peak > 400<<20 {
				t.Errorf("%d connections are open, heap grew by %.1f MiB", open, mib(peak))
			}
			if got := w.post(t, strings.NewReader(two)); got.String() != "200 lines=2" {
				t.Errorf("an honest client at last got %s", got)
			}
		})
	}
}

func TestWrongTokensDoNotKeepHonestClientsOut(t *testing.T) {
	w := start(t, func(c *Config) { c.MaxConcurrent = 2 })
	stop := make(chan struct{})
	var strangers sync.WaitGroup
	for i := range 8 {
		strangers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got := w.post(t, bytes.NewReader(make([]byte, 100_000)), "Authorization", fmt.Sprintf("Bearer guess-%d", i))
				if got.String() != "401 unauthorized" {
					t.Errorf("a stranger got %s", got)
				}
			}
		})
	}
	for range 50 {
		if got := w.post(t, strings.NewReader(two)); got.String() != "200 lines=2" {
			t.Errorf("an honest client got %s", got)
		}
	}
	close(stop)
	strangers.Wait()
}
