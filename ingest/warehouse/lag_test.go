package warehouse

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// stateRow is the answer to replica_state.
type stateRow struct {
	driver.Row
	of *replica
}

func (r *replica) QueryRow(context.Context, string, ...any) driver.Row {
	r.looked++
	return stateRow{of: r}
}

func (s stateRow) Scan(into ...any) error {
	*into[0].(*uint64), *into[2].(*uint64) = 27, s.of.behind
	return s.of.mute
}

// asksFirst returns the number of the replica that gets the next question.
func asksFirst(t *testing.T, all ...*replica) (int, *replicas) {
	t.Helper()
	var conns []driver.Conn
	for _, r := range all {
		conns = append(conns, r)
	}
	r := newReplicas(conns)
	if _, err := r.Query(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	for i, one := range all {
		if one.asked > 0 {
			return i, r
		}
	}
	t.Fatal("nobody was asked")
	return 0, nil
}

func TestAReplicaThatLagsIsNotAsked(t *testing.T) {
	away, denied := errors.New("connection refused"), code(497)
	for name, c := range map[string]struct {
		all    []*replica
		want   int
		behind time.Duration
	}{
		"all up to date":          {[]*replica{{}, {}, {}}, 0, 0},
		"a little behind":         {[]*replica{{behind: 10}, {}}, 0, 10 * time.Second},
		"the first lags":          {[]*replica{{behind: 11}, {behind: 3}, {}}, 1, 3 * time.Second},
		"the second is away":      {[]*replica{{behind: 11}, {mute: away}, {behind: 2}}, 2, 2 * time.Second},
		"the first says nothing":  {[]*replica{{mute: away}, {behind: 40}, {behind: 1}}, 2, time.Second},
		"all lag":                 {[]*replica{{behind: 60}, {behind: 20}, {behind: 30}}, 1, 20 * time.Second},
		"all lag alike":           {[]*replica{{behind: 60}, {behind: 60}}, 0, time.Minute},
		"no other is there":       {[]*replica{{behind: 60}, {mute: away}}, 0, time.Minute},
		"the user may not ask":    {[]*replica{{mute: denied}, {}}, 0, 0},
		"nobody says anything":    {[]*replica{{mute: away}, {mute: away}}, 0, 0},
		"it never saw the others": {[]*replica{{behind: 1_790_000_000}}, 0, longest * time.Second},
	} {
		got, r := asksFirst(t, c.all...)
		if w := (&Warehouse{replicas: r}); got != c.want || w.Behind() != c.behind {
			t.Errorf("%s: replica %d was asked, which is %v behind, want %d and %v", name, got, w.Behind(), c.want, c.behind)
		}
	}
	if (&Warehouse{}).Behind() != 0 {
		t.Error("a single server is behind")
	}
}

// TestTheReplicaAskedIsNeverFurtherBehindThanNeeded has replicas that report any delays.
func TestTheReplicaAskedIsNeverFurtherBehindThanNeeded(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		all := make([]*replica, 1+random.IntN(5))
		least := time.Duration(unknown)
		for i := range all {
			all[i] = &replica{behind: random.Uint64N(25)}
			if random.IntN(4) == 0 {
				all[i].mute = errors.New("timeout")
				continue
			}
			least = min(least, time.Duration(all[i].behind)*time.Second)
		}
		i, _ := asksFirst(t, all...)
		got := time.Duration(all[i].behind) * time.Second
		if all[i].mute != nil {
			got = unknown
		}
		if got > MostBehind && got > least {
			t.Fatalf("one that is %v behind was asked beside one that is %v behind", got, least)
		}
	}
}

// TestReplicasAreLookedAtNowAndThen checks that the delay is read at an interval, and at
// once after a replica fails.
func TestReplicasAreLookedAtNowAndThen(t *testing.T) {
	first, second, third := &replica{}, &replica{behind: 300}, &replica{}
	r := newReplicas([]driver.Conn{first, second, third})
	ask := func() {
		t.Helper()
		if _, err := r.Query(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		r.lag.lookedAt.CompareAndSwap(0, math.MaxInt64) // never due
		ask()
	}
	if first.looked != 0 || first.asked != 10 {
		t.Errorf("the first was looked at %d times and asked %d times", first.looked, first.asked)
	}
	first.fails, first.mute = []error{errors.New("connection reset")}, errors.New("connection refused")
	if ask(); third.asked != 1 || second.asked != 0 || second.looked == 0 {
		t.Errorf("after the first failed: second looked at %d times, asked %d times, third asked %d times", second.looked, second.asked, third.asked)
	}
	r.lag.lookedAt.Store(int64(time.Since(r.lag.began) - lookEvery))
	looked := third.looked
	if ask(); third.looked != looked+1 {
		t.Error("it was not looked at again")
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	r.lag.lookedAt.Store(0)
	third.mute = context.Canceled
	if _, _ = r.Query(canceled, ""); r.lag.lookedAt.Load() != 0 || r.lag.behind.Load() != 0 {
		t.Error("a question that was called off has taught something")
	}
}
