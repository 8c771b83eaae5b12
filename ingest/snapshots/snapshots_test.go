package snapshots

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/warehouse"
)

// fakeHouse has campaigns that change and reports that take a while.
type fakeHouse struct {
	mu            sync.Mutex
	states        []warehouse.SnapshotState
	cost          map[uint64]time.Duration // of numbers
	estimatesCost time.Duration
	refreshed     map[uint64][]time.Time // when numbers were
	estimated     map[uint64][]time.Time // when estimates were
	brokenDown    map[uint64][]time.Time // when breakdowns were
	marked        int
	err           error
}

func newHouse(campaigns ...uint64) *fakeHouse {
	h := &fakeHouse{cost: map[uint64]time.Duration{}, refreshed: map[uint64][]time.Time{}, estimated: map[uint64][]time.Time{}, brokenDown: map[uint64][]time.Time{}}
	for _, id := range campaigns {
		h.states = append(h.states, warehouse.SnapshotState{CampaignID: id, Mark: 1, ChangedAt: time.Now()})
	}
	return h
}

func (h *fakeHouse) ChangeMark(context.Context) (sum uint64, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.states {
		sum += s.Mark
	}
	return sum, h.err
}

func (h *fakeHouse) SnapshotStates(context.Context) ([]warehouse.SnapshotState, time.Time, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.states), time.Now(), h.err
}

func (h *fakeHouse) RefreshNumbers(_ context.Context, campaign uint64) error {
	return h.refresh(campaign, h.cost[campaign], h.refreshed, func(s *warehouse.SnapshotState, mark, _ uint64, began time.Time) {
		s.SnapshotMark, s.ReadAt = mark, began
	})
}

func (h *fakeHouse) RefreshEstimates(_ context.Context, campaign uint64) error {
	return h.refresh(campaign, h.estimatesCost, h.estimated, func(s *warehouse.SnapshotState, mark, history uint64, _ time.Time) {
		s.EstimatesMark, s.SnapshotHistory = mark, history
	})
}

func (h *fakeHouse) RefreshBreakdowns(_ context.Context, campaign uint64) error {
	return h.refresh(campaign, 4*h.cost[campaign], h.brokenDown, func(s *warehouse.SnapshotState, mark, _ uint64, began time.Time) {
		s.BreakdownsMark, s.BreakdownsAt = mark, began
	})
}

func (h *fakeHouse) refresh(campaign uint64, cost time.Duration, done map[uint64][]time.Time, keep func(*warehouse.SnapshotState, uint64, uint64, time.Time)) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	began := time.Now()
	for i := range h.states {
		if s := &h.states[i]; s.CampaignID == campaign {
			mark, histories := s.Mark, newHistories(h.states)
			history := histories.of(s)
			h.mu.Unlock()
			time.Sleep(cost)
			h.mu.Lock()
			keep(s, mark, history, began)
		}
	}
	done[campaign] = append(done[campaign], began)
	return h.err
}

func (h *fakeHouse) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
}

// change lets a campaign change now.
func (h *fakeHouse) change(i int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.states[i].Mark, h.states[i].ChangedAt = h.states[i].Mark+1, time.Now()
}

func (h *fakeHouse) MarkRecentChanges(context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil {
		h.marked++
	}
	return h.err
}

