package e2e_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"glint/ingest/warehouse/enginetest"
)

// twoShards starts two servers that know each other as shards, and gives them the schema.
func twoShards(t *testing.T) *enginetest.Shards {
	t.Helper()
	s, err := enginetest.StartShards(filepath.Join(t.TempDir(), "shards"), 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	if _, stderr, code := runGlint(t, newHome(t), nil, "migrate", "up", "--warehouse", s.DSN(0), "--cluster", enginetest.Cluster); code != 0 {
		t.Fatalf("migrate: exit code %d: %s", code, stderr)
	}
	return s
}

// onShard asks one shard.
func onShard(t *testing.T, s *enginetest.Shards, i int, sql string) string {
	t.Helper()
	status, answer := ask(t, s.URL(i), enginetest.WarehouseUser.Name, enginetest.WarehouseUser.Password, sql)
	if status != http.StatusOK {
		t.Fatalf("%s: %s", sql, answer)
	}
	return strings.TrimSpace(answer)
}

// TestShardsAreOneWarehouse spreads opens over two servers, and gives the same lines to one
// that has no shards. Lines come, twice and again later; each shard is killed and glint is;
// opens wait for their message; events are judged, withdrawn, lost and repaired, and in the
// long form (GLINT_OUTAGE_SECONDS) erased.
// Then every open and every report is the same as without shards.
func TestShardsAreOneWarehouse(t *testing.T) {
	s, other := twoShards(t), newServer(t)
	t.Setenv("GLINT_WAREHOUSE", s.DSN(0))
	home := newHome(t)
	archive := filepath.Join(t.TempDir(), "archive")
	flags := []string{"--mirror", other.dsn(), "--archive", archive, "--archive-interval", "200ms"}
	i := serveOn(t, home, s.DSN(0), flags...)
	load := newBulk(t, i)
	outage := secondsFrom(t, "GLINT_OUTAGE_SECONDS", time.Second)
	again := load.body(500)
	for range 2 {
		if status, answer := post(t, i, again, ""); status != http.StatusOK {
			t.Fatalf("status %d: %s", status, answer)
		}
	}
	load.acknowledged.Add(500)
	sql := func(text string) string { t.Helper(); return onShard(t, s, 0, text) }
	waiting := waitingMessages(t, i, sql)
	if status, answer := post(t, i, waiting, ""); status != http.StatusOK {
		t.Fatalf("status %d: %s", status, answer)
	}
	for _, shard := range []int{1, 0} {
		load.run(t, i, time.Second)
		if shard == 0 {
			sql("INSERT INTO glint.message_campaigns SELECT * FROM glint.kept_messages")
		}
		if shard == 1 {
			eventually(t, "a report that is computed ahead", func() bool {
				return sql("SELECT count() FROM glint.campaign_snapshots WHERE campaign = 'token'") == "1"
			})
		}
		s.Kill(shard)
		load.run(t, i, outage)
		if shard == 1 {
			awayIsNamed(t, i)
		}
		if err := s.Restart(shard); err != nil {
			t.Fatal(err)
		}
	}
	load.run(t, i, time.Second)
	i.stop(t, syscall.SIGKILL)
	i = serveOn(t, home, s.DSN(0), flags...)
	if status, answer := post(t, i, again, ""); status != http.StatusOK {
		t.Fatalf("status %d: %s", status, answer)
	}
	want := fmt.Sprint(load.acknowledged.Load() + 50)
	var stored string
	defer func() {
		if t.Failed() {
			t.Logf("%s events are stored, want %s", stored, want)
		}
	}()
	eventually(t, "all lines to be stored, and the waiting ones to be moved", func() bool {
		stored = sql("SELECT uniqExact(event_id) FROM glint.opens")
		return stored == want
	})
	placed(t, s)

	i.must(t, "judge")
	i.must(t, "reclassify")
	i.must(t, "consent", "set", "reader3@example.com", "withdrawn", "--method", "phone")
	i.must(t, "send", "mark", "--campaign", "token", "--recipient", "reader4@example.com", "--tracking", "pseudonymous")
	if outage > time.Second { // the long form: servers of a user keep replaced parts for a minute
		i.must(t, "person", "erase", "reader5@example.com", "--yes")
	}
	same(t, i, s, other)

	// One shard loses rows that it has acknowledged.
	before := onShard(t, s, 1, "SELECT count() FROM glint.opens_local FINAL")
	onShard(t, s, 1, "ALTER TABLE glint.opens_local DELETE WHERE event_id % 7 = 0 SETTINGS mutations_sync = 2")
	if stdout, _, code := i.run(t, "audit"); code != 3 {
		t.Errorf("audit without rows of a shard: exit code %d\n%s", code, stdout)
	}
	i.must(t, "audit", "--repair", "--archive", archive)
	if got := onShard(t, s, 1, "SELECT count() FROM glint.opens_local FINAL"); got != before {
		t.Errorf("%s rows are there again, want %s", got, before)
	}
	i.must(t, "judge") // the repaired rows had only ingest's verdicts
	placed(t, s)
	sameReports(t, i, s, other)
}

// awayIsNamed checks that while the second shard does not answer, a report has the numbers
// from before and names it, a fresh one is an error that names it, and so do status and
// metric.
func awayIsNamed(t *testing.T, i *instance) {
	t.Helper()
	for _, format := range []string{"table", "json", "html", "csv", "markdown"} {
		stdout, stderr, code := i.run(t, "report", "token", "--format", format)
		if code != 0 || !strings.Contains(stdout, "Shard 2 does not answer") && format != "csv" || !strings.Contains(stderr, "Shard 2 does not answer") {
			t.Errorf("report as %s without a shard: exit code %d: %s\n%s", format, code, stderr, stdout)
		}
	}
	if stdout, stderr, code := i.run(t, "report", "token", "--fresh"); code != 1 || stdout != "" || !strings.Contains(stderr, "a shard does not answer: shard 2 of 2") {
		t.Errorf("a fresh report without a shard: exit code %d: %s\n%s", code, stderr, stdout)
	}
	if stdout, stderr, code := i.run(t, "breakdown", "token", "--by", "client"); code != 1 || stdout != "" || !strings.Contains(stderr, "Shard 2 does not answer") {
		t.Errorf("a list without a shard: exit code %d: %s\n%s", code, stderr, stdout)
	}
	eventually(t, "status and metric to name it", func() bool {
		late := i.status(t).Warehouse.Late
		return len(late) == 1 && late[0].Shard == 2 && late[0].State == "away" && i.metrics(t)["glint_warehouse_shards_away"] == 1
	})
	if stdout := i.must(t, "status"); !strings.Contains(stdout, "shard 2") || !strings.Contains(stdout, "log, sends") {
		t.Error(stdout)
	}
}

// placed checks that both shards have rows, each on the shard that its message names.
func placed(t *testing.T, s *enginetest.Shards) {
	t.Helper()
	for shard := range 2 {
		got := onShard(t, s, shard, fmt.Sprintf("SELECT count() > 1000, countIf(jumpConsistentHash(sipHash64(message_id), 2) != %d) FROM glint.opens_local", shard))
		if got != "1\t0" {
			t.Errorf("shard %d: many rows, and rows of the other one: %s", shard+1, got)
		}
	}
}

// same waits until both warehouses have the same opens, and checks that the first one has
// what was received, and that all reports are the same.
func same(t *testing.T, i *instance, s *enginetest.Shards, other *server) {
	t.Helper()
	var differ []string
	defer func() {
		if t.Failed() {
			t.Log("columns that differ:", differ)
		}
	}()
	eventually(t, "both warehouses to be equal", func() bool {
		differ = differing(t, s, other)
		return len(differ) == 0
	})
	if stdout, stderr, code := i.run(t, "audit"); code != 0 {
		t.Errorf("audit: exit code %d\n%s%s", code, stdout, stderr)
	}
	sameReports(t, i, s, other)
}

// differing returns the columns of opens that differ. Of a line that came again each
// warehouse keeps the copy that it has inserted last: received_at may.
func differing(t *testing.T, s *enginetest.Shards, other *server) (differ []string) {
	t.Helper()
	var sums []string
	columns := strings.Fields(onShard(t, s, 0, "SELECT name FROM system.columns WHERE database = 'glint' AND table = 'opens' AND name != 'received_at'"))
	for _, column := range columns {
		sums = append(sums, "sum(cityHash64(event_id, "+column+"))")
	}
	question := "SELECT " + strings.Join(sums, ", ") + ", count() FROM glint.opens FINAL"
	_, answer := ask(t, "http://"+other.address, "mirror", "a-password-of-the-tests", question)
	ours, theirs := strings.Fields(onShard(t, s, 0, question)), strings.Fields(answer)
	if len(ours) != len(columns)+1 || len(theirs) != len(ours) {
		return columns
	}
	for k, column := range append(columns, "rows") {
		if ours[k] != theirs[k] {
			differ = append(differ, column)
		}
	}
	return differ
}

func sameReports(t *testing.T, i *instance, s *enginetest.Shards, other *server) {
	t.Helper()
	for _, campaign := range strings.Fields(onShard(t, s, 0, "SELECT campaign FROM glint.campaign_report")) {
		if got, want := reportFrom(t, i, s.DSN(0), campaign), reportFrom(t, i, other.dsn(), campaign); got != want {
			t.Errorf("report of %s with shards:\n%s\nwant\n%s", campaign, got, want)
		}
	}
}
