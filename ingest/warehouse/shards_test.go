package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"glint/ingest/warehouse/enginetest"
	"glint/schema/migrate"
)

// pair starts two servers as shards, and returns them and their warehouse.
func pair(t *testing.T) (*enginetest.Shards, *Warehouse) {
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
	w, err := ConnectCluster(t.Context(), s.DSN(1), enginetest.Cluster) // any server knows the others
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Migrate(t.Context())
	_ = w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return s, connected(t, s.DSN(0))
}

func connected(t *testing.T, dsn string) *Warehouse {
	t.Helper()
	w, err := Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// onEach asks each shard.
func onEach(t *testing.T, w *Warehouse, question string) string {
	t.Helper()
	var answers []string
	for _, shard := range w.shards.all {
		var answer string
		if err := shard.conn.QueryRow(t.Context(), "SELECT toString(("+question+"))").Scan(&answer); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, answer)
	}
	return strings.Join(answers, " ")
}

// TestStatementsReachEachShard: batches, the parts and rows that a copy reads, lifetimes,
// a deleted campaign, and an emptied table.
func TestStatementsReachEachShard(t *testing.T) {
	_, w := pair(t)
	ctx := t.Context()
	opens := manyOpens(1, 3000)
	later := manyOpens(2, 1000)
	for i := range later {
		later[i].EventID += 1 << 60
	}
	for range 2 { // under its name a batch is inserted once
		if err := errors.Join(w.InsertOpens(ctx, "one", opens), w.InsertOpens(ctx, "two", later)); err != nil {
			t.Fatal(err)
		}
	}
	of := map[int]int{}
	for _, rows := range [][]Open{opens, later} {
		for i := range rows {
			of[ShardOf(rows[i].MessageID, 2)]++
		}
	}
	if got, want := onEach(t, w, "SELECT count() FROM opens_local"), fmt.Sprint(of[0], of[1]); got != want || of[0] < 1000 || of[1] < 1000 {
		t.Fatalf("rows by shard: %s, want %s", got, want)
	}
	if left, err := w.AbsentOpens(ctx, append(opens[:10:10], Open{MessageID: uuid.Max})); err != nil || len(left) != 1 {
		t.Errorf("%d of 11 rows are absent, want 1; %v", len(left), err)
	}
	arrivals, _, err := w.ArrivalsSince(ctx, time.Now().Add(-time.Hour), 10)
	if err != nil || len(arrivals) < 2 {
		t.Errorf("%d arrivals of two campaigns, %v", len(arrivals), err)
	}

	eraseOneOfEach(t, w, later[1:]) // the id of the first one is zero, which names no message

	tables, err := w.Tables(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range tables {
		if name := tables[i].Name; strings.HasSuffix(name, "_local") || name == "opens" && tables[i].Rows != 3998 {
			t.Errorf("a backup has the table %s with %d rows", name, tables[i].Rows)
		}
	}
	parts, err := w.Parts(ctx, []string{"opens", "sends"})
	if err != nil || len(parts["opens"]) < 2 {
		t.Fatalf("%d parts, %v", len(parts["opens"]), err)
	}
	for shard, rows := range of { // of two parts with one name, a copy may know one
		var known []Part
		for _, p := range parts["opens"] {
			if p.Shard == shard+1 {
				known = append(known, p)
			}
		}
		var n uint64
		if err := w.conn.QueryRow(ctx, "SELECT count() FROM opens WHERE "+OtherParts(known)).Scan(&n); err != nil || int(n) != 4000-rows-1 {
			t.Errorf("without the parts of shard %d there are %d rows, want %d; %v", shard+1, n, 4000-rows-1, err)
		}
	}

	const lifetimes = "SELECT countSubstrings(create_table_query, 'toIntervalSecond') FROM system.tables WHERE database = 'glint' AND name = 'opens_local'"
	for _, c := range []struct {
		lifetime time.Duration
		want     string
	}{{10 * 365 * 24 * time.Hour, "20 20"}, {0, "0 0"}} {
		if err := w.SetFactsLifetime(ctx, c.lifetime); err != nil {
			t.Fatal(err)
		}
		if got := onEach(t, w, lifetimes); got != c.want {
			t.Errorf("columns with a lifetime: %s, want %s", got, c.want)
		}
	}
	if err := w.DeleteCampaign(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if got := onEach(t, w, "SELECT countIf(campaign_id = 2), countIf(campaign_id = 1) > 1000 FROM opens_local"); got != "(0,1) (0,1)" {
		t.Errorf("of a deleted campaign and another one each shard has %s", got)
	}
	if err := w.Truncate(ctx, "opens"); err != nil {
		t.Fatal(err)
	}
	if got := onEach(t, w, "SELECT count() FROM opens_local"); got != "0 0" {
		t.Errorf("rows of an emptied table: %s", got)
	}
	if got := onEach(t, w, "SELECT count() FROM opens_swept_local"); got != "0 0" {
		t.Errorf("keys are left of changes: %s", got)
	}
}

// eraseOneOfEach erases a message of each shard, of whose opens it is given one.
func eraseOneOfEach(t *testing.T, w *Warehouse, opens []Open) {
	t.Helper()
	before := onEach(t, w, "SELECT count() FROM opens_local")
	var first, second int
	if _, err := fmt.Sscan(before, &first, &second); err != nil {
		t.Fatal(err)
	}
	var rows []erasing
	for shard := range 2 {
		i := slices.IndexFunc(opens, func(o Open) bool { return ShardOf(o.MessageID, 2) == shard })
		rows = append(rows, erasing{recipient: RecipientKey{1}, campaign: opens[i].CampaignID, message: opens[i].MessageID})
	}
	err := insert(t.Context(), w, "erasing", erasingColumns, "erasing", rows)
	if err == nil {
		err = w.EraseRows(t.Context(), "opens")
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, want := onEach(t, w, "SELECT count() FROM opens_local"), fmt.Sprint(first-1, second-1); got != want {
		t.Errorf("rows after an erasure: %s, want %s", got, want)
	}
	if counts, err := w.ErasingRows(t.Context()); err != nil || counts["opens"] != 0 {
		t.Errorf("%d rows are still to be erased, %v", counts["opens"], err)
	}
}

// TestOtherShardsAreRefused: the number of shards and their order equal the first
// migration's, and tables of one server do not become tables of several.
func TestOtherShardsAreRefused(t *testing.T) {
	s, w := pair(t)
	ctx := t.Context()
	if w.Shards() != 2 {
		t.Fatalf("%d shards", w.Shards())
	}
	if again, err := w.Migrate(ctx); err != nil || len(again.Applied)+len(again.Views) > 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
	if other, err := Connect(ctx, s.DSN(1)); !errors.Is(err, ErrShards) || !strings.Contains(err.Error(), "Shard 2 of 2") {
		t.Errorf("the second shard alone: %v, %v", other, err)
	}
	swapped, err := ConnectCluster(ctx, s.DSN(0), enginetest.Swapped)
	if !errors.Is(err, ErrCluster) && !errors.Is(err, ErrShards) {
		t.Errorf("another cluster: %v, %v", swapped, err)
	}
	w.shards.all[0], w.shards.all[1] = w.shards.all[1], w.shards.all[0]
	if _, err := w.Migrate(ctx); !errors.Is(err, migrate.ErrShards) {
		t.Errorf("the servers in another order: %v", err)
	}
	w.shards.all[0], w.shards.all[1] = w.shards.all[1], w.shards.all[0]

	exec := func(statement string) {
		t.Helper()
		if err := w.conn.Exec(clickhouse.Context(ctx), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE OR REPLACE TABLE opens AS opens_local ENGINE = Distributed('pair', currentDatabase(), 'opens_local', jumpConsistentHash(sipHash64(message_id), 3))")
	if three, err := Connect(ctx, s.DSN(0)); !errors.Is(err, ErrShards) || !strings.Contains(err.Error(), "made with 3") {
		t.Errorf("a cluster with fewer servers than shards: %v, %v", three, err)
	}

	_, plain := engine(t)
	if err := plain.spread(enginetest.Cluster, [][]string{plain.options.Addr, w.shards.all[1].options.Addr}); err != nil {
		t.Fatal(err)
	}
	if _, err := plain.Migrate(ctx); !errors.Is(err, migrate.ErrPlain) {
		t.Errorf("tables without shards: %v", err)
	}
}

// denying answers each question with an error.
type denying struct {
	driver.Conn
	err error
}

func (d denying) QueryRow(context.Context, string, ...any) driver.Row { return deniedRow{err: d.err} }

type deniedRow struct {
	driver.Row
	err error
}

func (r deniedRow) Scan(...any) error { return r.err }

// TestOnlyAReaderMayNotLearnOfShards: a writer that takes a warehouse with shards for one
// without would insert through the Distributed table, which forgets what it has acknowledged.
func TestOnlyAReaderMayNotLearnOfShards(t *testing.T) {
	for name, c := range map[string]struct {
		answer error
		want   bool // an error
	}{
		"refused":         {code(codeAccessDenied), false},
		"too many others": {code(202), true},
		"no memory":       {code(241), true},
		"network":         {errors.New("connection refused"), true},
		"cut off":         {io.EOF, true},
	} {
		w := &Warehouse{conn: denying{err: c.answer}}
		if err := w.findShards(t.Context()); (err != nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
