package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// campaignsOf are the campaigns of the tests of backups, with opens, deliveries, choices
// and verdicts.
var campaignsOf = []string{"spring", "summer", "autumn"}

// busy fills a glint. The returned load posts opens of the first campaign.
func busy(t *testing.T, i *instance) *load {
	t.Helper()
	l := &load{next: 1 << 40}
	for n, campaign := range campaignsOf {
		messages := registerAs(t, i, i.pixel, campaign, "token", 30)
		file := filepath.Join(t.TempDir(), "lines")
		if err := os.WriteFile(file, []byte(strings.Join(openLines(messages, 1000*n, 80), "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		i.must(t, "replay", file)
		l.token = tokenOf(messages[0].url)
		events := fmt.Sprintf("event,recipient,at\nclicked,reader1@example.com,%[1]s\nbounced,reader2@example.com,%[1]s\n", time.Now().UTC().Format(time.RFC3339))
		if _, stderr, code := runGlint(t, i.home, strings.NewReader(events), "send", "import", "--campaign", campaign, "-"); code != 0 {
			t.Fatal(stderr)
		}
	}
	i.must(t, "consent", "set", "reader3@example.com", "withdrawn", "--method", "phone")
	i.must(t, "judge")
	return l
}

func reportsOf(t *testing.T, i *instance) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, campaign := range campaignsOf {
		all[campaign] = i.report(t, campaign)
	}
	return all
}

// restored restores a backup into a new home and starts it.
func restored(t *testing.T, args ...string) *instance {
	t.Helper()
	home := filepath.Join(t.TempDir(), "restored")
	awaitEngine(t, home)
	if stdout, stderr, code := runGlint(t, home, nil, append([]string{"restore"}, args...)...); code != 0 || !strings.HasPrefix(stdout, "restored ") {
		t.Fatalf("glint restore: exit %d\n%s%s", code, stdout, stderr)
	}
	return up(t, home)
}

// TestABackupUnderLoadComesBackWhole takes one while opens, choices, registrations and
// judgements come in, and another, into a bucket, once all is quiet.
func TestABackupUnderLoadComesBackWhole(t *testing.T) {
	i := up(t, newHome(t))
	l := busy(t, i)
	stop := make(chan struct{})
	var working sync.WaitGroup
	for range 2 {
		working.Go(func() { l.run(i, stop) })
	}
	working.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			_, _, _ = i.run(t, "consent", "set", fmt.Sprintf("reader%d@example.com", 4+n%20), []string{"agreed", "withdrawn"}[n%2], "--method", "form")
			_, _, _ = i.run(t, "judge")
		}
	})
	eventually(t, "opens are acknowledged", func() bool { return l.acknowledgedSoFar() > 2000 })
	l.mu.Lock()
	before := slices.Clone(l.acknowledged)
	l.mu.Unlock()
	choices := strings.Count(i.must(t, "consent", "export"), "\n")
	dir := filepath.Join(t.TempDir(), "backup")
	if said := i.must(t, "backup", dir); !strings.HasPrefix(said, "stored ") {
		t.Errorf("glint backup says %s", said)
	}
	close(stop)
	working.Wait()

	second := restored(t, dir)
	eventually(t, "what was acknowledged before the backup is there", func() bool {
		stored := map[string]int{}
		for _, event := range strings.Fields(query(t, second, "SELECT event_id FROM glint.opens FINAL")) {
			stored[event]++
		}
		missing := 0
		for _, event := range before {
			switch stored[fmt.Sprint(event)] {
			case 0:
				missing++
			case 1:
			default:
				t.Fatalf("event %d is there twice", event)
			}
		}
		return missing == 0
	})
	second.must(t, "consent", "verify")
	if got := strings.Count(second.must(t, "consent", "export"), "\n"); got < choices {
		t.Errorf("%d lines of choices, and %d before the backup", got, choices)
	}
	eventually(t, "every event is accounted for", func() bool {
		return strings.Contains(second.must(t, "audit"), "every accepted event is accounted for")
	})
	for _, key := range []string{"GLINT_INGEST_TOKEN", "GLINT_SQL_PASSWORD"} {
		if second.credentials[key] != i.credentials[key] {
			t.Errorf("%s is another one", key)
		}
	}

	eventually(t, "the log is in the warehouse", func() bool { return i.backlog(t) == 0 })
	i.must(t, "judge")
	server, place := bucket(t)
	i.must(t, "backup", place+"/monday", "--endpoint", server)
	i.must(t, "judge", "--dry-run") // nothing is left to judge
	want := reportsOf(t, i)
	third := restored(t, place+"/monday", "--endpoint", server)
	if diff := cmp.Diff(want, reportsOf(t, third)); diff != "" {
		t.Errorf("the reports differ:\n%s", diff)
	}
	for _, list := range []string{"openers", "nonopeners", "recipients", "timeline"} {
		if a, b := i.must(t, list, "spring", "--format", "csv"), third.must(t, list, "spring", "--format", "csv"); a != b {
			t.Errorf("glint %s:\n%s\n%s", list, a, b)
		}
	}
	if _, stderr, code := third.run(t, "restore", dir); code != 1 || !strings.Contains(stderr, "glint runs with this home") {
		t.Errorf("a restore under a running glint: exit %d\n%s", code, stderr)
	}
}

