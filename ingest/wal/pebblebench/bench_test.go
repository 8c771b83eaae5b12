// Package pebblebench compares the log with two baselines on the same disk in
// the same run: a plain file with a write and an fsync per record, and pebble's
// synced writes, which share fsyncs as the log does.
//
//	cd ingest/wal/pebblebench && go test -bench .
package pebblebench

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"glint/ingest/wal"
)

// span is the writing time of each of the three in a case.
const span = 1500 * time.Millisecond

// BenchmarkAppend reports the log's records per second and their ratio to the
// others'. The order changes each round, since disks slow down under load.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{300, 300_000} {
		for _, writers := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("body=%d/writers=%d", size, writers), func(b *testing.B) {
				b.SetBytes(int64(size))
				var count [3]int
				body := makeBody(size)
				for round := range b.N {
					for i := range 3 {
						n := 0
						switch (round + i) % 3 {
						case 0:
							n = run(writers, openLog(b, body))
						case 1:
							n = run(1, openPlain(b, body))
						case 2:
							n = run(writers, openPebble(b, body))
						}
						count[(round+i)%3] += n
					}
				}
				seconds := span.Seconds() * float64(b.N)
				b.ReportMetric(float64(count[0])/seconds, "records/s")
				b.ReportMetric(float64(count[0]*size)/seconds/1e6, "wal_MB/s")
				b.ReportMetric(float64(count[0])/float64(count[1]), "x_plain_fsync")
				b.ReportMetric(float64(count[0])/float64(count[2]), "x_pebble")
				b.ReportMetric(0, "ns/op") // the length of a round is fixed
			})
		}
	}
}

// store is one of the three; write gets a different number each time.
type store struct {
	write func(n uint64) error
	close func()
}

// run writes for a span and returns the number of writes.
func run(writers int, s store) int {
	defer s.close()
	var done atomic.Int64
	var next atomic.Uint64
	var all sync.WaitGroup
	end := time.Now().Add(span)
	for range writers {
		all.Go(func() {
			for time.Now().Before(end) {
				if err := s.write(next.Add(1)); err != nil {
					panic(err)
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	return int(done.Load())
}

func openLog(b *testing.B, body []byte) store {
	dir := tempDir(b)
	l, err := wal.Open(wal.Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	return store{
		write: func(uint64) error {
			_, err := l.Append(context.Background(), &wal.Record{ReceivedAt: time.Now(), Source: "bench", Body: body})
			return err
		},
		close: func() { _, _ = l.Close(context.Background()), os.RemoveAll(dir) },
	}
}

func openPlain(b *testing.B, body []byte) store {
	dir := tempDir(b)
	f, err := os.Create(filepath.Join(dir, "plain"))
	if err != nil {
		b.Fatal(err)
	}
	return store{
		write: func(n uint64) error {
			if _, err := f.WriteAt(body, int64(n-1)*int64(len(body))); err != nil {
				return err
			}
			return f.Sync()
		},
		close: func() { _, _ = f.Close(), os.RemoveAll(dir) },
	}
}

func openPebble(b *testing.B, body []byte) store {
	dir := tempDir(b)
	db, err := pebble.Open(dir, &pebble.Options{Logger: silent{}})
	if err != nil {
		b.Fatal(err)
	}
	return store{
		write: func(n uint64) error {
			return db.Set(binary.BigEndian.AppendUint64(nil, n), body, pebble.Sync)
		},
		close: func() { _, _ = db.Close(), os.RemoveAll(dir) },
	}
}

type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}

// tempDir is removed by close, so that a long run does not fill the disk.
func tempDir(b *testing.B) string {
	dir, err := os.MkdirTemp(b.TempDir(), "")
	if err != nil {
		b.Fatal(err)
	}
	return dir
}

// makeBody returns text that compresses about as well as log lines.
func makeBody(size int) []byte {
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(' ' + (i*7+i/300)%90)
	}
	return body
}
