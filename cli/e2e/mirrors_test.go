package e2e_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/embedded"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/enginelib"
)

// server is a ClickHouse beside glint's own, at one address for its whole life.
type server struct {
	dir, address string
	engine       *embedded.Engine
}

func newServer(t *testing.T) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{dir: t.TempDir(), address: l.Addr().String()}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.start(t)
	t.Cleanup(func() { enginetest.StopAlone(t, s.engine) })
	return s
}

func (s *server) start(t *testing.T) {
	t.Helper()
	library, err := enginelib.Path()
	if err != nil {
		t.Fatal(err)
	}
	s.engine, err = embedded.Start(t.Context(), embedded.Config{
		Library: library, DataDir: filepath.Join(s.dir, "data"), RunDir: filepath.Join(s.dir, "run"), Listen: s.address,
		Users: []embedded.User{{Name: "mirror", Password: "a-password-of-the-tests"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *server) dsn() string { return "http://mirror:a-password-of-the-tests@" + s.address + "/glint" }

// wipe ends the engine, and loses its disk.
func (s *server) wipe(t *testing.T) {
	t.Helper()
	enginetest.StopAlone(t, s.engine)
	if err := os.RemoveAll(filepath.Join(s.dir, "data")); err != nil {
		t.Fatal(err)
	}
}

func (s *server) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	lock, err := os.ReadFile(filepath.Join(s.dir, "data", "glint.lock"))
	if err != nil {
		t.Fatal(err)
	}
	var supervisor, pid int
	if _, err := fmt.Sscan(string(lock), &supervisor, &pid); err != nil {
		t.Fatalf("no engine in its lock: %v", err)
	}
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
}

// reportFrom is the report of a campaign as a warehouse computes it.
func reportFrom(t *testing.T, i *instance, dsn, campaign string) string {
	t.Helper()
	var r map[string]any
	if err := json.Unmarshal([]byte(i.must(t, "report", campaign, "--format", "json", "--warehouse", dsn)), &r); err != nil {
		t.Fatal(err)
	}
	delete(r, "computed_at")
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestMirrorsAreEqualWhateverHappens has two mirrors: one is killed, and later loses its
// disk; the other hangs for a while; glint itself is killed. Meanwhile lines come, and
// what comes by other ways than the log.
func TestMirrorsAreEqualWhateverHappens(t *testing.T) {
	a, b := newServer(t), newServer(t)
	home := newHome(t)
	flags := []string{"--mirror", a.dsn(), "--mirror", b.dsn()}
	i := up(t, home, flags...)
	load := newBulk(t, i)
	load.run(t, i, time.Second)

	outage := secondsFrom(t, "GLINT_OUTAGE_SECONDS", 2*time.Second)
	b.signal(t, syscall.SIGSTOP)
	register(t, i, i.pixel, "uuid", 50)
	events := "event,at,campaign,recipient\n"
	for k := range 20 {
		events += "delivered," + time.Now().UTC().Format(time.RFC3339) + ",uuid,reader" + strconv.Itoa(k) + "@example.com\n"
	}
	if _, stderr, code := runGlint(t, home, strings.NewReader(events), "send", "import", "-", "--format", "csv"); code != 0 {
		t.Fatalf("import: exit code %d: %s", code, stderr)
	}
	load.run(t, i, outage/2)
	if i.backlog(t) == 0 {
		t.Error("the log kept nothing for the mirror that hangs")
	}
	eventually(t, "the warehouse to have all, without waiting for the mirror", func() bool {
		return query(t, i, "SELECT count() FROM opens") == fmt.Sprintln(load.acknowledged.Load())
	})
	a.signal(t, syscall.SIGKILL)
	load.run(t, i, outage/2)
	b.signal(t, syscall.SIGCONT)
	i.must(t, "judge")

	a.wipe(t)
	load.run(t, i, time.Second)
	i.stop(t, syscall.SIGKILL)
	i = up(t, home, flags...)
	a.start(t)
	load.run(t, i, time.Second)

	eventually(t, "the mirrors to be equal", func() bool {
		stdout, _, code := i.run(t, append([]string{"audit"}, flags...)...)
		return code == 0 && strings.Count(stdout, " is equal in ") == 2
	})
	load.stored(t, i)
	own := "http://" + i.credentials["GLINT_WAREHOUSE_USER"] + ":" + i.credentials["GLINT_WAREHOUSE_PASSWORD"] + "@" + strings.TrimPrefix(i.clickhouse, "http://") + "/glint"
	for _, campaign := range lines(t, strings.NewReader(query(t, i, "SELECT campaign FROM campaign_report"))) {
		want := reportFrom(t, i, own, campaign)
		for _, mirror := range []*server{a, b} {
			if got := reportFrom(t, i, mirror.dsn(), campaign); got != want {
				t.Errorf("report of %s from a mirror:\n%s\nwant\n%s", campaign, got, want)
			}
		}
	}
}

// TestAnErasureReachesTheMirrors: it waits for a mirror that is away.
func TestAnErasureReachesTheMirrors(t *testing.T) {
	a := newServer(t)
	i := up(t, newHome(t), "--mirror", a.dsn())
	for _, m := range register(t, i, i.pixel, "token", 3) {
		answer, err := http.Get(m.url)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
	}
	w, err := warehouse.Connect(t.Context(), a.dsn())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	db := w.DB()
	t.Cleanup(func() { _ = db.Close() })
	count := func(table string) (n int) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), "SELECT count() FROM "+table+" FINAL").Scan(&n); err != nil {
			return -1 // it is away, or has no table yet
		}
		return n
	}
	eventually(t, "the mirror to have all", func() bool { return count("opens") == 3 && count("sends") == 3 })

	a.signal(t, syscall.SIGSTOP)
	erased := make(chan string, 1)
	go func() {
		_, stderr, code := i.run(t, "person", "erase", "reader1@example.com", "--yes")
		erased <- fmt.Sprintf("exit code %d\n%s", code, stderr)
	}()
	select {
	case got := <-erased:
		t.Fatalf("erased while the mirror is away: %s", got)
	case <-time.After(3 * time.Second):
	}
	a.signal(t, syscall.SIGCONT)
	select {
	case got := <-erased:
		if !strings.HasPrefix(got, "exit code 0\n") {
			t.Fatal(got)
		}
	case <-time.After(2 * patience):
		t.Fatal("not erased once the mirror is back")
	}
	for _, table := range []string{"opens", "sends", "recipient_messages", "message_campaigns"} {
		if got := count(table); got != 2 {
			t.Errorf("%d rows in the mirror's %s, want 2", got, table)
		}
	}
	var said string
	defer func() {
		if t.Failed() {
			t.Log(said)
		}
	}()
	eventually(t, "the mirror to be equal", func() bool {
		stdout, stderr, code := i.run(t, "audit", "--mirror", a.dsn())
		said = stdout + stderr
		return code == 0
	})
}
