package edgetest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"glint/edge/token"
)

// rival is one program of the benchmark.
type rival struct {
	name string
	wasm string
	e    *emulator

	rates []float64 // requests per second, one per round
	costs []float64 // CPU of the emulator in µs per request, one per round
}

// BenchmarkEdge runs our program, one that makes the same hostcalls and nothing
// else, the SDK's hello-world, and ours compiled by the standard Go compiler.
// Each has its own emulator; the rounds take turns, and medians count, so that
// the machine's other load falls on all of them. The client is in the same two
// cores: read the ratios.
//
// GLINT_BENCH_FLAGS compiles ours with other TinyGo flags too; a semicolon
// separates one set of flags from the next.
func BenchmarkEdge(b *testing.B) {
	const rounds = 7
	flags := makeFlags(b)
	rivals := []*rival{
		{name: "ours", wasm: program(b)},
		{name: "floor", wasm: tinygo(b, "./edge/edgetest/programs/floor", flags...)},
		{name: "hello", wasm: tinygo(b, "./edge/edgetest/programs/hello", flags...)},
		{name: "ours-standard-go", wasm: build(b, "./edge", []string{"GOOS=wasip1", "GOARCH=wasm"},
			[]string{"go", "build", "-ldflags=-s -w", "-tags=fastlyinternalsetparseuri"})},
	}
	for i, other := range strings.Split(os.Getenv("GLINT_BENCH_FLAGS"), ";") {
		if other != "" {
			rivals = append(rivals, &rival{name: fmt.Sprintf("ours-flags-%d", i+1), wasm: tinygo(b, "./edge", strings.Fields(other)...)})
		}
	}
	request := benchRequest(b)
	for _, r := range rivals {
		r.e = start(b, r.wasm, benchManifest(b))
		r.round(b, request, 200*time.Millisecond)
	}
	b.ResetTimer()
	for range rounds {
		for _, r := range rivals {
			rate, cost := r.round(b, request, time.Second)
			r.rates, r.costs = append(r.rates, rate), append(r.costs, cost)
		}
	}
	b.StopTimer()
	report(b, rivals)
}

func report(b *testing.B, rivals []*rival) {
	b.Helper()
	ours, floor := rivals[0], rivals[1]
	fmt.Printf("\n%-18s %9s %9s %8s %8s %8s\n", "program", "requests/s", "CPU µs", "raw kB", "gzip kB", "heap kB")
	for _, r := range rivals {
		raw, zipped := sizes(b, r.wasm)
		fmt.Printf("%-18s %9.0f %9.1f %8.1f %8.1f %8s\n", r.name, median(r.rates), median(r.costs), raw, zipped, heap(b, r.wasm))
	}
	_, zipped := sizes(b, ours.wasm)
	b.ReportMetric(0, "ns/op") // a round's length says nothing
	b.ReportMetric(median(ours.rates)/median(floor.rates), "rate/floor")
	b.ReportMetric(median(ours.costs)/median(floor.costs), "CPU/floor")
	b.ReportMetric(zipped, "gzip-kB")
}

func benchManifest(b *testing.B) string {
	return "[local_server.config_stores.glint]\nformat = \"inline-toml\"\n[local_server.config_stores.glint.contents]\nip_precision = \"truncated\"\n\n" +
		"[[local_server.secret_stores.glint]]\nkey = \"pixel_keys\"\ndata = \"" + strings.TrimSpace(benchRing(b).Text()) + "\"\n\n" +
		geolocation(network{"127.0.0.1", networks[1].facts})
}

func benchRing(b *testing.B) *token.Ring {
	r, err := token.NewRing(token.Key{ID: 1})
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func benchRequest(b *testing.B) []byte {
	signed, err := benchRing(b).Sign(token.Token{Campaign: 1})
	if err != nil {
		b.Fatal(err)
	}
	return requestFor(signed)
}

// requestFor returns a browser's request for an image.
func requestFor(signed string) []byte {
	return []byte("GET /o/" + signed + ".gif HTTP/1.1\r\nHost: pixel.example\r\n" +
		"User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36\r\n" +
		"Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" +
		"Accept-Language: en-US,en;q=0.9\r\nReferer: https://mail.example/\r\nSec-Fetch-Dest: image\r\nSec-Fetch-Mode: no-cors\r\n" +
		"Sec-Fetch-Site: cross-site\r\n\r\n")
}

// round sends requests for a while and returns the rate and the emulator's CPU
// time per request.
func (r *rival) round(b *testing.B, request []byte, length time.Duration) (rate, cost float64) {
	b.Helper()
	const clients = 4
	var wg sync.WaitGroup
	var counts [clients]int
	cpu, began := cpuTime(b, r.e.pid), time.Now()
	for i := range clients {
		wg.Go(func() { counts[i] = load(b, r.e.address, request, length) })
	}
	wg.Wait()
	elapsed, used := time.Since(began), cpuTime(b, r.e.pid)-cpu
	total := 0
	for _, n := range counts {
		total += n
	}
	return float64(total) / elapsed.Seconds(), float64(used.Microseconds()) / float64(total)
}

func load(b *testing.B, address string, request []byte, length time.Duration) (n int) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Error(err)
		return 0
	}
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	for end := time.Now().Add(length); time.Now().Before(end); n++ {
		if _, err := conn.Write(request); err != nil {
			b.Error(err)
			return n
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			b.Error(err)
			return n
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != 200 {
			b.Errorf("%s, %v", res.Status, err)
			return n
		}
	}
	return n
}

// cpuTime returns the processor time of the process, in ticks of 10 ms (proc_pid_stat(5)).
func cpuTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest) // from field 3, the state
	var ticks int64
	for _, f := range fields[11:13] { // utime, stime
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

func sizes(b *testing.B, path string) (raw, zipped float64) {
	b.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return float64(len(text)) / 1000, float64(z.Len()) / 1000
}

// heap is the memory of a sandbox at the end, as the emulator reports it in its
// verbose mode, which is too slow for the rounds.
func heap(b *testing.B, wasm string) string {
	b.Helper()
	e := start(b, wasm, benchManifest(b), "-v")
	c := newClient(b, e.address, "")
	for range 50 {
		c.get("/o/x.gif", "")
	}
	const mark = "completed using "
	waitFor(b, "the emulator to print the heap", func() bool { return strings.Contains(e.said(b), mark) })
	said := e.said(b)
	_, rest, _ := strings.Cut(said[strings.LastIndex(said, mark):], mark)
	text, _, _ := strings.Cut(rest, " of")
	return text
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}
