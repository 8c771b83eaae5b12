package pixelserver

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"glint/edge/pixel"
	"glint/edge/token"
	"glint/ingest/logstream"
)

// pixelChild makes the test binary the server of BenchmarkBesideNginx; its
// value is the file of the event lines.
const pixelChild = "GLINT_BENCH_PIXEL_LOG"

func TestMain(m *testing.M) {
	if path := os.Getenv(pixelChild); path != "" {
		if err := runPixel(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

var benchRing, _ = token.NewRing(token.Key{ID: 1})

// runPixel serves as `glint up` does, but for where the lines go: like nginx's
// log, to a file. It ends when stdin does.
func runPixel(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	lines := logstream.New(logstream.Config{Period: 200 * time.Millisecond}, func(_ context.Context, body []byte) error {
		_, err := file.Write(body)
		return err
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	s := New(Config{Observer: pixel.Observer{Ring: benchRing, Edge: "standalone"}, Write: lines.Add, Now: time.Now})
	go func() { _ = s.Serve(l) }()
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
	_ = s.Shutdown(ended())
	lines.Close(context.Background())
	return file.Close()
}

const nginxConf = `daemon off; master_process off; worker_processes 1; pid %[1]s/pid; error_log %[1]s/error.log crit;
events { worker_connections 1024; }
http {
  log_format j escape=json '{"t":"$msec","ip":"$remote_addr","uri":"$request_uri","method":"$request_method","ua":"$http_user_agent","ref":"$http_referer","accept":"$http_accept","lang":"$http_accept_language"}';
  access_log %[1]s/access.log j buffer=256k flush=1s;
  keepalive_requests 1000000000;
  client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
  server { listen %[2]s; location /o/ { empty_gif; } }
}
`

// BenchmarkBesideNginx drives nginx's empty_gif with a JSON access log, the
// standalone pixel, and the whole of `glint up` (with its engine), in turns, each
// on core 0, by wrk on core 1 over 64 connections. It reports the medians, and
// their ratios to nginx in the same run.
func BenchmarkBesideNginx(b *testing.B) {
	tools := need(b, "nginx", "wrk", "taskset")
	dir := b.TempDir()
	text, err := benchRing.Sign(token.Token{Campaign: 1, IssuedAt: 1_700_000_000})
	if err != nil {
		b.Fatal(err)
	}
	urls := []string{
		"http://" + startNginx(b, tools, dir) + "/o/" + text + ".gif",
		"http://" + startPixel(b, tools, dir) + "/o/" + text + ".gif",
		startUp(b, tools, dir),
	}
	rates := make([][]float64, len(urls))
	for b.Loop() {
		for range 3 {
			for i, url := range urls {
				rates[i] = append(rates[i], drive(b, tools, url))
			}
		}
	}
	median := func(i int) float64 {
		slices.Sort(rates[i])
		return rates[i][len(rates[i])/2]
	}
	b.ReportMetric(median(0), "nginx-req/s")
	b.ReportMetric(median(1), "pixel-req/s")
	b.ReportMetric(median(2), "up-req/s")
	b.ReportMetric(median(1)/median(0), "pixel-x-nginx")
	b.ReportMetric(median(2)/median(0), "up-x-nginx")
	b.ReportMetric(0, "ns/op") // says nothing
}

// startUp starts `glint up` and returns the URL of a registered pixel.
func startUp(b *testing.B, tools map[string]string, dir string) (url string) {
	b.Helper()
	glint, err := filepath.Abs("../../bin/glint")
	if _, missing := os.Stat(glint); err != nil || missing != nil {
		b.Fatal("no bin/glint (run: make build)")
	}
	env := append(os.Environ(), "GLINT_HOME="+filepath.Join(dir, "home"))
	cmd := exec.Command(tools["taskset"], "-c", "0", glint, "up",
		"--pixel-listen", "127.0.0.1:0", "--ingest-listen", "127.0.0.1:0", "--warehouse-listen", "127.0.0.1:0")
	cmd.Env = env
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	ready, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatalf("glint up is not ready: %v", err)
	}
	base, _, _ := strings.Cut(strings.TrimPrefix(ready, "ready pixel="), " ")
	in, urls := filepath.Join(dir, "in.csv"), filepath.Join(dir, "urls.csv")
	if err := os.WriteFile(in, []byte("recipient\nsomeone@example.com\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	register := exec.Command(glint, "send", "register", "--campaign", "bench", "--file", in, "--output", urls, "--pixel-base-url", base)
	register.Env = env
	if text, err := register.CombinedOutput(); err != nil {
		b.Fatalf("register: %v\n%s", err, text)
	}
	text, err := os.ReadFile(urls)
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(string(text[strings.LastIndex(string(text), "http"):]))
}

// need finds the programs.
func need(b *testing.B, names ...string) map[string]string {
	b.Helper()
	found := map[string]string{}
	for _, name := range names {
		path, err := exec.LookPath(name)
		if sbin := "/usr/sbin/" + name; err != nil && exec.Command(sbin, "-v").Run() == nil {
			path, err = sbin, nil
		}
		if err != nil {
			b.Fatalf("%s is missing; on Debian: apt install nginx-light wrk util-linux", name)
		}
		found[name] = path
	}
	return found
}

func startNginx(b *testing.B, tools map[string]string, dir string) (address string) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // a free port, given back at once
	if err != nil {
		b.Fatal(err)
	}
	address = l.Addr().String()
	_ = l.Close()
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, dir, address), 0o600); err != nil {
		b.Fatal(err)
	}
	start(b, exec.Command(tools["taskset"], "-c", "0", tools["nginx"], "-p", dir, "-c", conf, "-e", dir+"/start.log"))
	for range 100 {
		if r, err := http.Get("http://" + address + "/o/x.gif"); err == nil {
			_ = r.Body.Close()
			return address
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.Fatal("nginx does not answer")
	return ""
}

func startPixel(b *testing.B, tools map[string]string, dir string) (address string) {
	b.Helper()
	cmd := exec.Command(tools["taskset"], "-c", "0", os.Args[0])
	cmd.Env = append(os.Environ(), pixelChild+"="+filepath.Join(dir, "events.ndjson"), "GOMAXPROCS=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = in.Close() })
	start(b, cmd)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func start(b *testing.B, cmd *exec.Cmd) {
	b.Helper()
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

var wrkRate = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)

// drive returns the answers per second; anything but 2xx fails.
func drive(b *testing.B, tools map[string]string, url string) float64 {
	b.Helper()
	out, err := exec.Command(tools["taskset"], "-c", "1", tools["wrk"], "-t1", "-c64", "-d3s",
		"-H", "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.1.0",
		"-H", "Accept: image/avif,image/webp,*/*", "-H", "Accept-Language: en-US,en;q=0.5", "-H", "Accept-Encoding: gzip, deflate",
		url).CombinedOutput()
	found := wrkRate.FindSubmatch(out)
	if err != nil || found == nil || strings.Contains(string(out), "Non-2xx") {
		b.Fatalf("wrk: %v\n%s", err, out)
	}
	rate, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return rate
}
