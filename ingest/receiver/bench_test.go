package receiver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"glint/ingest/receiver/linegen"
)

// BenchmarkPost posts bodies of realistic lines over loopback to a server whose
// store does nothing and, in the same run, to a bare net/http handler that only
// reads the body: x_bare is the ratio of the two rates. The clients share the
// processors with the server; they send prepared bytes, and their cost is part
// of both rates.
func BenchmarkPost(b *testing.B) {
	const distinct = 8 // number of bodies, so that caches do not hold them all
	for _, lines := range []int{1000, 10_000} {
		plain := make([][]byte, distinct)
		for i := range plain {
			plain[i] = linegen.Body(uint64(i), lines)
		}
		for _, c := range []struct {
			name   string
			encode func([]byte) []byte
		}{{"plain", func(b []byte) []byte { return b }}, {"gzip", gzipped}, {"zstd", zstded}} {
			requests := make([][]byte, distinct)
			for i, text := range plain {
				body := c.encode(text)
				requests[i] = append([]byte(head(fmt.Sprintf("Content-Length: %d\r\n", len(body)))), body...)
			}
			for _, connections := range []int{1, 8, 64} {
				b.Run(fmt.Sprintf("%s/lines=%d/connections=%d", c.name, lines, connections), func(b *testing.B) {
					var stored atomic.Int64
					w := start(b, func(c *Config) {
						c.MaxBodyBytes, c.MaxDecodedBytes, c.MaxInFlightBytes = 0, 0, 0 // the defaults
						c.Store = func(_ context.Context, b *Body) error { stored.Add(int64(b.Lines)); return nil }
					})
					bare := bareRate(b, requests, connections)
					b.SetBytes(int64(len(plain[0])))
					b.ReportAllocs()
					b.ResetTimer()
					send(b, w.address, requests, connections, func(n int) bool { return n < b.N })
					b.StopTimer()
					if stored.Load() != int64(b.N*lines) {
						b.Fatalf("%d lines were stored of %d bodies", stored.Load(), b.N)
					}
					rate := float64(b.N) / b.Elapsed().Seconds()
					b.ReportMetric(rate*float64(lines), "events/s")
					b.ReportMetric(bare*float64(lines), "bare_events/s")
					b.ReportMetric(rate/bare, "x_bare")
				})
			}
		}
	}
}

// bareRate returns the requests per second of a handler that only reads.
func bareRate(b *testing.B, requests [][]byte, connections int) float64 {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "{\"lines\":0}\n")
	})}
	go func() { _ = s.Serve(l) }()
	defer func() { _ = s.Close() }()
	start, sent := time.Now(), 0
	send(b, l.Addr().String(), requests, connections, func(n int) bool {
		return time.Since(start) < 500*time.Millisecond || n < 3*connections
	}, &sent)
	return float64(sent) / time.Since(start).Seconds()
}

// send posts requests over kept connections while more, called with the number
// sent so far, returns true.
func send(b *testing.B, address string, requests [][]byte, connections int, more func(n int) bool, sent ...*int) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			c, err := net.Dial("tcp", address)
			if err != nil {
				b.Error(err)
				return
			}
			defer func() { _ = c.Close() }()
			answers := bufio.NewReader(c)
			for {
				n := int(next.Add(1)) - 1
				if !more(n) {
					next.Add(-1)
					return
				}
				if _, err := c.Write(requests[n%len(requests)]); err != nil {
					b.Error(err)
					return
				}
				got, err := http.ReadResponse(answers, nil)
				if err != nil || got.StatusCode != http.StatusOK {
					b.Errorf("got %v, %v", got, err)
					return
				}
				_, _ = io.Copy(io.Discard, got.Body)
			}
		})
	}
	all.Wait()
	for _, s := range sent {
		*s = int(next.Load())
	}
}