// bucket returns the address of a server of buckets, and a bucket on it.
func bucket(t *testing.T) (server, place string) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("backups"); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(s.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "the-id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "the-secret-of-the-bucket")
	t.Setenv("GLINT_REGION", "eu-west-1")
	return s.URL, "s3://backups/glint"
}

// TestKilledBackupsAndRestoresLeaveNothingHalf kills both at random moments, fills their
// disks, and compares what comes of a restore that is given again.
func TestKilledBackupsAndRestoresLeaveNothingHalf(t *testing.T) {
	i := up(t, newHome(t))
	busy(t, i)
	eventually(t, "the log is in the warehouse", func() bool { return i.backlog(t) == 0 })
	want := reportsOf(t, i)
	if code := i.stop(t, syscall.SIGTERM); code != 0 {
		t.Fatalf("exit %d", code)
	}
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	began := time.Now()
	i.must(t, "backup", whole) // of a glint that does not run
	took := time.Since(began)
	chance := rand.New(rand.NewPCG(17, 5))
	for n := range 5 {
		place := filepath.Join(dir, fmt.Sprint("killed", n))
		finished := killed(t, i.home, chance.Int64N(int64(took)), "backup", place)
		home := filepath.Join(dir, fmt.Sprint("home", n))
		_, stderr, code := runGlint(t, home, nil, "restore", place, "--dry-run")
		// A kill between the last write and the end leaves a whole backup.
		if code != 0 && (finished || !strings.Contains(stderr, "there is no whole backup here")) {
			t.Errorf("finished %v; exit %d\n%s", finished, code, stderr)
		}
	}
	full := filepath.Join(dir, "full")
	if err := os.Mkdir(full, 0o700); err != nil {
		t.Fatal(err)
	}
	if stderr, code := limited(t, i.home, "backup", full); code != 1 || !strings.Contains(stderr, "file too large") {
		t.Errorf("a backup to a full disk: exit %d\n%s", code, stderr)
	}
	if entries, err := os.ReadDir(full); err != nil || len(entries) > 0 {
		t.Errorf("a backup to a full disk leaves %v, %v", entries, err)
	}
	home := filepath.Join(dir, "restored")
	if stderr, code := limited(t, home, "restore", whole); code != 1 || !strings.Contains(stderr, "file too large") {
		t.Errorf("a restore to a full disk: exit %d\n%s", code, stderr)
	}
	for range 3 {
		if killed(t, home, chance.Int64N(int64(took)), "restore", whole) {
			break
		}
		if _, err := os.Stat(filepath.Join(home, "restoring")); err == nil {
			if stderr, code := endsAtOnce(t, home); code != 1 || !strings.Contains(stderr, "is incomplete") {
				t.Errorf("glint up in a part of a restore: exit %d\n%s", code, stderr)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(home, "credentials.env")); err != nil {
		if _, stderr, code := runGlint(t, home, nil, "restore", whole); code != 0 {
			t.Fatalf("exit %d\n%s", code, stderr)
		}
	}
	if diff := cmp.Diff(want, reportsOf(t, up(t, home))); diff != "" {
		t.Errorf("the reports differ:\n%s", diff)
	}
	damage(t, whole, filepath.Join(dir, "other"))
}

// killed runs glint and kills it, its engine with it, after so many nanoseconds. It
// reports whether glint had ended by then.
func killed(t *testing.T, home string, after int64, args ...string) (finished bool) {
	t.Helper()
	cmd := exec.Command(glintPath(t), args...)
	cmd.Env = append(os.Environ(), "GLINT_HOME="+home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(after))
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended
	return cmd.Wait() == nil
}

// limited runs glint with a limit on the size of its files: as on a full disk, writes
// fail in the midst.
func limited(t *testing.T, home string, args ...string) (stderr string, code int) {
	t.Helper()
	words := append([]string{"-c", `ulimit -f 1; exec "$0" "$@"`, glintPath(t)}, args...)
	cmd := exec.Command("sh", words...)
	cmd.Env = append(os.Environ(), "GLINT_HOME="+home)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return string(out), 0
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func endsAtOnce(t *testing.T, home string) (stderr string, code int) {
	t.Helper()
	_, stderr, code = runGlint(t, home, nil, "up", "--pixel-listen", "127.0.0.1:0", "--ingest-listen", "127.0.0.1:0", "--warehouse-listen", "127.0.0.1:0")
	return stderr, code
}

// damage changes a file of a backup after the other; each is refused, and the home stays
// missing.
func damage(t *testing.T, whole, home string) {
	t.Helper()
	err := filepath.WalkDir(whole, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		bad := slices.Clone(content)
		bad[len(bad)/2] ^= 4
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			return err
		}
		if _, stderr, code := runGlint(t, home, nil, "restore", whole); code != 1 || !strings.Contains(stderr, "Try: another copy of it") {
			t.Errorf("a bit of %s: exit %d\n%s", path, code, stderr)
		}
		if _, err := os.Stat(home); err == nil {
			t.Errorf("a damaged %s has made a home", path)
		}
		return os.WriteFile(path, content, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}
