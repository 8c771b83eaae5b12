package inorder

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever the order in which items are done, they come out in the order in which
// they went in, each once, and none before all that are older are done.
func TestItemsComeOutAsTheyWentIn(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		var q Queue[int]
		var pending []*Item[int]
		done, out := map[int]bool{}, []int{}
		for next := 0; next < 40 || len(pending) > 0; {
			if next < 40 && random.IntN(2) == 0 {
				pending = append(pending, q.Add(next))
				next++
				continue
			}
			if len(pending) == 0 {
				continue
			}
			i := random.IntN(len(pending))
			item := pending[i]
			pending = slices.Delete(pending, i, i+1)
			done[item.Value] = true
			if err := q.Done(item, func(items []int) error { out = append(out, items...); return nil }); err != nil {
				t.Fatal(err)
			}
			for n := range out {
				if !done[n] {
					t.Fatalf("seed %d: %d came out before it was done", seed, n)
				}
			}
			if len(out) < 40 && done[len(out)] {
				t.Fatalf("seed %d: %d is held back", seed, len(out))
			}
		}
		if len(out) != 40 || !slices.IsSorted(out) {
			t.Fatalf("seed %d: out came %v", seed, out)
		}
	}
}

func TestTheErrorOfAdvanceIsReturned(t *testing.T) {
	var q Queue[string]
	first, second := q.Add("a"), q.Add("b")
	full := errors.New("full")
	if err := q.Done(second, func([]string) error { return full }); err != nil {
		t.Errorf("nothing advances, and yet: %v", err)
	}
	if err := q.Done(first, func([]string) error { return full }); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}
