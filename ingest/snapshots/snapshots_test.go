package snapshots

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/warehouse"
)

// fakeHouse has campaigns that change and reports that take a while.
type fakeHouse struct {
	states    []warehouse.SnapshotState
	cost      map[uint64]time.Duration
	refreshed map[uint64][]time.Time
	marked    int
	estimated int // refreshes with estimates
	err       error
}

func newHouse(campaigns ...uint64) *fakeHouse {
	h := &fakeHouse{cost: map[uint64]time.Duration{}, refreshed: map[uint64][]time.Time{}}
	for _, id := range campaigns {
		h.states = append(h.states, warehouse.SnapshotState{CampaignID: id, Mark: 1, ChangedAt: time.Now()})
	}
	return h
}

func (h *fakeHouse) ChangeMark(context.Context) (sum uint64, err error) {
	for _, s := range h.states {
		sum += s.Mark
	}
	return sum, h.err
}

func (h *fakeHouse) SnapshotStates(context.Context) ([]warehouse.SnapshotState, time.Time, error) {
	return slices.Clone(h.states), time.Now(), h.err
}

func (h *fakeHouse) RefreshSnapshot(_ context.Context, campaign uint64, estimates bool) error {
	began := time.Now()
	for i := range h.states {
		if s := &h.states[i]; s.CampaignID == campaign {
			seen, histories := s.Mark, newHistories(h.states)
			history := histories.of(s)
			time.Sleep(h.cost[campaign])
			s.SnapshotMark, s.ReadAt = seen, began
			if estimates {
				h.estimated++
				s.EstimatesMark, s.SnapshotHistory = seen, history
			}
		}
	}
	h.refreshed[campaign] = append(h.refreshed[campaign], began)
	return h.err
}

func (h *fakeHouse) MarkRecentChanges(context.Context) error {
	if h.err == nil {
		h.marked++
	}
	return h.err
}

// run lets a Refresher work for that long by a clock that does not wait, while do
// runs beside it.
func run(t *testing.T, d time.Duration, do func(h *fakeHouse), campaigns ...uint64) (h *fakeHouse) {
	synctest.Test(t, func(t *testing.T) {
		h = newHouse(campaigns...)
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		if do != nil {
			go do(h)
		}
		New(h, slog.New(slog.DiscardHandler), prometheus.NewRegistry()).Run(ctx)
		synctest.Wait()
	})
	return h
}

func TestWhatHasChangedIsComputedAtOnceAndOnceMore(t *testing.T) {
	h := run(t, time.Minute, nil, 1, 2, 3)
	for id, at := range h.refreshed {
		if len(at) != 2 || at[1].Sub(at[0]) < settle {
			t.Errorf("campaign %d was computed at %v, want at once and once more after %v", id, at, settle)
		}
	}
	if len(h.refreshed) != 3 || h.marked != 1 {
		t.Errorf("%d campaigns computed, %d starts marked", len(h.refreshed), h.marked)
	}
}

func TestAChangeIsSeenWithinASecond(t *testing.T) {
	var at time.Time
	h := run(t, time.Minute, func(h *fakeHouse) {
		time.Sleep(30 * time.Second)
		at = time.Now()
		h.states[0].Mark, h.states[0].ChangedAt = 2, at
	}, 1)
	i := slices.IndexFunc(h.refreshed[1], func(r time.Time) bool { return !r.Before(at) })
	if i < 0 || h.refreshed[1][i].Sub(at) > time.Second {
		t.Errorf("changed at %v, computed at %v", at, h.refreshed[1])
	}
}

