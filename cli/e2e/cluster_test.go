//go:build cluster

package e2e_test

import (
	"context"
	"database/sql"
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
//	GLINT_TEST_CLUSTER         cluster with several shards, whose first one has those replicas; none: they are the whole warehouse
//	GLINT_TEST_REPLICA_KILL    command that kills one of them, or Keeper, and starts it again; it is given a number of chance
//	GLINT_TEST_REPLICA_KILLS   how often (default 20); each fifth time glint itself is killed instead

// TestReplicasLoseNothing posts lines while replicas, Keeper and glint are killed.
func TestReplicasLoseNothing(t *testing.T) {
	dsn := os.Getenv("GLINT_TEST_REPLICAS")
	if dsn == "" {
		t.Fatal("GLINT_TEST_REPLICAS is not set")
	}
	t.Setenv("GLINT_WAREHOUSE", dsn)
	kills := timesFrom(t, "GLINT_TEST_REPLICA_KILLS", 20)
	home := newHome(t)
	if cluster := os.Getenv("GLINT_TEST_CLUSTER"); cluster != "" {
		if _, stderr, code := runGlint(t, home, nil, "migrate", "up", "--cluster", cluster); code != 0 {
			t.Fatalf("migrate: exit code %d: %s", code, stderr)
		}
	}
	i := serveOn(t, home, dsn, "--judge-every", "0")
	load := newBulk(t, i)
	servers := len(rowsOn(t, dsn))
	for k := range kills {
		done := make(chan error, 1)
		if k%5 == 4 {
			i.stop(t, syscall.SIGKILL)
			i = serveOn(t, home, dsn, "--judge-every", "0")
			done <- nil
		} else {
			go func() {
				out, err := exec.Command("sh", "-c", os.Getenv("GLINT_TEST_REPLICA_KILL")+fmt.Sprintf(" %d", rand.IntN(1000))).CombinedOutput()
				if err != nil {
					err = fmt.Errorf("kill: %w: %s", err, out)
				}
				done <- err
			}()
		}
		for posted, over := 0, false; posted < 5 || !over; posted++ {
			if status, answer := post(t, i, load.body(200), ""); status != http.StatusOK {
				t.Fatalf("status %d: %s", status, answer)
			}
			load.acknowledged.Add(200)
			select {
			case err := <-done:
				if over = true; err != nil {
					t.Fatal(err)
				}
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	for began := time.Now(); i.backlog(t) > 0; time.Sleep(time.Second) {
		if time.Since(began) > 5*patience { // servers may be on their way up
			t.Fatalf("%.0f records still wait", i.backlog(t))
		}
	}
	once(t, dsn, load)
	if stdout, stderr, code := i.run(t, "audit"); code != 0 {
		t.Errorf("audit: exit code %d\n%s%s", code, stdout, stderr)
	}
	loseRows(t, dsn)
	if stdout, stderr, code := i.run(t, "audit", "--repair"); code != 0 || !strings.Contains(stdout, "\nrepaired: ") {
		t.Errorf("audit --repair: exit code %d\n%s%s", code, stdout, stderr)
	}
	once(t, dsn, load)
	if stdout, stderr, code := i.run(t, "migrate", "status"); code != 0 || strings.Count(stdout, " ready\n") != servers {
		t.Errorf("migrate status: exit code %d\n%s%s", code, stdout, stderr)
	}
	t.Logf("%d kills: %d opens acknowledged, which should be on each replica of their shard once", kills, load.acknowledged.Load())
	hosts, err := warehouse.Hosts(dsn)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(hosts, ",")
	more := strings.Replace(dsn, all, all+",127.0.0.1:1", 1) // nobody listens there
	if _, stderr, code := i.run(t, "migrate", "up", "--warehouse", more); code != 0 || !strings.Contains(stderr, " does not answer.") || strings.Contains(stderr, "up to date") {
		t.Errorf("migrate up with a server that is away: exit code %d: %s", code, stderr)
	}
	i.stop(t, syscall.SIGTERM)
	lag(t, i, dsn)
	lagOfShards(t, i, dsn)
}

// once checks that each acknowledged open is on each replica of one shard, its own.
func once(t *testing.T, dsn string, load *bulk) {
	t.Helper()
	ofShard := map[int]held{}
	var sum uint64
	for host, h := range rowsOn(t, dsn) {
		first, seen := ofShard[h.shard]
		if ofShard[h.shard] = h; !seen {
			sum += h.rows
		} else if h != first {
			t.Errorf("replica %s of shard %d has %+v, another one %+v", host, h.shard+1, h, first)
		}
		if h.rows != h.events || h.strays > 0 {
			t.Errorf("replica %s has %d rows of %d events, %d of them another shard's", host, h.rows, h.events, h.strays)
		}
	}
	if sum != uint64(load.acknowledged.Load()) {
		t.Errorf("the shards have %d opens, want the %d that were acknowledged", sum, load.acknowledged.Load())
	}
}

// place is a handle on one server.
type place struct {
	*sql.DB
	address       string
	shard, shards int    // its number, from 0, of that many
	table         string // the name there of the table of opens
}

// eachPlace calls do with each server, by shard.
func eachPlace(t *testing.T, dsn string, do func(context.Context, place) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	w, err := warehouse.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	p := place{shards: w.Shards(), table: "opens"}
	if p.shards > 1 {
		p.table = "opens_local"
	}
	return w.OnServers(ctx, func(all [][]*sql.DB) error {
		addresses := w.Addresses()
		for shard, replicas := range all {
			for _, db := range replicas {
				p.DB, p.address, p.shard = db, addresses[0], shard
				addresses = addresses[1:]
				if err := do(ctx, p); err != nil {
					return err
				}
			}
		}
		return nil
	})
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

// lagOfShards keeps the replicas of the last of several shards from each other's rows: a
// report names the shard.
func lagOfShards(t *testing.T, i *instance, dsn string) {
	t.Helper()
	if os.Getenv("GLINT_TEST_CLUSTER") == "" {
		return
	}
	last := 0
	onLast := func(text string) {
		t.Helper()
		err := eachPlace(t, dsn, func(ctx context.Context, p place) (err error) {
			if last = p.shards; p.shard == last-1 {
				_, err = p.ExecContext(ctx, strings.ReplaceAll(text, "TABLE", p.table))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	onLast("SYSTEM STOP FETCHES TABLE")
	defer onLast("SYSTEM START FETCHES TABLE")
	onLast("INSERT INTO TABLE SELECT * REPLACE (1 AS campaign_id, rand64() AS event_id) FROM TABLE LIMIT 1 SETTINGS insert_quorum = 0")
	eventually(t, "the report to name the shard", func() bool {
		return strings.Contains(i.must(t, "report", "token", "--format", "json"), fmt.Sprintf(`"Shard %d `, last))
	})
}

// loseRows deletes every hundredth open from all replicas, behind glint's back.
func loseRows(t *testing.T, dsn string) {
	t.Helper()
	done := map[int]bool{}
	err := eachPlace(t, dsn, func(ctx context.Context, p place) error {
		if done[p.shard] {
			return nil
		}
		done[p.shard] = true
		_, err := p.ExecContext(ctx, "ALTER TABLE "+p.table+" DELETE WHERE event_id % 100 = 0 SETTINGS mutations_sync = 2")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// held is what a server has of the opens.
type held struct {
	shard                int
	rows, events, strays uint64 // strays belong to another shard
}

// rowsOn counts the opens of each server, once it has what its replicas have.
func rowsOn(t *testing.T, dsn string) map[string]held {
	t.Helper()
	all := map[string]held{}
	eventually(t, "all replicas", func() bool {
		clear(all)
		return eachPlace(t, dsn, func(ctx context.Context, p place) error {
			if _, err := p.ExecContext(ctx, "SYSTEM SYNC REPLICA "+p.table); err != nil {
				return err
			}
			h := held{shard: p.shard}
			question := fmt.Sprintf("SELECT count(), uniqExact(event_id), countIf(jumpConsistentHash(sipHash64(message_id), %d) != %d) FROM %s FINAL", p.shards, p.shard, p.table)
			err := p.QueryRowContext(ctx, question).Scan(&h.rows, &h.events, &h.strays)
			all[p.address] = h
			return err
		}) == nil
	})
	return all
}
