package warehouse

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"glint/schema"
)

func TestEachShardIsAsFreshAsItsBestReplica(t *testing.T) {
	away := errors.New("connection refused")
	for name, c := range map[string]struct {
		shards [][]*replica
		want   []Late
	}{
		"all up to date":           {[][]*replica{{{}}, {{}, {}}}, nil},
		"one replica lags":         {[][]*replica{{{}}, {{behind: 90}, {}}}, nil},
		"one lags, one is away":    {[][]*replica{{{}}, {{behind: 90}, {mute: away}}}, []Late{{Shard: 2, Behind: 90 * time.Second}}},
		"all lag":                  {[][]*replica{{{}}, {{behind: 90}, {behind: 60}}}, []Late{{Shard: 2, Behind: time.Minute}}},
		"all are away":             {[][]*replica{{{}}, {{mute: away}, {mute: away}}, {{}}}, []Late{{Shard: 2, Away: true}}},
		"several":                  {[][]*replica{{{mute: away}}, {{mute: away}}, {{behind: 5}}}, []Late{{Shard: 1, Away: true}, {Shard: 2, Away: true}, {Shard: 3, Behind: 5 * time.Second}}},
		"it never saw the others":  {[][]*replica{{{}}, {{behind: 1_790_000_000}}}, []Late{{Shard: 2, Behind: longest * time.Second}}},
		"the user may not ask":     {[][]*replica{{{mute: code(codeAccessDenied)}}, {{}}}, nil},
		"the first shard's choice": {[][]*replica{{{behind: 90}, {behind: 30}}, {{}}}, []Late{{Shard: 1, Behind: 30 * time.Second}}},
	} {
		w := &Warehouse{shards: &shards{}}
		for _, all := range c.shards {
			var conns []driver.Conn
			for _, r := range all {
				conns = append(conns, r)
			}
			shard := &Warehouse{conn: conns[0]}
			if len(conns) > 1 {
				shard.replicas = newReplicas(conns)
				shard.replicas.choose(t.Context())
			}
			w.shards.all = append(w.shards.all, shard)
		}
		if diff := cmp.Diff(c.want, w.Late(t.Context())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		looked := c.shards[1][0].looked
		if w.Late(t.Context()); c.shards[1][0].looked != looked {
			t.Errorf("%s: it was looked at twice at once", name)
		}
	}
}

func TestALookThatWasCalledOffTeachesNothing(t *testing.T) {
	second := &replica{mute: context.Canceled}
	w := &Warehouse{shards: &shards{all: []*Warehouse{{conn: &replica{}}, {conn: second}}}}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	w.Late(canceled)
	if second.mute = nil; w.Late(t.Context()) != nil {
		t.Error("a shard that answers is late")
	}
}

// TestAReportIsCompleteToItsOldestShard has states from before and after a reading.
func TestAReportIsCompleteToItsOldestShard(t *testing.T) {
	for name, c := range map[string]struct {
		states []Late
		ahead  bool
		want   []Late
		behind time.Duration
	}{
		"none":                   {nil, false, nil, 0},
		"a little":               {[]Late{{Shard: 2, Behind: MostBehind}}, false, nil, 0},
		"the longer one counts":  {[]Late{{Shard: 2, Behind: time.Hour}, {Shard: 2, Behind: time.Minute}}, false, []Late{{Shard: 2, Behind: time.Hour}}, time.Hour},
		"in whatever order":      {[]Late{{Shard: 2, Behind: time.Minute}, {Shard: 2, Behind: time.Hour}}, false, []Late{{Shard: 2, Behind: time.Hour}}, time.Hour},
		"the oldest shard":       {[]Late{{Shard: 3, Behind: time.Hour}, {Shard: 1, Behind: time.Minute}}, false, []Late{{Shard: 1, Behind: time.Minute}, {Shard: 3, Behind: time.Hour}}, time.Hour},
		"away and not needed":    {[]Late{{Shard: 2, Away: true}}, true, []Late{{Shard: 2, Away: true}}, 0},
		"away, but it answered":  {[]Late{{Shard: 2, Away: true}}, false, nil, 0},
		"without shards, behind": {[]Late{{Behind: time.Minute}}, false, []Late{{Behind: time.Minute}}, time.Minute},
	} {
		r := Report{ComputedAt: noon, Ahead: c.ahead}
		r.setLate(slices.Clone(c.states))
		if diff := cmp.Diff(c.want, r.Late); diff != "" || !r.CompleteTo.Equal(noon.Add(-c.behind)) {
			t.Errorf("%s: complete to %v; (-want +got):\n%s", name, r.CompleteTo, diff)
		}
	}
}

// TestAShardThatIsAwayIsNamed kills one of two shards: a report that was computed before
// names it, however the campaign has changed since, and a new one is an error.
func TestAShardThatIsAwayIsNamed(t *testing.T) {
	s, w := pair(t)
	ctx := t.Context()
	c, err := w.EnsureCampaign(ctx, "one")
	if err == nil {
		err = w.InsertOpens(ctx, "one", manyOpens(c.ID, 3000))
	}
	if err != nil {
		t.Fatal(err)
	}
	refresh(t, w, c.ID)
	want := reportOf(t, w, c.ID)
	if want.Late != nil || !want.CompleteTo.Equal(want.ComputedAt) || want.UnregisteredOpensTotal == 0 {
		t.Fatalf("with all shards: %+v", want)
	}
	s.Kill(1)
	w.shards.forget()
	for _, changed := range []bool{false, true} {
		if changed {
			if err := w.Touched(ctx, []uint64{c.ID}); err != nil {
				t.Fatal(err)
			}
		}
		got := reportOf(t, w, c.ID)
		if diff := cmp.Diff([]Late{{Shard: 2, Away: true}}, got.Late); diff != "" || !got.ComputedAt.Equal(want.ComputedAt) || got.UnregisteredOpensTotal != want.UnregisteredOpensTotal {
			t.Errorf("changed %v: computed at %v with %d opens, want %v and %d; %s", changed, got.ComputedAt, got.UnregisteredOpensTotal, want.ComputedAt, want.UnregisteredOpensTotal, diff)
		}
	}
	if r, err := w.FreshReportOf(ctx, "one"); !errors.Is(err, ErrShardAway) {
		t.Errorf("without a shard: %+v, %v", r, err)
	}
	if err := s.Restart(1); err != nil {
		t.Fatal(err)
	}
	w.shards.forget()
	if r, err := w.FreshReportOf(ctx, "one"); err != nil || r.Late != nil || r.UnregisteredOpensTotal != want.UnregisteredOpensTotal {
		t.Errorf("with both again: %+v, %v", r, err)
	}
}

// lagging answers replica_state with a delay, and all else as its connection does.
type lagging struct {
	driver.Conn
	of *replica
}

func (l lagging) QueryRow(ctx context.Context, query string, args ...any) driver.Row {
	if query == schema.Query("replica_state") {
		return stateRow{of: l.of}
	}
	return l.Conn.QueryRow(ctx, query, args...)
}

// TestWhatALaggingReplicaComputesIsNotKept: rows that it lacked come without a new mark, so
// that nothing would show that they are missing.
func TestWhatALaggingReplicaComputesIsNotKept(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	fillCampaign(t, e, 1, 400, noon)
	of := &replica{behind: 3}
	w.replicas = newReplicas([]driver.Conn{lagging{w.conn, of}})
	w.conn = w.replicas
	for _, behind := range []uint64{3, 0} {
		of.behind = behind
		w.replicas.lag.lookedAt.Store(0)
		refresh(t, w, 1)
		states, _, err := w.SnapshotStates(t.Context())
		if err != nil || len(states) != 1 {
			t.Fatalf("%d states, %v", len(states), err)
		}
		if kept := states[0].SnapshotMark == states[0].Mark && states[0].EstimatesMark == states[0].Mark; kept != (behind == 0) {
			t.Errorf("%d s behind: numbers are kept: %v", behind, kept)
		}
	}
}