// TestALargeCampaignLeavesTheMachineToOthers changes a large and a small campaign
// all the time: the first is computed three tenths of the time at most, and as fresh
// as a reader asks for; the second does not wait for it long.
func TestALargeCampaignLeavesTheMachineToOthers(t *testing.T) {
	const cost = 800 * time.Millisecond // of a campaign of 1 M messages
	h := run(t, time.Minute, func(h *fakeHouse) {
		h.cost[1], h.cost[2] = cost, 20*time.Millisecond
		for range 590 {
			time.Sleep(100 * time.Millisecond)
			for i := range h.states {
				h.states[i].Mark, h.states[i].ChangedAt = h.states[i].Mark+1, time.Now()
			}
		}
	}, 1, 2)
	longest := func(at []time.Time) (d time.Duration) {
		for i := 1; i < len(at); i++ {
			d = max(d, at[i].Sub(at[i-1]))
		}
		return d
	}
	if n := len(h.refreshed[1]); time.Duration(n)*cost > 60*time.Second*3/10 || longest(h.refreshed[1])+cost > 5*time.Second {
		t.Errorf("the large one was computed %d times, with %v between two", n, longest(h.refreshed[1]))
	}
	if n := len(h.refreshed[2]); n < 20 || longest(h.refreshed[2]) > 2500*time.Millisecond {
		t.Errorf("the small one was computed %d times, with %v between two", n, longest(h.refreshed[2]))
	}
}

// TestEstimatesOfALargeAccountWait changes one of its campaigns all the time.
func TestEstimatesOfALargeAccountWait(t *testing.T) {
	h := run(t, 2*time.Minute, func(h *fakeHouse) {
		h.states[0].Size, h.cost[1] = warehouse.SmallAccount, time.Second
		h.states[0].ReadAt, h.states[0].SnapshotMark = time.Now(), 9 // as kept by a run before
		for range 600 {
			time.Sleep(100 * time.Millisecond)
			h.states[0].Mark, h.states[0].ChangedAt = h.states[0].Mark+1, time.Now()
		}
	}, 1)
	if s := h.states[0]; s.EstimatesMark != s.Mark || len(h.refreshed[1]) < 15 || h.estimated < 3 || h.estimated > 7 {
		t.Errorf("%d refreshes, %d with estimates, state %+v", len(h.refreshed[1]), h.estimated, s)
	}
}

func TestFaultsAreTriedAgain(t *testing.T) {
	h := run(t, 3*time.Minute, func(h *fakeHouse) {
		h.err = errors.New("down")
		time.Sleep(time.Minute)
		h.err = nil
	}, 1)
	if h.marked != 1 || h.states[0].SnapshotMark != 1 {
		t.Errorf("%d starts marked, state %+v", h.marked, h.states[0])
	}
}

// TestHistoriesAreSums compares with the definition.
func TestHistoriesAreSums(t *testing.T) {
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	day := func() time.Time {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(random.IntN(300)) * 24 * time.Hour)
	}
	for range 200 {
		states := make([]warehouse.SnapshotState, 1+random.IntN(12))
		for i := range states {
			at := day()
			states[i] = warehouse.SnapshotState{
				CampaignID: uint64(i), Mark: random.Uint64(), StartsAt: at, EndsAt: at.Add(time.Duration(random.IntN(100)) * 24 * time.Hour),
			}
			if random.IntN(5) == 0 { // without a snapshot
				states[i].StartsAt, states[i].EndsAt = time.Time{}, time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
			}
		}
		h := newHistories(states)
		for i := range states {
			s, want := &states[i], uint64(0)
			for j := range states {
				o := &states[j]
				if i != j && o.StartsAt.Before(s.StartsAt) && !o.EndsAt.Before(s.StartsAt.Add(-historyDays)) {
					want += o.Mark
				}
			}
			if got := h.of(s); got != want {
				t.Fatalf("campaign %d of %+v: %d, want %d", i, states, got, want)
			}
		}
	}
}

func TestOlderMailMakesAHistoryOld(t *testing.T) {
	day := 24 * time.Hour
	h := run(t, 5*time.Minute, func(h *fakeHouse) {
		for i := range h.states {
			at := time.Now().Add(time.Duration(i) * day)
			h.states[i].StartsAt, h.states[i].EndsAt, h.states[i].HistoryStart = at, at, at
		}
		time.Sleep(2 * time.Minute)
		h.states[1].Mark, h.states[1].ChangedAt = 7, time.Now()
	}, 1, 2, 3)
	if first, last := len(h.refreshed[1]), len(h.refreshed[3]); first != 2 || last < 3 {
		t.Errorf("computed %d times before the changed mail, %d times after it", first, last)
	}
}
