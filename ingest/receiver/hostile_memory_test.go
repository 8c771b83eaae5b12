package receiver

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// discard keeps nothing, so that the heap holds only the server's memory.
func discard(context.Context, *Body) error { return nil }

func TestLinesOfAMegabyteCostTheirBytesOnly(t *testing.T) {
	const lines, clients = 3, 32
	body := bytes.Repeat(append(bytes.Repeat([]byte{'x'}, 1<<20), '\n'), lines)
	for name, sent := range map[string][]byte{"plain": body, "gzip": gzipped(body), "zstd": zstded(body)} {
		t.Run(name, func(t *testing.T) {
			w := start(t, func(c *Config) {
				c.QueueWait = time.Hour // wait for memory on a slow machine
				c.Store = discard
			})
			peak := peakHeap(func() {
				together(clients, func(int) {
					if got := w.post(t, bytes.NewReader(sent)); got.String() != "200 lines=3" {
						t.Errorf("got %s", got)
					}
				})
			})
			t.Logf("%d bodies of %d lines of 1 MiB as %s: heap grew by %.1f MiB at most", clients, lines, name, mib(peak))
			if peak > 128<<20 {
				t.Errorf("the heap grew by %.1f MiB", mib(peak))
			}
		})
	}
}

func TestManySlowWritersCostLittleMemory(t *testing.T) {
	const writers = 200
	w := start(t, func(c *Config) {
		c.BodyGrace = 500 * time.Millisecond
		c.MinBytesPerSec = 1 << 20
		c.Store = discard
	})
	var cut atomic.Int64
	peak := peakHeap(func() {
		together(writers, func(int) {
			c, answers := w.raw(t, head("Content-Length: 4000000\r\n"))
			go func() {
				for _, err := c.Write([]byte("x")); err == nil; _, err = c.Write([]byte("x")) {
					time.Sleep(10 * time.Millisecond)
				}
			}()
			got, err := http.ReadResponse(answers, nil)
			switch {
			case errors.Is(err, os.ErrDeadlineExceeded):
				t.Error("not cut within a minute")
				return
			case err != nil: // closed while sending, before the client read the answer
				cut.Add(1)
				return
			}
			cut.Add(1)
			defer func() { _ = got.Body.Close() }()
			if got.StatusCode != http.StatusRequestTimeout {
				t.Errorf("got %s", got.Status)
			}
		})
	})
	t.Logf("%d slow writers: %d cut, heap grew by %.1f MiB at most (both ends)", writers, cut.Load(), mib(peak))
	if cut.Load() != writers || peak > 64<<20 || w.memory.used.Load() != 0 {
		t.Errorf("%d were cut, the heap grew by %.1f MiB, %d bytes are in flight", cut.Load(), mib(peak), w.memory.used.Load())
	}
}
