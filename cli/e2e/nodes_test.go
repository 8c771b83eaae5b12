package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"glint/cli/internal/home"
)

// serveOn starts `glint serve` on a ClickHouse that others may use, too.
func serveOn(t *testing.T, home, dsn string, flags ...string) *instance {
	t.Helper()
	i := &instance{home: home, stdout: &syncBuffer{}, stderr: &syncBuffer{}, exited: make(chan struct{})}
	args := append([]string{"serve", "--pixel-listen", "127.0.0.1:0", "--ingest-listen", "127.0.0.1:0", "--web-listen", "127.0.0.1:0", "--log-level", "error"}, flags...)
	i.cmd = exec.Command(glintPath(t), args...)
	i.cmd.Env = append(os.Environ(), "GLINT_HOME="+home, "GLINT_WAREHOUSE="+dsn)
	i.start(t)
	for began := time.Now(); !strings.Contains(i.stdout.String(), "credentials="); time.Sleep(50 * time.Millisecond) {
		select {
		case <-i.exited:
			t.Fatalf("glint serve ended: %s", i.stderr)
		default:
		}
		if time.Since(began) > 5*patience { // servers may be on their way up
			t.Fatal("glint serve is not ready")
		}
	}
	if _, err := fmt.Sscanf(i.stdout.String(), "ready pixel=%s ingest=%s", &i.pixel, &i.ingest); err != nil {
		t.Fatal(err)
	}
	_, file, _ := strings.Cut(strings.TrimSpace(i.stdout.String()), " credentials=")
	i.credentials = readCredentials(t, file)
	return i
}

// way is a network's way to a server, which may be cut.
type way struct {
	listener net.Listener
	mu       sync.Mutex
	isCut    bool
	conns    []net.Conn
}

func newWay(t *testing.T, to string) *way {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &way{listener: l}
	t.Cleanup(func() { _ = l.Close(); w.cut() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, in, out)
			gone := w.isCut
			w.mu.Unlock()
			if gone {
				w.cut()
				continue
			}
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				go func() {
					_, _ = io.Copy(pair[0], pair[1]) // ends when either does
					_, _ = pair[0].Close(), pair[1].Close()
				}()
			}
		}
	}()
	return w
}

// cut ends all connections, and those to come.
func (w *way) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = true
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}