// run lets a Refresher work for that long by a clock that does not wait, while do
// runs beside it: what do sets before its first sleep is set before the Refresher begins.
func run(t *testing.T, d time.Duration, do func(h *fakeHouse), campaigns ...uint64) (h *fakeHouse) {
	synctest.Test(t, func(t *testing.T) {
		h = newHouse(campaigns...)
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		if do != nil {
			go do(h)
			synctest.Wait()
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
		h.states[1].Size = warehouse.SmallCampaign
		time.Sleep(30 * time.Second)
		at = time.Now()
		h.change(0)
		h.change(1)
	}, 1, 2)
	for campaign, patience := range map[uint64]time.Duration{1: rest + time.Second, 2: time.Second} {
		i := slices.IndexFunc(h.refreshed[campaign], func(r time.Time) bool { return !r.Before(at) })
		if i < 0 || h.refreshed[campaign][i].Sub(at) > patience {
			t.Errorf("campaign %d changed at %v, computed at %v", campaign, at, h.refreshed[campaign])
		}
	}
}

// TestALargeCampaignLeavesTheMachineToOthers changes two large campaigns all the time,
// one of which takes long: it is computed a third of the time, and as
// fresh as a reader asks for; the other does not wait for it long.
func TestALargeCampaignLeavesTheMachineToOthers(t *testing.T) {
	const cost = 800 * time.Millisecond // of a campaign of 1 M messages
	h := run(t, time.Minute, func(h *fakeHouse) {
		h.states[0].Size, h.states[1].Size = warehouse.SmallCampaign, warehouse.SmallCampaign
		h.cost[1], h.cost[2] = cost, 20*time.Millisecond
		for range 590 {
			time.Sleep(100 * time.Millisecond)
			h.change(0)
			h.change(1)
		}
	}, 1, 2)
	longest := func(at []time.Time) (d time.Duration) {
		for i := 1; i < len(at); i++ {
			d = max(d, at[i].Sub(at[i-1]))
		}
		return d
	}
	if n := len(h.refreshed[1]); time.Duration(n)*cost > 60*time.Second*35/100 || longest(h.refreshed[1])+cost > 5*time.Second {
		t.Errorf("the slow one was computed %d times, with %v between two", n, longest(h.refreshed[1]))
	}
	if n := len(h.refreshed[2]); n < 20 || longest(h.refreshed[2]) > 2500*time.Millisecond {
		t.Errorf("the other was computed %d times, with %v between two", n, longest(h.refreshed[2]))
	}
}

// TestAnAccountWithoutSnapshotsHoldsUpNoCampaign starts with campaigns that were never
// computed, which takes minutes; a large one of them changes all the time, and another one
// after a minute. All get their turns, and the one that has changed comes before the others.
func TestAnAccountWithoutSnapshotsHoldsUpNoCampaign(t *testing.T) {
	var campaigns []uint64
	for id := range uint64(300) {
		campaigns = append(campaigns, id+1)
	}
	var at time.Time
	h := run(t, 20*time.Minute, func(h *fakeHouse) {
		h.states[0].Size, h.states[299].Size = warehouse.SmallCampaign, warehouse.SmallCampaign
		for _, id := range campaigns {
			h.cost[id] = 700 * time.Millisecond
		}
		for i := range 4 * 1100 {
			time.Sleep(250 * time.Millisecond)
			h.change(0)
			if i == 4*60 {
				at = time.Now()
				h.change(299)
			}
		}
	}, campaigns...)
	if got := h.refreshed[300]; len(got) == 0 || got[0].Before(at) || got[0].Sub(at) > 3*passTime {
		t.Errorf("changed at %v, computed at %v", at, got)
	}
	for i, at := range h.refreshed[1] {
		if i > 0 && at.Sub(h.refreshed[1][i-1]) > 30*time.Second {
			t.Errorf("the large one was computed at %v and at %v", h.refreshed[1][i-1], at)
		}
	}
	if len(h.refreshed[1]) < 100 || len(h.refreshed) != len(campaigns) {
		t.Errorf("the large one was computed %d times, and %d of all", len(h.refreshed[1]), len(h.refreshed))
	}
}

// TestSlowCampaignsHoldUpNoOther: a refresh of two campaigns that change all the time takes
// longer than a pass. A third one, which was computed before the start, begins to change.
func TestSlowCampaignsHoldUpNoOther(t *testing.T) {
	var at time.Time
	h := run(t, 3*time.Minute, func(h *fakeHouse) {
		for i := range 2 {
			h.states[i].Size, h.cost[h.states[i].CampaignID] = warehouse.SmallCampaign, 2*passTime
		}
		h.states[2].SnapshotMark, h.states[2].ReadAt = h.states[2].Mark, time.Now().Add(settle)
		for i := range 1700 {
			time.Sleep(100 * time.Millisecond)
			h.change(0)
			h.change(1)
			if i == 300 {
				at = time.Now()
			}
			if i >= 300 {
				h.change(2)
			}
		}
	}, 1, 2, 3)
	if got := h.refreshed[3]; len(got) == 0 || got[0].Sub(at) > smallInterval+6*passTime {
		t.Errorf("changed from %v on, computed at %v", at, got)
	}
}

// TestTheLargestCampaignsHoldUpNoOther changes one whose numbers take 10 s, and another one.
func TestTheLargestCampaignsHoldUpNoOther(t *testing.T) {
	h := run(t, 3*time.Minute, func(h *fakeHouse) {
		h.states[0].Size, h.states[1].Size = warehouse.LargestCampaign, warehouse.SmallCampaign
		h.cost[1], h.cost[2] = 10*time.Second, time.Second
		for i := range h.states {
			h.states[i].ReadAt, h.states[i].SnapshotMark = time.Now(), h.states[i].Mark
		}
		for range 1790 {
			time.Sleep(100 * time.Millisecond)
			h.change(0)
			h.change(1)
		}
	}, 1, 2)
	for i, at := range h.refreshed[2] {
		if i > 0 && at.Sub(h.refreshed[2][i-1]) > 5*time.Second {
			t.Errorf("numbers were computed at %v and at %v", h.refreshed[2][i-1], at)
		}
	}
	if len(h.refreshed[2]) < 30 || len(h.refreshed[1]) < 5 {
		t.Errorf("numbers were computed %d times, those of the largest %d times", len(h.refreshed[2]), len(h.refreshed[1]))
	}
}

// TestASmallCampaignIsComputedWhenItRests changes one all the time, and then no more.
func TestASmallCampaignIsComputedWhenItRests(t *testing.T) {
	var end time.Time
	h := run(t, 3*time.Minute, func(h *fakeHouse) {
		for range 1000 {
			time.Sleep(100 * time.Millisecond)
			h.change(0)
		}
		end = time.Now()
	}, 1)
	for kind, at := range map[string][]time.Time{"numbers": h.refreshed[1], "estimates": h.estimated[1]} {
		changing := slices.IndexFunc(at, func(r time.Time) bool { return r.After(end) })
		if changing < 3 || changing > 5 || at[changing].Sub(end) > rest+time.Second {
			t.Errorf("%s were computed at %v; the changes ended at %v", kind, at, end)
		}
	}
}

// TestASmallCampaignOfALargeAccountIsRecent changes one all the time.
func TestASmallCampaignOfALargeAccountIsRecent(t *testing.T) {
	h := run(t, time.Minute, func(h *fakeHouse) {
		h.states[1].Size = warehouse.SmallAccount
		h.cost[1] = 100 * time.Millisecond
		for range 600 {
			time.Sleep(100 * time.Millisecond)
			h.change(0)
		}
	}, 1, 2)
	for i, at := range h.refreshed[1] {
		if i > 0 && at.Sub(h.refreshed[1][i-1]) > warehouse.RecentAge-time.Second {
			t.Errorf("numbers were computed at %v and at %v", h.refreshed[1][i-1], at)
		}
	}
	if n := len(h.refreshed[1]); n < 12 || n > 35 {
		t.Errorf("numbers were computed %d times", n)
	}
}

// TestBreakdownsAreOfLargeCampaigns: those of a small one are computed when asked for.
func TestBreakdownsAreOfLargeCampaigns(t *testing.T) {
	var at time.Time
	h := run(t, 2*time.Minute, func(h *fakeHouse) {
		h.states[0].Size, h.states[1].Size = warehouse.SmallCampaign-1, warehouse.SmallCampaign
		time.Sleep(time.Minute)
		at = time.Now()
		h.change(0)
		h.change(1)
	}, 1, 2)
	if n := len(h.brokenDown[1]); n != 0 {
		t.Errorf("those of a small campaign were computed %d times", n)
	}
	got := h.brokenDown[2] // at the start, once more when all rows of its inserts show, and the same after the change
	if len(got) != 4 || got[1].Sub(got[0]) < settle || got[2].Before(at) || got[2].Sub(at) > slowPause || got[3].Sub(at) < settle {
		t.Errorf("changed at %v, computed at %v", at, got)
	}
}

// TestSlowEstimatesDoNotHoldUpNumbers changes a campaign all the time.
func TestSlowEstimatesDoNotHoldUpNumbers(t *testing.T) {
	h := run(t, 6*time.Minute, func(h *fakeHouse) {
		h.states[0].Size, h.estimatesCost = warehouse.SmallCampaign, 10*time.Second
		for range 1200 {
			time.Sleep(100 * time.Millisecond)
			h.change(0)
		}
	}, 1)
	longest := time.Duration(0)
	for i, at := range h.refreshed[1] {
		if i > 0 && i < 100 {
			longest = max(longest, at.Sub(h.refreshed[1][i-1]))
		}
	}
	if len(h.refreshed[1]) < 100 || longest > 1500*time.Millisecond {
		t.Errorf("numbers computed %d times, with %v between two", len(h.refreshed[1]), longest)
	}
	if n := len(h.estimated[1]); n < 2 || n > 3 || h.states[0].EstimatesMark != h.states[0].Mark {
		t.Errorf("estimates computed %d times, state %+v", n, h.states[0])
	}
}

func TestFaultsAreTriedAgain(t *testing.T) {
	h := run(t, 3*time.Minute, func(h *fakeHouse) {
		h.fail(errors.New("down"))
		time.Sleep(time.Minute)
		h.fail(nil)
	}, 1)
	if h.marked != 1 || h.states[0].SnapshotMark != 1 {
		t.Errorf("%d starts marked, state %+v", h.marked, h.states[0])
	}
}

// TestHistoriesAreSums compares with the definition.
func TestHistoriesAreSums(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
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
		h.change(1)
	}, 1, 2, 3)
	if first, last := len(h.estimated[1]), len(h.estimated[3]); last <= first {
		t.Errorf("estimates computed %d times before the changed mail, %d times after it", first, last)
	}
}
