package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serve starts `glint serve` with a pixel, on the ClickHouse at dsn.
func serve(t testing.TB, home, dsn string) *instance {
	t.Helper()
	i := &instance{home: home, stdout: &syncBuffer{}, stderr: &syncBuffer{}, exited: make(chan struct{})}
	i.cmd = exec.Command(glintPath(t), "serve", "--pixel-listen", "127.0.0.1:0", "--ingest-listen", "127.0.0.1:0")
	i.cmd.Env = append(os.Environ(), "GLINT_HOME="+home, "GLINT_WAREHOUSE="+dsn)
	i.start(t)
	eventually(t, "glint serve to be ready", func() bool { return strings.Contains(i.stdout.String(), "\n") })
	if _, err := fmt.Sscanf(i.stdout.String(), "ready pixel=%s ingest=%s", &i.pixel, &i.ingest); err != nil {
		t.Fatalf("ready line %q: %v", i.stdout, err)
	}
	return i
}

func TestInterruptStopsEverythingCleanly(t *testing.T) {
	for _, c := range []struct {
		name  string
		group bool
		sig   syscall.Signal
	}{
		{"SIGINT to glint alone", false, syscall.SIGINT},
		{"SIGTERM to glint alone", false, syscall.SIGTERM},
		{"SIGINT to the whole group", true, syscall.SIGINT},
		{"SIGTERM to the whole group", true, syscall.SIGTERM},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := up(t, newHome(t))
			engines := enginesOf(t, i.home)
			pid := i.cmd.Process.Pid
			if c.group {
				pid = -pid
			}
			if err := syscall.Kill(pid, c.sig); err != nil {
				t.Fatal(err)
			}
			if code := i.waitExit(t); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			if left := alive(engines); len(left) > 0 {
				t.Errorf("processes %v are left", left)
			}
			if _, err := os.Stat(filepath.Join(i.home, "run", "state.json")); !os.IsNotExist(err) {
				t.Errorf("state.json is left: %v", err)
			}
		})
	}
}

// TestKilledGlintLeavesNoEngineAndItsData is the promise for SIGKILL: the engine
// is gone within 5 s, and the next start has what was acknowledged.
func TestKilledGlintLeavesNoEngineAndItsData(t *testing.T) {
	home := newHome(t)
	i := up(t, home)
	messages := register(t, i, i.pixel, "token", 3)
	fetchers[4].fetch(t, messages[0].url)
	eventually(t, "the open to be queryable", func() bool { return fmt.Sprint(i.report(t, "token")["opens_total"]) == "1" })
	engines := enginesOf(t, home)
	if len(engines) == 0 {
		t.Fatal("no engine process was found")
	}
	i.stop(t, syscall.SIGKILL)
	deadline := time.Now().Add(5 * time.Second)
	for len(alive(engines)) > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("engine processes %v are alive 5 s after glint was killed", alive(engines))
		}
		time.Sleep(20 * time.Millisecond)
	}
	again := up(t, home)
	if got := fmt.Sprint(again.report(t, "token")["opens_total"]); got != "1" {
		t.Errorf("opens_total is %s after the kill, want 1", got)
	}
}

// enginesOf returns the processes that hold a file open below home, but for
// glint up itself.
func enginesOf(t testing.TB, home string) (pids []int) {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(target, filepath.Join(home, "warehouse", "clickhouse")) {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(link, "/proc/%d/", &pid); err == nil && !seen[pid] {
			seen[pid] = true
			pids = append(pids, pid)
		}
	}
	return pids
}

func alive(pids []int) (left []int) {
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err == nil && !strings.Contains(string(stat), ") Z ") {
			left = append(left, pid)
		}
	}
	return left
}