// TestTwoNodesShareAWarehouse has two ingests with their own homes and logs on one
// ClickHouse. Both take lines, move opens, judge and compute reports. Then one loses its
// way to ClickHouse, takes lines all the same, and is lost with its disk.
func TestTwoNodesShareAWarehouse(t *testing.T) {
	s := newServer(t)
	t.Setenv("GLINT_WAREHOUSE", s.dsn())
	archive := filepath.Join(t.TempDir(), "archive")
	a := serveOn(t, newHome(t), s.dsn(), "--judge-every", "1s")
	b := serveSecond(t, a, s, archive)
	sql := func(text string) string {
		t.Helper()
		status, answer := ask(t, "http://"+s.address, "mirror", "a-password-of-the-tests", text)
		if status != http.StatusOK {
			t.Fatalf("%s: %s", text, answer)
		}
		return strings.TrimSpace(answer)
	}

	loads := map[*instance]*bulk{a: newBulk(t, a)}
	loads[b.instance] = &bulk{templates: loads[a].templates, tokens: loads[a].tokens, next: 1 << 40}
	both := func(rounds, size int) {
		t.Helper()
		for range rounds {
			for i, load := range loads {
				if status, answer := post(t, i, load.body(size), ""); status != http.StatusOK {
					t.Fatalf("status %d: %s", status, answer)
				}
				load.acknowledged.Add(int64(size))
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	unregistered := waitingMessages(t, a, sql)
	for i := range loads { // each open comes to both
		if status, answer := post(t, i, unregistered, ""); status != http.StatusOK {
			t.Fatalf("status %d: %s", status, answer)
		}
	}
	both(20, 500)
	sql("INSERT INTO glint.message_campaigns SELECT * FROM glint.kept_messages")
	both(20, 500)
	sum := func() string { return fmt.Sprint(loads[a].acknowledged.Load() + loads[b.instance].acknowledged.Load()) }
	campaign := "campaign_id = (SELECT campaign_id FROM glint.campaigns FINAL WHERE name = 'token')"
	stored := func() string { return sql("SELECT uniqExact(event_id) FROM glint.opens WHERE " + campaign) }
	eventually(t, "all lines of both to be stored", func() bool { return stored() == sum() })
	eventually(t, "the opens that waited to be moved, each once", func() bool {
		return sql("SELECT count(), uniqExact(event_id) FROM glint.opens FINAL WHERE campaign_id = (SELECT campaign_id FROM glint.campaigns FINAL WHERE name = 'uuid')") == "50\t50"
	})
	for _, i := range []*instance{a, b.instance} {
		eventually(t, "a node to judge", func() bool { return i.metrics(t)[`glint_judge_runs_total{outcome="done"}`] > 0 })
		if stdout, stderr, code := i.run(t, "audit"); code != 0 {
			t.Errorf("audit of a node: exit code %d\n%s%s", code, stdout, stderr)
		}
	}
	stdout, stderr, code := a.run(t, "audit", "--node", b.home, "--archive", archive)
	if code != 0 || strings.Count(stdout, "\nreceipts of node ") != 2 || !strings.Contains(stdout, "archive: the event of each of its ") {
		t.Errorf("audit of both nodes: exit code %d\n%s%s", code, stdout, stderr)
	}
	agree := func() {
		t.Helper()
		want := sql("SELECT count(), uniqExact(message_id) FROM (SELECT DISTINCT event_id, message_id FROM glint.opens WHERE " + campaign + ")")
		for _, i := range []*instance{a, b.instance} {
			if i == b.instance && b.gone {
				continue
			}
			r := i.report(t, "token")
			if got := fmt.Sprintf("%v\t%v", r["opens_total"], r["unique_opens"]); got != want {
				t.Errorf("a node reports %s opens and messages, counted are %s", got, want)
			}
		}
	}
	agree()

	// The second node takes lines that it cannot deliver, and is gone.
	delivered := sum()
	b.way.cut()
	const lost = 3000
	for range lost / 500 {
		if status, answer := post(t, b.instance, loads[b.instance].body(500), ""); status != http.StatusOK {
			t.Fatalf("status %d: %s", status, answer)
		}
	}
	ofB := int(loads[b.instance].acknowledged.Load()) + lost + 50
	eventually(t, "all lines of the second node to be archived", func() bool { return len(archivedIDs(t, archive)) == ofB })
	b.stop(t, syscall.SIGKILL)
	b.gone = true
	if err := os.RemoveAll(b.home); err != nil {
		t.Fatal(err)
	}
	if got := stored(); got != delivered {
		t.Errorf("%s opens are stored, want the %s that were delivered", got, delivered)
	}
	if named := absentIn(t, a, archive); named != lost {
		t.Errorf("audit names %d events of the lost node, want %d", named, lost)
	}
	loads = map[*instance]*bulk{a: loads[a]}
	both(5, 500)
	a.must(t, "replay", archive)
	all := fmt.Sprint(loads[a].acknowledged.Load() + int64(ofB) - 50)
	eventually(t, "the lost node's lines to be stored", func() bool { return stored() == all })
	if named := absentIn(t, a, archive); named != 0 {
		t.Errorf("%d events are still absent", named)
	}
	agree()

	// The lost node may have been judging: others wait while it may be alive, which is
	// five minutes, and go on then.
	sql("INSERT INTO glint.judgements (run, claim, step, kind, state, started_at, touched_at) SELECT 1000, 7, 1, 'judge', 'started', now64(3), now64(3)")
	if _, stderr, code := a.run(t, "judge"); code == 0 || !strings.Contains(stderr, "another run of judge or reclassify is at work") {
		t.Errorf("judge beside a run that may be alive: exit code %d, %s", code, stderr)
	}
	sql("INSERT INTO glint.judgements SELECT * REPLACE (step + 1 AS step, now64(3) - INTERVAL 6 MINUTE AS touched_at) FROM glint.judgements FINAL WHERE state = 'started'")
	both(1, 100)
	eventually(t, "the other node to take over", func() bool {
		_, _, code := a.run(t, "judge")
		return code == 0
	})
	if got := sql("SELECT state FROM glint.judgements FINAL WHERE claim = 7"); got != "abandoned" {
		t.Errorf("the dead run is %s", got)
	}
	all = fmt.Sprint(loads[a].acknowledged.Load() + int64(ofB) - 50)
	eventually(t, "all lines to be stored", func() bool { return stored() == all })
	agree()
}

// second is the node that will be lost.
type second struct {
	*instance
	way  *way
	gone bool
}

// serveSecond starts a node with the keys of the first one and a way to ClickHouse of
// its own.
func serveSecond(t *testing.T, a *instance, s *server, archive string) *second {
	t.Helper()
	own := home.Home(newHome(t))
	if err := os.CopyFS(own.KeysDir(), os.DirFS(home.Home(a.home).KeysDir())); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(own.KeysDir(), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	w := newWay(t, s.address)
	dsn := strings.Replace(s.dsn(), s.address, w.listener.Addr().String(), 1)
	return &second{instance: serveOn(t, string(own), dsn, "--judge-every", "1s", "--archive", archive, "--archive-interval", "200ms"), way: w}
}

// waitingMessages registers messages, makes the warehouse forget their campaigns, which
// are kept in a table, and returns a line of each.
func waitingMessages(t *testing.T, i *instance, sql func(string) string) (body []byte) {
	t.Helper()
	messages := register(t, i, i.pixel, "uuid", 50)
	sql("CREATE TABLE glint.kept_messages ENGINE = Memory AS SELECT * FROM glint.message_campaigns FINAL WHERE campaign_id = (SELECT campaign_id FROM glint.campaigns FINAL WHERE name = 'uuid')")
	sql("ALTER TABLE glint.message_campaigns DELETE WHERE campaign_id = (SELECT campaign_id FROM glint.campaigns FINAL WHERE name = 'uuid') SETTINGS mutations_sync = 2")
	for _, line := range openLines(messages, 1<<30, len(messages)) {
		body = append(body, line+"\n"...)
	}
	return body
}

// absentIn is the number of events of an archive that are in no table.
func absentIn(t *testing.T, i *instance, archive string) int {
	t.Helper()
	var r struct {
		Archive struct {
			Absent int
			Hours  []struct{ Absent int }
		}
	}
	if err := json.Unmarshal([]byte(i.must(t, "audit", "--archive", archive, "--format", "json")), &r); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, h := range r.Archive.Hours {
		sum += h.Absent
	}
	if sum != r.Archive.Absent {
		t.Errorf("%d events in the hours, %d in all", sum, r.Archive.Absent)
	}
	return sum
}
