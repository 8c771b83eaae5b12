package warehouse

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestIntervalsAreThePublishedOnes compares the intervals with tables of Newcombe's two
// papers of 1998: 17:873, table II, and 17:2635, table III.
func TestIntervalsAreThePublishedOnes(t *testing.T) {
	near := func(name string, got *float64, want float64) {
		t.Helper()
		if got == nil || math.Abs(*got-want) > 0.00006 {
			t.Errorf("%s: %v, want %v", name, *got, want)
		}
	}
	d := independent("", 56, 70, 48, 80)
	near("56/70 - 48/80, low", d.Low, 0.0524)
	near("56/70 - 48/80, high", d.High, 0.3339)
	d = independent("", 9, 10, 3, 10)
	near("9/10 - 3/10, low", d.Low, 0.1705)
	near("9/10 - 3/10, high", d.High, 0.8090)
	d = independent("", 10, 10, 0, 20)
	near("10/10 - 0/20, low", d.Low, 0.6791)
	near("10/10 - 0/20, high", d.High, 1)
	d = paired("", 36, 12, 2, 0)
	near("36, 12, 2, 0, low", d.Low, 0.0569)
	near("36, 12, 2, 0, high", d.High, 0.3404)
}

func TestDifferencesHoldForAnyCounts(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		cell := func() uint64 { return random.Uint64N(1 << random.Uint64N(20)) }
		e, f, g, h := cell(), cell(), cell(), cell()
		for _, d := range []Difference{paired("", e, f, g, h), independent("", e, e+f, g, g+h)} {
			if d.Difference == nil {
				continue
			}
			if !(-1 <= *d.Low && *d.Low <= *d.Difference && *d.Difference <= *d.High && *d.High <= 1) {
				t.Fatalf("%d %d %d %d: %v in %v … %v", e, f, g, h, *d.Difference, *d.Low, *d.High)
			}
		}
		d, other := paired("", e, f, g, h), paired("", e, g, f, h)
		if d.Difference != nil && (math.Abs(*d.Difference+*other.Difference) > 1e-12 || math.Abs(*d.Low+*other.High) > 1e-12) {
			t.Fatalf("%d %d %d %d: a and b exchanged give %v … %v and %v … %v", e, f, g, h, *d.Low, *d.High, *other.Low, *other.High)
		}
	}
}
