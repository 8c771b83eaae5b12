package worlds

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var end = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestEqualSeedsGiveEqualAccounts(t *testing.T) {
	w := plain
	w.Recipients = 200
	if diff := cmp.Diff(Generate(w, 7, end), Generate(w, 7, end)); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(Generate(w, 7, end), Generate(w, 8, end)) {
		t.Error("two seeds gave one account")
	}
}

func TestTruthFollowsTheHabits(t *testing.T) {
	w := plain
	w.Recipients, w.AppleHabit, w.Bounces = 40_000, 1.25, 0
	w.Campaigns = 1
	a := Generate(w, 1, end)
	want := w.MeanHabit * (1 - w.AppleShare + w.AppleShare*w.AppleHabit)
	if got := a.Campaigns[0].Truth(); math.Abs(got-want) > 0.01 {
		t.Errorf("truth %.3f, want about %.3f", got, want)
	}
}

// TestPixelSeesWhatTheWorldSays counts what each kind of recipient shows.
func TestPixelSeesWhatTheWorldSays(t *testing.T) {
	w := plain
	w.Recipients, w.Campaigns, w.Elsewhere, w.Cloaked, w.Unknown = 40_000, 1, 0, 0, 0
	w.BlockedMail = 0.2
	var masked, reliable, read, clicked int
	for _, m := range Generate(w, 1, end).Campaigns[0].Messages {
		if m.Read {
			read++
		}
		if m.Clicked {
			clicked++
		}
		for _, f := range m.Fetches {
			if f.Class == "machine_prefetch" {
				masked++
				break
			}
			if f.Class == "human_direct" || f.Class == "proxy_human" {
				if !m.Read {
					t.Fatal("a person fetched a message that nobody read")
				}
				reliable++
				break
			}
		}
	}
	for name, c := range map[string]struct {
		got  int
		want float64
	}{
		"masked":   {masked, 40_000 * 0.99 * w.AppleShare * (1 - (1-w.Prefetch)*(1-0.4*0.8))},
		"reliable": {reliable, 40_000 * 0.99 * (1 - w.AppleShare) * 0.4 * 0.8},
		"read":     {read, 40_000 * 0.99 * 0.4},
		"clicked":  {clicked, 40_000 * 0.99 * 0.4 * w.ClickP},
	} {
		if math.Abs(float64(c.got)-c.want) > 0.05*c.want {
			t.Errorf("%s: %d, want about %.0f", name, c.got, c.want)
		}
	}
}

func TestWorldsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range slices.Concat(Named(), Random(100, Seed), Varied(100, Seed)) {
		if seen[w.Name] || w.Name == "" {
			t.Errorf("name %q twice or empty", w.Name)
		}
		seen[w.Name] = true
		if w.First >= w.Campaigns {
			t.Errorf("%s: no campaign is judged", w.Name)
		}
	}
	if len(seen) != len(Named())+200 {
		t.Errorf("%d worlds", len(seen))
	}
}
