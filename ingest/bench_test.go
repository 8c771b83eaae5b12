package ingest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"glint/ingest/receiver/linegen"
	"glint/ingest/warehouse/embedded"
)

const (
	benchLines   = 5000 // of a body
	distinctBody = 64   // as many as a minute of zstd needs, so that caches do not hold them all
)

// benchDuration is the time for which a client posts: 3 s, or GLINT_BENCH_SECONDS.
var benchDuration = func() time.Duration {
	seconds, err := strconv.Atoi(os.Getenv("GLINT_BENCH_SECONDS"))
	if err != nil || seconds < 1 {
		seconds = 3
	}
	return time.Duration(seconds) * time.Second
}()

// clientVariable turns this test binary into the benchmark's client.
const clientVariable = "GLINT_BENCH_CLIENT"

func TestMain(m *testing.M) {
	embedded.RunChildIfAsked()
	if address := os.Getenv(clientVariable); address != "" {
		runClient(address)
		return
	}
	if address := os.Getenv(bulkVariable); address != "" {
		runBulkClient(address)
		return
	}
	if task := os.Getenv(postedVariable); task != "" {
		runPostedService(task)
		return
	}
	os.Exit(m.Run())
}

// BenchmarkPostUntilOnDisk posts bodies of event lines, each with its own token
// and event id, to the server before a write-ahead log on this disk, for as long
// as benchDuration; 2xx means synced. The client is a process of its own on the
// same processors, and its CPU is distinguished. x_raw is the ratio to one writer
// that appends the same bytes to a file and syncs it after each body.
func BenchmarkPostUntilOnDisk(b *testing.B) {
	for _, codec := range []string{"plain", "gzip", "zstd"} {
		bodies := benchBodies(codec)
		raw := rawRate(b, bodies)
		for _, connections := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%s/connections=%d", codec, connections), func(b *testing.B) {
				_, address := newLogAndServer(b, filepath.Join(b.TempDir(), "log"), 64<<30)
				for b.Loop() {
					before := ownCPU()
					r := askClient(b, address, codec, connections)
					used := ownCPU() - before
					b.ReportMetric(float64(r.Bodies*benchLines)/r.Seconds, "events/s")
					b.ReportMetric(float64(r.Bodies)/r.Seconds/raw, "x_raw")
					b.ReportMetric(r.P50*1000, "p50_ms")
					b.ReportMetric(r.P99*1000, "p99_ms")
					b.ReportMetric(used.Seconds()/r.Seconds, "server_cores")
					b.ReportMetric(r.CPU/r.Seconds, "client_cores")
				}
			})
		}
	}
}

// BenchmarkPostBesideInserts is the same with what comes behind it: the lines go
// on into a real engine meanwhile. GLINT_BENCH_SECONDS=60 shows whether the backlog
// fits the log's quota for as long.
func BenchmarkPostBesideInserts(b *testing.B) {
	const connections = 8
	for b.Loop() {
		e := newEngine(b)
		s := runService(b, b.TempDir(), e.dsn, nil)
		before := ownCPU()
		r := askClient(b, s.Ingest, "zstd", connections)
		used, m := ownCPU()-before, s.metrics(b)
		b.ReportMetric(float64(r.Bodies*benchLines)/r.Seconds, "events/s")
		b.ReportMetric(m[`glint_batch_inserted_rows_total{lane="live"}`]/r.Seconds, "inserted_rows/s")
		b.ReportMetric(m[`glint_wal_backlog_records{lane="live"}`]*benchLines, "backlog_events")
		b.ReportMetric(m[`glint_wal_backlog_bytes{lane="live"}`]/(1<<20), "backlog_MiB")
		b.ReportMetric(float64(r.Refused), "refused")
		b.ReportMetric(r.P99*1000, "p99_ms")
		b.ReportMetric(used.Seconds()/r.Seconds, "server_cores")
		b.ReportMetric(r.CPU/r.Seconds, "client_cores")
		s.stop()
	}
}

func benchBodies(codec string) (bodies [][]byte) {
	for seed := range distinctBody {
		bodies = append(bodies, encoded(codec, linegen.Body(uint64(seed), benchLines)))
	}
	return bodies
}

var bodyEncoder, _ = zstd.NewWriter(nil) // only faulty options give an error

// encoded is the body as a CDN sends it in that codec.
func encoded(codec string, body []byte) []byte {
	switch codec {
	case "zstd":
		return bodyEncoder.EncodeAll(body, nil)
	case "gzip":
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(body) // a buffer takes all
		_ = w.Close()
		return b.Bytes()
	}
	return body
}

// rawRate returns the bodies per second that a file takes, synced after each.
func rawRate(b *testing.B, bodies [][]byte) float64 {
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	began, n := time.Now(), 0
	for ; time.Since(began) < benchDuration/2; n++ {
		if _, err := f.Write(bodies[n%len(bodies)]); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	return float64(n) / time.Since(began).Seconds()
}

// result is the measurement of the client process.
type result struct {
	Bodies, Refused        int
	Seconds, CPU, P50, P99 float64
}

func askClient(b *testing.B, address, codec string, connections int) (r result) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d", clientVariable, strings.TrimPrefix(address, "http://"), codec, connections))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &r)
	}
	if err != nil || r.Bodies == 0 {
		b.Fatalf("the client: %v, %s", err, out)
	}
	return r
}

// runClient posts for benchDuration and prints a result.
func runClient(task string) {
	var address, codec string
	var connections int
	if _, err := fmt.Sscan(task, &address, &codec, &connections); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var requests [][]byte
	for _, body := range benchBodies(codec) {
		requests = append(requests, requestOf(body))
	}
	var (
		mu      sync.Mutex
		times   []float64
		refused int
		all     sync.WaitGroup
	)
	cpu, began := ownCPU(), time.Now()
	for n := range connections {
		all.Go(func() {
			mine, no := postFor(address, requests, n, began.Add(benchDuration))
			mu.Lock()
			defer mu.Unlock()
			times, refused = append(times, mine...), refused+no
		})
	}
	all.Wait()
	r := result{Bodies: len(times), Refused: refused, Seconds: time.Since(began).Seconds(), CPU: (ownCPU() - cpu).Seconds()}
	if slices.Sort(times); len(times) > 0 {
		r.P50, r.P99 = times[len(times)/2], times[len(times)*99/100]
	}
	_ = json.NewEncoder(os.Stdout).Encode(r) // the parent sees what is missing
}

// requestOf is the request that posts a body, as its bytes.
func requestOf(body []byte) []byte {
	head := fmt.Sprintf("POST /v1/logs HTTP/1.1\r\nHost: ingest\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n", testToken, len(body))
	return append([]byte(head), body...)
}

// postFor posts over one connection until end, or until it is closed, and returns
// the time of each acceptance in seconds.
func postFor(address string, requests [][]byte, first int, end time.Time) (times []float64, refused int) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, 0
	}
	defer func() { _ = c.Close() }()
	answers := bufio.NewReader(c)
	for n := first; time.Now().Before(end); n++ {
		sent := time.Now()
		if _, err := io.Copy(c, bytes.NewReader(requests[n%len(requests)])); err != nil {
			return times, refused
		}
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			return times, refused
		}
		_, _ = io.Copy(io.Discard, answer.Body) // a few bytes
		if answer.StatusCode != http.StatusOK {
			refused++
			continue
		}
		times = append(times, time.Since(sent).Seconds())
	}
	return times, refused
}

// ownCPU is the processor time of this process.
func ownCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
