package wal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"glint/ingest/wal"
)

// BenchmarkAppend writes records and waits for the disk. Beside each case the
// same bytes are written in the simplest way, by one writer with one write and
// one fsync per record. It reports the ratio of the two rates, and both
// latencies until a record is on disk.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{300, 300_000, 4_000_000} {
		for _, writers := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("body=%d/writers=%d", size, writers), func(b *testing.B) {
				body := benchBody(size)
				l, err := wal.Open(wal.Options{Dir: b.TempDir(), MaxBytes: 4 << 30})
				if err != nil {
					b.Fatal(err)
				}
				stop := releaseAll(l)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				b.ResetTimer()
				times := appendAll(b, l, body, writers, b.N)
				b.StopTimer()
				reportTimes(b, times, "")
				rate := float64(b.N) / b.Elapsed().Seconds()
				b.ReportMetric(rate, "records/s")
				b.ReportMetric(float64(b.N)/float64(l.Stats().Syncs), "records/sync")
				stop()
				if err := l.Close(context.Background()); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(rate/plainRate(b, body, b.N, b.Elapsed()), "x_plain_fsync")
			})
		}
	}
}

// BenchmarkOneWriter alternates an append with a plain write and fsync of the
// same size, so that other load on disk and processors slows both. append_sync
// is the fsync's part of an append.
func BenchmarkOneWriter(b *testing.B) {
	for _, size := range []int{300, 300_000} {
		b.Run(fmt.Sprintf("body=%d", size), func(b *testing.B) {
			var syncs, appends, plains []time.Duration
			l, err := wal.Open(wal.Options{Dir: b.TempDir(), OnSync: func(c wal.Commit) { syncs = append(syncs, c.Sync) }})
			if err != nil {
				b.Fatal(err)
			}
			f, err := os.Create(filepath.Join(b.TempDir(), "plain"))
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = f.Close() }()
			r := &wal.Record{ReceivedAt: time.Now(), Source: "bench", Lines: 1, Body: benchBody(size)}
			for off := int64(0); b.Loop(); off += int64(size) {
				began := time.Now()
				if _, err := l.Append(context.Background(), r); err != nil {
					b.Fatal(err)
				}
				appends = append(appends, time.Since(began))
				began = time.Now()
				if _, err := f.WriteAt(r.Body, off); err != nil {
					b.Fatal(err)
				}
				if err := f.Sync(); err != nil {
					b.Fatal(err)
				}
				plains = append(plains, time.Since(began))
			}
			if err := l.Close(context.Background()); err != nil {
				b.Fatal(err)
			}
			reportTimes(b, appends, "append_")
			reportTimes(b, syncs, "append_sync_")
			reportTimes(b, plains, "plain_")
		})
	}
}

// BenchmarkRead reads a backlog of 256 MB, every checksum checked.
func BenchmarkRead(b *testing.B) {
	for _, size := range []int{300, 300_000} {
		b.Run(fmt.Sprintf("body=%d", size), func(b *testing.B) {
			l, err := wal.Open(wal.Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			records := 256_000_000 / size
			_ = appendAll(b, l, benchBody(size), 64, records)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			var r *wal.Reader
			for i := range b.N {
				if i%records == 0 {
					r = l.NewReader(wal.Position{})
				}
				if _, _, err := r.Next(context.Background()); err != nil {
					b.Fatal(err)
				}
				if i%records == records-1 || i == b.N-1 {
					_ = r.Close()
				}
			}
			b.StopTimer()
			if err := l.Close(context.Background()); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func benchBody(size int) []byte {
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(' ' + (i*7+i/300)%90)
	}
	return body
}

// plainRate returns the records per second that one writer brings to disk with
// a write and an fsync each: n of them, or as many as fit in span.
func plainRate(b *testing.B, body []byte, records int, span time.Duration) float64 {
	f, err := os.Create(filepath.Join(b.TempDir(), "plain"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var times []time.Duration
	n, start := 0, time.Now()
	for n < records && (n == 0 || time.Since(start) < span) {
		began := time.Now()
		if _, err := f.WriteAt(body, int64(n*len(body))); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(began))
		n++
	}
	rate := float64(n) / time.Since(start).Seconds()
	reportTimes(b, times, "plain_")
	return rate
}

// reportTimes reports the median and the 99th percentile.
func reportTimes(b *testing.B, times []time.Duration, prefix string) {
	slices.Sort(times)
	for _, p := range []int{50, 99} {
		b.ReportMetric(float64(times[len(times)*p/100].Microseconds()), fmt.Sprintf("%sp%d_us", prefix, p))
	}
}

// appendAll appends n records and returns the duration of each.
func appendAll(b *testing.B, l *wal.Log, body []byte, writers, n int) []time.Duration {
	var last atomic.Int64
	times := make([]time.Duration, n)
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			r := &wal.Record{ReceivedAt: time.Now(), Source: "bench", Lines: uint32(len(body) / 300), Body: body}
			for i := last.Add(1) - 1; i < int64(n); i = last.Add(1) - 1 {
				began := time.Now()
				if _, err := l.Append(context.Background(), r); err != nil {
					b.Error(err)
					return
				}
				times[i] = time.Since(began)
			}
		})
	}
	all.Wait()
	return times
}

// releaseAll acknowledges whatever is durable, so that the disk does not fill.
func releaseAll(l *wal.Log) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(200 * time.Millisecond):
				l.Release(wal.Position{Record: 1 << 62})
			}
		}
	}()
	return func() { close(done); <-ended }
}
