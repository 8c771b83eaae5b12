package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"glint/ingest"
)

// listening waits until a glint answers the pixel and ingest, up or not, and puts
// their addresses into i.
func (i *instance) listening(t *testing.T) {
	t.Helper()
	eventually(t, "the pixel and ingest to answer", func() bool {
		select {
		case <-i.exited:
			t.Fatalf("glint ended with %d", i.cmd.ProcessState.ExitCode())
		default:
		}
		b, err := os.ReadFile(filepath.Join(i.home, "run", "state.json"))
		var s struct {
			PID           int
			Pixel, Ingest string
		}
		if err != nil || json.Unmarshal(b, &s) != nil || s.PID != i.cmd.Process.Pid {
			return false
		}
		i.pixel, i.ingest = s.Pixel, s.Ingest
		return true
	})
}

// status returns the answer to GET /v1/status.
func (i *instance) status(t *testing.T) (s ingest.Status) {
	t.Helper()
	a, err := http.Get(i.ingest + "/v1/status")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	if err := json.NewDecoder(a.Body).Decode(&s); err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", a.StatusCode, err)
	}
	return s
}

// lacks waits until the status names what is missing, and checks that the pixel
// answers meanwhile and that stderr says how to go on.
func (i *instance) lacks(t *testing.T, code, says string) {
	t.Helper()
	eventually(t, "the status to say "+code, func() bool { return i.status(t).Warehouse.State == code })
	a, err := http.Get(i.pixel + "/o/x.gif")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	if b, err := io.ReadAll(a.Body); err != nil || a.StatusCode != http.StatusOK || !strings.HasPrefix(string(b), "GIF89a") {
		t.Errorf("the pixel answers %d, %v", a.StatusCode, err)
	}
	ready, err := http.Get(i.ingest + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ready.Body.Close() }()
	if ready.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %d", ready.StatusCode)
	}
	eventually(t, "stderr to say it", func() bool { return strings.Contains(i.stderr.String(), says) })
	if strings.Contains(i.stdout.String(), "ready") {
		t.Errorf("it says that it is ready: %s", i.stdout)
	}
}

// endsWell stops it at this moment of its start.
func (i *instance) endsWell(t *testing.T) {
	t.Helper()
	if code := i.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

// withEngine launches `glint up` with another engine library.
func withEngine(t *testing.T, home, library string) *instance {
	t.Helper()
	i := &instance{home: home, stdout: &syncBuffer{}, stderr: &syncBuffer{}, exited: make(chan struct{})}
	i.cmd = exec.Command(glintPath(t), "up", "--pixel-listen", "127.0.0.1:0", "--ingest-listen", "127.0.0.1:0", "--warehouse-listen", "127.0.0.1:0")
	i.cmd.Env = append(os.Environ(), "GLINT_HOME="+home, "GLINT_ENGINE="+library)
	i.start(t)
	return i
}

// TestOpensAreKeptWhileTheEngineNeverStarts has a library that is missing, and one
// that is no library.
func TestOpensAreKeptWhileTheEngineNeverStarts(t *testing.T) {
	home := newHome(t)
	first := up(t, home)
	messages := register(t, first, first.pixel, "token", 2)
	first.endsWell(t)
	broken := filepath.Join(t.TempDir(), "libchdb.so")
	if err := os.WriteFile(broken, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for n, c := range []struct{ library, code, says string }{
		{"/nowhere/libchdb.so", "engine_missing", "Try: glint engine install"},
		{broken, "engine_failed", "not ready: the embedded engine"},
	} {
		i := withEngine(t, home, c.library)
		i.listening(t)
		i.lacks(t, c.code, c.says)
		u, err := url.Parse(messages[n].url)
		if err != nil {
			t.Fatal(err)
		}
		fetchers[4].fetch(t, i.pixel+u.Path)
		i.endsWell(t)
	}
	again := up(t, home)
	eventually(t, "both opens", func() bool { return fmt.Sprint(again.report(t, "token")["opens_total"]) == "2" })
}

// gatedWay passes connections on to another address once it is open.
type gatedWay struct {
	net.Listener
	to string

	mu   sync.Mutex
	open bool
}

func newGatedWay(t *testing.T, to string) *gatedWay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &gatedWay{Listener: l, to: to}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.pass(c)
		}
	}()
	return w
}