func TestBadSurroundingsAreExplained(t *testing.T) {
	running := up(t, newHome(t))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	loose := newHome(t)
	if _, stderr, code := runGlint(t, loose, nil, "report", "x"); code != 1 || !strings.Contains(stderr, "Try: glint up") {
		t.Errorf("nothing runs: exit %d, %s", code, stderr)
	}
	if err := os.Chmod(loose, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, home string
		args       []string
		code       int
		says       []string
	}{
		{"a port in use", newHome(t), []string{"--ingest-listen", taken.Addr().String()}, 1, []string{"--ingest-listen", taken.Addr().String(), "in use"}},
		{"the warehouse's port in use", newHome(t), []string{"--warehouse-listen", taken.Addr().String()}, 1, []string{taken.Addr().String(), "in use"}},
		{"a data directory in use", running.home, nil, 1, []string{fmt.Sprint(running.cmd.Process.Pid)}},
		{"a home that others read", loose, nil, 1, []string{"Try: chmod 700 " + loose}},
		{"a faulty address", newHome(t), []string{"--ingest-listen", "nonsense"}, 2, []string{"nonsense", "host:port"}},
		{"a missing networks file", newHome(t), []string{"--networks", "/nowhere.csv"}, 2, []string{"--networks", "/nowhere.csv"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := launch(t, c.home, c.args...)
			if code := i.waitExit(t); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.says {
				if !strings.Contains(i.stderr.String(), want) {
					t.Errorf("stderr does not say %q:\n%s", want, i.stderr)
				}
			}
		})
	}
	if got := running.must(t, "migrate", "status"); !strings.Contains(got, "applied") {
		t.Errorf("the running glint suffered: %s", got)
	}
}

// TestFaultyLinesNeverFailTheOthers sends all kinds of lines in one body.
func TestFaultyLinesNeverFailTheOthers(t *testing.T) {
	i := up(t, newHome(t))
	messages := register(t, i, i.pixel, "token", 2)
	token := strings.TrimSuffix(messages[0].url[strings.LastIndexByte(messages[0].url, '/')+1:], ".gif")
	line := func(id int, token, at string) string {
		return fmt.Sprintf(`{"v":1,"event_id":"%032x","opened_at":"%s","kind":"token","token":"%s","method":"GET","user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.3.0","network":"none","as_number":3320}`, id, at, token)
	}
	now := time.Now().UTC().Format(time.RFC3339)
	body := strings.Join([]string{
		line(1, token, now),
		"no json",
		line(2, "forged"+token[6:], now),
		line(3, token, "9999-01-01T00:00:00Z"),
		`{"v":1,"event_id":"000000000000000000000000000000aa","opened_at":"` + now + `","kind":"uuid","token":"00000000-0000-8000-8000-000000000000","method":"GET"}`,
		"\xff\xfe{",
		line(4, token, now),
	}, "\n")
	if status, answer := post(t, i, []byte(body), ""); status != http.StatusOK || strings.TrimSpace(answer) != `{"lines":7}` {
		t.Fatalf("status %d, answer %s", status, answer)
	}
	eventually(t, "the good lines to be queryable", func() bool { return fmt.Sprint(i.report(t, "token")["opens_total"]) == "2" })
	files, err := filepath.Glob(filepath.Join(i.home, "deadletters", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no dead letters: %v", err)
	}
	var letters []string
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", file, info.Mode().Perm())
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		letters = append(letters, lines(t, strings.NewReader(string(b)))...)
	}
	if len(letters) != 3 {
		t.Errorf("%d dead letters, want 3:\n%s", len(letters), strings.Join(letters, "\n"))
	}
	for _, reason := range []string{"not_event", "bad_time"} {
		if !strings.Contains(strings.Join(letters, "\n"), `"reason":"`+reason+`"`) {
			t.Errorf("no dead letter has the reason %s", reason)
		}
	}
	for table, want := range map[string]string{"bad_tokens": "version\n", "unresolved_opens": "00000000-0000-8000-8000-000000000000\n"} {
		column := map[string]string{"bad_tokens": "fault", "unresolved_opens": "message_id"}[table]
		if got := query(t, i, "SELECT "+column+" FROM "+table); got != want {
			t.Errorf("%s holds %q, want %q", table, got, want)
		}
	}
	wrong := *i
	wrong.credentials = map[string]string{"GLINT_INGEST_TOKEN": "wrong"}
	if status, answer := post(t, &wrong, []byte(body), ""); status != http.StatusUnauthorized || !strings.Contains(answer, "unauthorized") {
		t.Errorf("a wrong token: status %d, %s", status, answer)
	}
}
