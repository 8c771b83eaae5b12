package e2e_test

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"glint/ingest/archive"
)

// importedLines is how many lines a log of BenchmarkImport has.
const importedLines = 1_000_000

// BenchmarkImport imports logs of a million opens into a running glint. lines/s is
// how fast lines were durably accepted, rows/s how fast they could be queried, both of
// all parts on this machine; cpu_ns/line is the command's own share, and peak_MB its
// memory. The baseline, read_lines/s, is one goroutine that only reads the lines.
func BenchmarkImport(b *testing.B) {
	for _, format := range []string{"cloudfront", "nginx"} {
		for _, suffix := range []string{".log", ".log.gz"} {
			b.Run(format+suffix, func(b *testing.B) { benchmarkImport(b, format, suffix) })
		}
	}
}

func benchmarkImport(b *testing.B, format, suffix string) {
	i := up(b, newHome(b))
	path := filepath.Join(b.TempDir(), format+suffix)
	writeOpens(b, path, format, registeredPaths(b, i, 20_000))
	baseline := readRate(b, path)
	b.ResetTimer() // it also forgets metrics
	b.ReportMetric(baseline, "read_lines/s")
	for b.Loop() {
		began := time.Now()
		cmd := exec.Command(glintPath(b), "import", "--restart", "--no-wait", "--format", format, path)
		cmd.Env = append(os.Environ(), "GLINT_HOME="+i.home)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		b.ReportMetric(importedLines/time.Since(began).Seconds(), "lines/s")
		state := cmd.ProcessState
		b.ReportMetric(float64((state.UserTime()+state.SystemTime()).Nanoseconds())/importedLines, "cpu_ns/line")
		b.ReportMetric(peakMegabytes(state), "peak_MB")
		for deadline := began.Add(10 * time.Minute); fmt.Sprint(i.report(b, "spring")["opens_total"]) != fmt.Sprint(importedLines); time.Sleep(2 * time.Second) { // a report is no small work
			if time.Now().After(deadline) {
				b.Fatalf("after 10 minutes there are %v opens of %d", i.report(b, "spring")["opens_total"], importedLines)
			}
		}
		b.ReportMetric(importedLines/time.Since(began).Seconds(), "rows/s")
	}
}

// peakMegabytes returns the largest memory that the process had.
func peakMegabytes(state *os.ProcessState) float64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return float64(usage.Maxrss) / 1e6 // bytes there, kB elsewhere
	}
	return float64(usage.Maxrss) / 1e3
}

// registeredPaths registers a campaign and returns the paths of its pixels.
func registeredPaths(b testing.TB, i *instance, n int) (paths []string) {
	b.Helper()
	in, out := filepath.Join(b.TempDir(), "recipients.csv"), filepath.Join(b.TempDir(), "urls.csv")
	recipients := "recipient\n"
	for n := range n {
		recipients += fmt.Sprintf("ada+%d@example.com\n", n)
	}
	if err := os.WriteFile(in, []byte(recipients), 0o600); err != nil {
		b.Fatal(err)
	}
	i.must(b, "send", "register", "--campaign", "spring", "--file", in, "--output", out)
	file, err := os.Open(out)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		b.Fatal(err)
	}
	for _, row := range rows[1:] {
		u, err := url.Parse(row[2])
		if err != nil {
			b.Fatal(err)
		}
		paths = append(paths, u.Path)
	}
	return paths
}

// writeOpens writes a log of opens of the last days, by agents as in the field.
func writeOpens(b *testing.B, path, format string, paths []string) {
	b.Helper()
	table, err := os.ReadFile("../../edge/classify/testdata/agents.tsv")
	if err != nil {
		b.Fatal(err)
	}
	var agents []string
	for line := range strings.Lines(string(table)) {
		if cells := strings.Split(strings.TrimSpace(line), "\t"); len(cells) == 4 && !strings.ContainsAny(cells[3], "\"\\") {
			agents = append(agents, cells[3])
		}
	}
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	buffered := bufio.NewWriterSize(file, 1<<20)
	var w io.Writer = buffered
	if strings.HasSuffix(path, ".gz") {
		packed, _ := gzip.NewWriterLevel(buffered, gzip.BestSpeed) // only a faulty level gives an error
		defer func() { _ = errors.Join(packed.Close(), buffered.Flush()) }()
		w = packed
	} else {
		defer func() { _ = buffered.Flush() }()
	}
	chance := rand.New(rand.NewPCG(1, 2))
	began := time.Now().UTC().Add(-7 * 24 * time.Hour)
	for n := range importedLines {
		at, agent, target := began.Add(time.Duration(n)*20*time.Millisecond), agents[chance.IntN(len(agents))], paths[chance.IntN(len(paths))]
		address := fmt.Sprintf("%d.%d.%d.%d", 11+chance.IntN(180), chance.IntN(256), chance.IntN(256), chance.IntN(256))
		if format == "nginx" {
			_, err = fmt.Fprintf(w, "%s - - [%s] \"GET %s HTTP/1.1\" 200 43 \"-\" \"%s\"\n", address, at.Format("02/Jan/2006:15:04:05 -0700"), target, agent)
		} else {
			agent = strings.ReplaceAll(strings.ReplaceAll(agent, "%", "%2525"), " ", "%2520")
			_, err = fmt.Fprintf(w, "%s\tFRA56-P4\t392\t%s\tGET\td111111abcdef8.cloudfront.net\t%s\t200\t-\t%s\t-\t-\tHit\t%032x%022d==\tpixel.example\thttps\t23\t0.001\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tHit\tHTTP/2.0\n",
				at.Format("2006-01-02\t15:04:05"), address, target, agent, chance.Uint64(), n)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// readRate returns how many lines a second are read by one goroutine that makes
// nothing of them.
func readRate(b *testing.B, path string) float64 {
	b.Helper()
	file, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	began := time.Now()
	r, err := archive.NewReader(file, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	n := 0
	for ; err == nil; n++ {
		_, err = r.Next()
	}
	if n-1 != importedLines {
		b.Fatalf("%d lines, %v", n-1, err)
	}
	return importedLines / time.Since(began).Seconds()
}