func (w *gatedWay) pass(c net.Conn) {
	defer func() { _ = c.Close() }()
	w.mu.Lock()
	open := w.open
	w.mu.Unlock()
	if !open {
		return
	}
	there, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer func() { _ = there.Close() }()
	go func() { _, _ = io.Copy(there, c) }() // ends with either connection
	_, _ = io.Copy(c, there)
}

// TestServeWaitsForItsClickHouse starts before its server answers, and with a
// password that is wrong.
func TestServeWaitsForItsClickHouse(t *testing.T) {
	house := up(t, newHome(t))
	way := newGatedWay(t, strings.TrimPrefix(house.clickhouse, "http://"))
	dsn := func(password string) string {
		return fmt.Sprintf("http://%s:%s@%s/glint", house.credentials["GLINT_WAREHOUSE_USER"], password, way.Addr())
	}
	launchServe := func(home, dsn string) *instance {
		i := &instance{home: home, stdout: &syncBuffer{}, stderr: &syncBuffer{}, exited: make(chan struct{})}
		i.cmd = exec.Command(glintPath(t), "serve", "--pixel-listen", "127.0.0.1:0", "--ingest-listen", "127.0.0.1:0")
		i.cmd.Env = append(os.Environ(), "GLINT_HOME="+home, "GLINT_WAREHOUSE="+dsn)
		i.start(t)
		i.listening(t)
		return i
	}
	i := launchServe(newHome(t), dsn(house.credentials["GLINT_WAREHOUSE_PASSWORD"]))
	i.lacks(t, "no_answer", "the warehouse cannot be used yet")

	// A second glint of one warehouse has no keys of its own.
	way.mu.Lock()
	way.open = true
	way.mu.Unlock()
	i.lacks(t, "keys_missing", "bring the keys back")
	key, err := os.ReadFile(filepath.Join(house.home, "keys", "pixel.keys"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(i.home, "keys", "pixel.keys"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the ready line", func() bool { return strings.Contains(i.stdout.String(), "ready pixel=") })
	if s := i.status(t); !s.Ready || s.Warehouse.State != "up" || len(s.Missing) != 0 {
		t.Errorf("%+v", s)
	}

	wrong := launchServe(newHome(t), dsn("wrong"))
	wrong.lacks(t, "denied", "check the user and password")
	if strings.Contains(wrong.stderr.String(), "wrong@") {
		t.Error("stderr has the password")
	}
	wrong.endsWell(t)
	i.endsWell(t)
}

// TestLostKeysStopTheLoadingAndNothingElse loses the key file in each way; when it
// comes back, no open is lost, and no other key was made.
func TestLostKeysStopTheLoadingAndNothingElse(t *testing.T) {
	home := newHome(t)
	first := up(t, home)
	messages := register(t, first, first.pixel, "token", 4)
	first.endsWell(t)
	path := filepath.Join(home, "keys", "pixel.keys")
	key, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	id, _, _ := strings.Cut(strings.Split(string(key), "\n")[1], ":")
	for n, c := range []struct {
		name string
		lose func() error
	}{
		{"emptied", func() error { return os.WriteFile(path, nil, 0o600) }},
		{"comment only", func() error { return os.WriteFile(path, []byte("# keys\n"), 0o600) }},
		{"another key in its place", func() error {
			return os.WriteFile(path, []byte(id+":signing:"+strings.Repeat("07", 32)+"\n"), 0o600)
		}},
		{"the folder is gone, as in a restored home", func() error { return os.RemoveAll(filepath.Dir(path)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.lose(); err != nil {
				t.Fatal(err)
			}
			i := launch(t, home)
			i.listening(t)
			i.lacks(t, "keys_missing", "glint keys forget")
			u, err := url.Parse(messages[n].url)
			if err != nil {
				t.Fatal(err)
			}
			fetchers[4].fetch(t, i.pixel+u.Path)
			if _, stderr, code := i.run(t, "keys", "new"); code != 1 || !strings.Contains(stderr, "glint keys forget") {
				t.Errorf("glint keys new: exit %d, %s", code, stderr)
			}
			if err := os.WriteFile(path, key, 0o600); err != nil {
				t.Fatal(err)
			}
			i.waitReady(t)
			eventually(t, "the open", func() bool { return fmt.Sprint(i.report(t, "token")["opens_total"]) == fmt.Sprint(n+1) })
			if got := query(t, i, "SELECT count() FROM bad_tokens WHERE fault != 'malformed' AND moved = 0"); got != "0\n" {
				t.Errorf("%s bad tokens", got)
			}
			i.endsWell(t)
		})
	}
}

// TestBadTokensAreJudgedAgainWhenTheirKeyIsBack gives a key up, so that opens
// become bad tokens, and brings it back.
func TestBadTokensAreJudgedAgainWhenTheirKeyIsBack(t *testing.T) {
	home := newHome(t)
	first := up(t, home)
	messages := register(t, first, first.pixel, "token", 1)
	first.endsWell(t)
	path := filepath.Join(home, "keys", "pixel.keys")
	key, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := runGlint(t, home, nil, "keys", "forget"); code != 2 || !strings.Contains(stderr, "Try: glint keys forget --yes") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	first.must(t, "keys", "forget", "--yes")
	i := up(t, home)
	fetchers[4].fetch(t, i.pixel+strings.TrimPrefix(messages[0].url, first.pixel))
	eventually(t, "a bad token", func() bool { return query(t, i, "SELECT count() FROM bad_tokens") == "1\n" })
	fresh, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	i.endsWell(t)
	both := string(fresh) + strings.Replace(string(key), ":signing:", ":verifying:", 1)
	if err := os.WriteFile(path, []byte(both), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		again := up(t, home)
		eventually(t, "the open", func() bool { return fmt.Sprint(again.report(t, "token")["opens_total"]) == "1" })
		if got := query(t, again, "SELECT count() FROM opens FINAL"); got != "1\n" {
			t.Errorf("%s rows of opens", got)
		}
		again.endsWell(t)
	}
}

// TestADamagedCheckpointEndsNothing damages it between two runs.
func TestADamagedCheckpointEndsNothing(t *testing.T) {
	home := newHome(t)
	i := up(t, home)
	messages := register(t, i, i.pixel, "token", 1)
	fetchers[4].fetch(t, messages[0].url)
	eventually(t, "the open", func() bool { return fmt.Sprint(i.report(t, "token")["opens_total"]) == "1" })
	for _, content := range []string{"", "{", "null", "\x00\x00\x00", `{"log_id":"x","acknowledged_record":-1}`} {
		i.endsWell(t)
		for _, lane := range []string{"live", "replay"} {
			if err := os.WriteFile(filepath.Join(home, "log", "batches", lane, "checkpoint.json"), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		i = up(t, home)
		eventually(t, "the note", func() bool { return strings.Contains(i.stderr.String(), "damaged checkpoint made anew") })
		if got := fmt.Sprint(i.report(t, "token")["opens_total"]); got != "1" {
			t.Errorf("%q: opens_total is %s, want 1", content, got)
		}
	}
}

// TestACopiedHomeLeavesTheOriginalAlone runs commands in a copy of a home whose
// glint runs.
func TestACopiedHomeLeavesTheOriginalAlone(t *testing.T) {
	i := up(t, newHome(t))
	register(t, i, i.pixel, "token", 1)
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.Mkdir(copied, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"run/state.json", "keys/pixel.keys", "credentials.env"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(copied, part)), 0o700); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("cp", "-a", filepath.Join(i.home, part), filepath.Join(copied, part)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if _, stderr, code := runGlint(t, copied, nil, "report", "token"); code != 1 || !strings.Contains(stderr, "glint is not running") {
		t.Errorf("in the copy: exit %d, %s", code, stderr)
	}
	i.must(t, "report", "token")
}

// TestItStartsOnAFullDisk kills glint with opens that are in the log only, and lets
// it start where nothing can be written: on a full file system, where one may be
// mounted, and under a limit that lets no file grow, which every machine has.
func TestItStartsOnAFullDisk(t *testing.T) {
	t.Run("a full file system", func(t *testing.T) {
		home := newHome(t)
		if err := syscall.Mount("glint-test", home, "tmpfs", 0, "size=512m,mode=0700"); err != nil {
			t.Log("no right to mount a small file system; the other case holds the same:", err)
			return
		}
		t.Cleanup(func() { _ = syscall.Unmount(home, syscall.MNT_DETACH) })
		ballast := filepath.Join(home, "ballast")
		startsFull(t, home, func(args ...string) *instance {
			fillDisk(t, ballast, 0)
			return launch(t, home, args...)
		}, func(*instance) {
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
		})
	})
	t.Run("no file may grow", func(t *testing.T) {
		home := newHome(t)
		startsFull(t, home, func(args ...string) *instance {
			return launchBy(t, home, []string{"sh", "-c", `ulimit -S -f 0; exec "$0" "$@"`}, args...)
		}, func(i *instance) { limitFiles(t, i, unix.RLIM_INFINITY) })
	})
}

func startsFull(t *testing.T, home string, launchFull func(args ...string) *instance, makeRoom func(*instance)) {
	t.Helper()
	first := up(t, home)
	url := register(t, first, first.pixel, "token", 1)[0].url
	for _, engine := range enginesOf(t, home) {
		if err := syscall.Kill(engine, syscall.SIGSTOP); err != nil { // nothing is loaded any more
			t.Fatal(err)
		}
	}
	openMany(t, url, 100)
	eventually(t, "the opens to be in the log", func() bool {
		return first.metrics(t)["glint_pixel_events_total"] == 100
	})
	first.stop(t, syscall.SIGKILL)
	if err := os.Remove(filepath.Join(home, "run", "state.json")); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	pixel := freePort(t)
	ingest := freePort(t)
	for ingest == pixel {
		ingest = freePort(t)
	}
	i := launchFull("--pixel-listen", pixel, "--ingest-listen", ingest)
	eventually(t, "the pixel", func() bool {
		a, err := http.Get("http://" + pixel + "/o/x.gif")
		if err != nil {
			return false
		}
		_ = a.Body.Close()
		return a.StatusCode == http.StatusOK
	})
	eventually(t, "stderr to say it", func() bool { return strings.Contains(i.stderr.String(), "disk is full") })
	_, lines := (&load{}).body()
	request, err := http.NewRequest(http.MethodPost, "http://"+ingest+"/v1/logs", bytes.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+first.credentials["GLINT_INGEST_TOKEN"])
	a, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close()
	if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
		t.Errorf("ingest answers %d on a full disk, want 503 with Retry-After", a.StatusCode)
	}
	makeRoom(i)
	i.waitReady(t)
	eventually(t, "the opens of before", func() bool { return fmt.Sprint(i.report(t, "token")["opens_total"]) == "100" })
	i.endsWell(t)
}

// freePort returns a loopback address without a listener.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// TestSIGTERMEndsEveryMomentOfTheStart sends it sooner and later after the first sign of
// life, which is a folder. Before that the signal may find no handler yet.
func TestSIGTERMEndsEveryMomentOfTheStart(t *testing.T) {
	home := newHome(t)
	run := filepath.Join(home, "run")
	for _, after := range []time.Duration{0, 50, 150, 300, 600, 900, 1200, 1600} {
		if err := os.RemoveAll(run); err != nil {
			t.Fatal(err)
		}
		i := launch(t, home)
		eventually(t, "the folder", func() bool {
			_, err := os.Stat(run)
			return err == nil
		})
		time.Sleep(after * time.Millisecond)
		began := time.Now()
		i.endsWell(t)
		t.Logf("after %d ms: ended in %v", after, time.Since(began).Round(time.Millisecond))
	}
}
