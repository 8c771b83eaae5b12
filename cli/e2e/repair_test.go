package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"glint/cli/internal/output"
)

// dsn is the address of the instance's own warehouse, for its owner.
func (i *instance) dsn() string {
	return "http://" + i.credentials["GLINT_WAREHOUSE_USER"] + ":" + i.credentials["GLINT_WAREHOUSE_PASSWORD"] + "@" + strings.TrimPrefix(i.clickhouse, "http://") + "/glint"
}

// repaired is the number of events that glint audit --repair inserts again, by origin.
func (i *instance) repaired(t *testing.T, args ...string) (fromLog, fromArchive, left int) {
	t.Helper()
	stdout, stderr, code := i.run(t, append([]string{"audit", "--repair", "--format", "json"}, args...)...)
	var r struct {
		Accounted bool
		Repaired  []struct {
			FromLog     int `json:"from_log"`
			FromArchive int `json:"from_archive"`
			Left        int
		}
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || len(r.Repaired) != 1 {
		t.Fatalf("exit code %d, %v: %s%s", code, err, stdout, stderr)
	}
	if r.Accounted != (code == 0) {
		t.Errorf("exit code %d, accounted %v", code, r.Accounted)
	}
	return r.Repaired[0].FromLog, r.Repaired[0].FromArchive, r.Repaired[0].Left
}

// TestLostRowsAreRepaired loses a whole table and rows of it, while the log has them,
// while the archive alone does, and while nothing does. A repair that is killed is made
// again.
func TestLostRowsAreRepaired(t *testing.T) {
	home, archive := newHome(t), filepath.Join(t.TempDir(), "archive")
	flags := []string{"--archive", archive, "--archive-interval", "200ms", "--judge-every", "0"}
	i := up(t, home, flags...)
	load := newBulk(t, i)
	load.run(t, i, time.Second)
	all := int(load.acknowledged.Load())
	eventually(t, "all to be stored and archived", func() bool {
		return query(t, i, "SELECT count() FROM opens") == fmt.Sprintln(all) && len(archivedIDs(t, archive)) == all
	})
	want := reportFrom(t, i, i.dsn(), "token")

	query(t, i, "TRUNCATE TABLE opens")
	if stdout, _, code := i.run(t, "audit"); code != 3 || !strings.Contains(stdout, "not accounted for: ") {
		t.Errorf("exit code %d: %s", code, stdout)
	}
	cmd := exec.Command(glintPath(t), "audit", "--repair")
	cmd.Env = append(os.Environ(), "GLINT_HOME="+home)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	_ = cmd.Process.Kill() // it may be done already
	_ = cmd.Wait()
	eventually(t, "the engine to be done with an insert of the killed one", func() bool {
		return query(t, i, "SELECT count() FROM system.processes WHERE query_kind = 'Insert'") == "0\n"
	})
	if fromLog, fromArchive, left := i.repaired(t); fromLog > all || fromArchive+left != 0 {
		t.Errorf("%d from the log, %d from the archive, %d left, of %d", fromLog, fromArchive, left, all)
	}
	load.stored(t, i)
	if got := reportFrom(t, i, i.dsn(), "token"); got != want {
		t.Errorf("the report after a repair from the log:\n%s\nwant\n%s", got, want)
	}
	if fromLog, fromArchive, left := i.repaired(t, "--archive", archive); fromLog+fromArchive+left != 0 {
		t.Errorf("a second repair: %d, %d, %d", fromLog, fromArchive, left)
	}

	// Rows go, and the log's segments. Then the machine seems to have been restarted,
	// which makes glint look by itself.
	query(t, i, "ALTER TABLE opens DELETE WHERE event_id % 2 = 0 SETTINGS mutations_sync = 2")
	i.stop(t, syscall.SIGTERM)
	for _, lane := range []string{"live", "replay"} {
		if err := os.RemoveAll(filepath.Join(home, "log", lane)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(home, "log", "servers.json"), []byte(`{"boot_id":"an earlier one","servers":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	i = up(t, home, flags...)
	eventually(t, "glint to repair by itself", func() bool { return query(t, i, "SELECT count() FROM opens") == fmt.Sprintln(all) })
	if got := reportFrom(t, i, i.dsn(), "token"); got != want {
		t.Errorf("the report after a repair from the archive:\n%s\nwant\n%s", got, want)
	}
	eventually(t, "the repair to be counted", func() bool {
		return int(i.metrics(t)[`glint_repaired_events_total{origin="archive"}`]) == all/2
	})

	query(t, i, "ALTER TABLE opens DELETE WHERE event_id % 10 = 0 SETTINGS mutations_sync = 2")
	stdout, _, code := i.run(t, "audit", "--repair")
	if code != 3 || !strings.Contains(stdout, "not repaired: "+output.Plural(all/10, "event", "events")+" of source ") {
		t.Errorf("with neither log nor archive: exit code %d\n%s", code, stdout)
	}
	if _, fromArchive, left := i.repaired(t, "--archive", archive); fromArchive != all/10 || left != 0 {
		t.Errorf("%d from the archive, %d left", fromArchive, left)
	}
	load.stored(t, i)
}

// TestAMirrorThatComesBackIsRepaired: it is killed, and lacks rows that it had
// acknowledged.
func TestAMirrorThatComesBackIsRepaired(t *testing.T) {
	a := newServer(t)
	i := up(t, newHome(t), "--mirror", a.dsn(), "--judge-every", "0")
	load := newBulk(t, i)
	load.run(t, i, time.Second)
	tell := func(sql string) string {
		t.Helper()
		status, answer := ask(t, "http://"+a.address, "mirror", "a-password-of-the-tests", sql)
		if status != http.StatusOK {
			return "it is away"
		}
		return answer
	}
	all := fmt.Sprintln(load.acknowledged.Load())
	hasAll := func() bool { return tell("SELECT count() FROM glint.opens FINAL") == all }
	eventually(t, "the mirror to have all", hasAll)
	eventually(t, "glint to know when the mirror was started", func() bool {
		seen, _ := filepath.Glob(filepath.Join(i.home, "log", "mirrors", "*", "servers.json"))
		return len(seen) == 1
	})
	tell("ALTER TABLE glint.opens DELETE WHERE event_id % 3 = 0 SETTINGS mutations_sync = 2")
	if hasAll() {
		t.Fatal("nothing was lost")
	}
	a.signal(t, syscall.SIGKILL)
	eventually(t, "the mirror to be repaired", hasAll)
	eventually(t, "the mirror to be equal", func() bool {
		_, _, code := i.run(t, "audit", "--mirror", a.dsn())
		return code == 0
	})
}
