//go:build cluster

package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"glint/ingest/warehouse"
)

// This runner is for replicas that stand elsewhere: make cluster says how. It is no part
// of make test, since no package brings a server with replication.
//
//	GLINT_TEST_REPLICAS        address with all replicas, whose database glint is not there yet: http://USER:PASSWORD@HOST1:8123,HOST2:8123/glint
//	GLINT_TEST_REPLICA_KILL   command that kills one of them, or Keeper, and starts it again; it is given a number of chance
//	GLINT_TEST_REPLICA_KILLS  how often (default 20); each fifth time glint itself is killed instead

// TestReplicasLoseNothing posts lines while replicas, Keeper and glint are killed.
func TestReplicasLoseNothing(t *testing.T) {
	dsn := os.Getenv("GLINT_TEST_REPLICAS")
	if dsn == "" {
		t.Fatal("GLINT_TEST_REPLICAS is not set")
	}
	t.Setenv("GLINT_WAREHOUSE", dsn)
	kills := 20
	if text := os.Getenv("GLINT_TEST_REPLICA_KILLS"); text != "" {
		if _, err := fmt.Sscan(text, &kills); err != nil {
			t.Fatal(err)
		}
	}
	home := newHome(t)
	i := serveOn(t, home, dsn, "--judge-every", "0")
	load := newBulk(t, i)
	before := rowsOn(t, dsn)
	for k := range kills {
		if k%5 == 4 {
			i.stop(t, syscall.SIGKILL)
			i = serveOn(t, home, dsn, "--judge-every", "0")
		} else if out, err := exec.Command("sh", "-c", os.Getenv("GLINT_TEST_REPLICA_KILL")+fmt.Sprintf(" %d", rand.IntN(1000))).CombinedOutput(); err != nil {
			t.Fatalf("kill: %v: %s", err, out)
		}
		for range 5 {
			if status, answer := post(t, i, load.body(400), ""); status != http.StatusOK {
				t.Fatalf("status %d: %s", status, answer)
			}
			load.acknowledged.Add(400)
			time.Sleep(100 * time.Millisecond)
		}
	}
	for began := time.Now(); i.backlog(t) > 0; time.Sleep(time.Second) {
		if time.Since(began) > 5*patience { // servers may be on their way up
			t.Fatalf("%.0f records still wait", i.backlog(t))
		}
	}
	for host, rows := range rowsOn(t, dsn) {
		if got := rows - before[host]; got != uint64(load.acknowledged.Load()) {
			t.Errorf("replica %s has %d opens, want the %d that were acknowledged", host, got, load.acknowledged.Load())
		}
	}
	if stdout, stderr, code := i.run(t, "audit"); code != 0 {
		t.Errorf("audit: exit code %d\n%s%s", code, stdout, stderr)
	}
	loseRows(t, dsn)
	if stdout, stderr, code := i.run(t, "audit", "--repair"); code != 0 || !strings.Contains(stdout, "\nrepaired: ") {
		t.Errorf("audit --repair: exit code %d\n%s%s", code, stdout, stderr)
	}
	for host, rows := range rowsOn(t, dsn) {
		if got := rows - before[host]; got != uint64(load.acknowledged.Load()) {
			t.Errorf("replica %s has %d opens after a repair, want %d", host, got, load.acknowledged.Load())
		}
	}
	if stdout, stderr, code := i.run(t, "migrate", "status"); code != 0 || strings.Count(stdout, " ready\n") != len(before) {
		t.Errorf("migrate status: exit code %d\n%s%s", code, stdout, stderr)
	}
	i.stop(t, syscall.SIGTERM)
	lag(t, i, dsn)
	t.Logf("%d kills: %d opens acknowledged, on each replica once", kills, load.acknowledged.Load())
}

// lag keeps the replica that is asked first from the others' rows: a report is that of
// another one, and migrate status names it.
func lag(t *testing.T, i *instance, dsn string) {
	t.Helper()
	hosts, err := warehouse.Hosts(dsn)
	if err != nil {
		t.Fatal(err)
	}
	last := hosts[len(hosts)-1]
	write := func(host, text string) {
		t.Helper()
		w, err := warehouse.Connect(t.Context(), strings.Replace(dsn, strings.Join(hosts, ","), host, 1))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = w.Close() }()
		db := w.DB()
		defer func() { _ = db.Close() }()
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	write(hosts[0], "SYSTEM STOP FETCHES opens")
	write(hosts[0], "SYSTEM STOP FETCHES campaigns")
	defer func() {
		write(hosts[0], "SYSTEM START FETCHES opens")
		write(hosts[0], "SYSTEM START FETCHES campaigns")
	}()
	write(last, "INSERT INTO campaigns SELECT * REPLACE (campaign_id + 1 AS campaign_id, 'behind' AS name) FROM campaigns FINAL LIMIT 1 SETTINGS insert_quorum = 0")
	eventually(t, "migrate status to name the replica", func() bool {
		stdout, _, code := i.run(t, "migrate", "status")
		return code == 3 && strings.Contains(stdout, " behind the others\n")
	})
	if stdout, stderr, code := i.run(t, "report", "behind"); code != 0 {
		t.Errorf("a campaign that the first replica lacks: exit code %d\n%s%s", code, stdout, stderr)
	}
}

// loseRows deletes every hundredth open from all replicas, behind glint's back.
func loseRows(t *testing.T, dsn string) {
	t.Helper()
	w, err := warehouse.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	db := w.DB()
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), "ALTER TABLE opens DELETE WHERE event_id % 100 = 0 SETTINGS mutations_sync = 2"); err != nil {
		t.Fatal(err)
	}
}

// rowsOn counts the opens of each replica, once it has what the others have.
func rowsOn(t *testing.T, dsn string) map[string]uint64 {
	t.Helper()
	begin, rest, _ := strings.Cut(dsn, "@")
	hosts, path, _ := strings.Cut(rest, "/")
	rows := map[string]uint64{}
	for _, host := range strings.Split(hosts, ",") {
		eventually(t, "replica "+host, func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			w, err := warehouse.Connect(ctx, begin+"@"+host+"/"+path)
			if err != nil {
				return false
			}
			defer func() { _ = w.Close() }()
			db := w.DB()
			defer func() { _ = db.Close() }()
			if _, err := db.ExecContext(ctx, "SYSTEM SYNC REPLICA opens"); err != nil {
				return false
			}
			var n uint64
			if err := db.QueryRowContext(ctx, "SELECT count() FROM opens FINAL").Scan(&n); err != nil {
				return false
			}
			rows[host] = n
			return true
		})
	}
	return rows
}
