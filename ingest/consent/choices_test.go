package consent

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest/client"
)

// counted counts the reads of a whole ledger.
type counted struct {
	Decisions
	whole, part int
}

func (c *counted) DecisionsAfter(ctx context.Context, purpose string, ends map[string]uint64) (warehouse.NewDecisions, error) {
	if len(ends) == 0 {
		c.whole++
	} else {
		c.part++
	}
	return c.Decisions.DecisionsAfter(ctx, purpose, ends)
}

// TestRememberedChoicesAreThoseOfTheLedger appends random rows of several nodes and
// purposes, in any order, twice and with equal times, and compares after each insert.
func TestRememberedChoicesAreThoseOfTheLedger(t *testing.T) {
	_, w := client.Open(t)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	next := map[string]uint64{}
	var keys []warehouse.RecipientKey
	for i := range 12 {
		keys = append(keys, recipient(byte(i)))
	}
	remembered, reads := Choices{Purpose: PurposeOpens}, &counted{Decisions: w}
	compare := func(step string) {
		t.Helper()
		f, err := w.PostingFacts(t.Context(), 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		want, err := w.ChoicesOf(t.Context(), PurposeOpens, keys)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := remembered.Of(t.Context(), reads, f.Decisions, keys); err != nil || !maps.Equal(got, want) {
			t.Fatalf("%s: %v, %v, want %v; seed %d", step, got, err, want, seed)
		}
	}
	compare("an empty ledger")
	var old []warehouse.Consent
	for i := range 40 {
		node := string(rune('a' + random.IntN(3)))
		var rows []warehouse.Consent
		for range 1 + random.IntN(5) {
			next[node]++
			rows = append(rows, warehouse.Consent{
				Node: node, Sequence: next[node], Recipient: keys[random.IntN(10)], Purpose: []string{PurposeOpens, "other"}[random.IntN(2)],
				Choice: warehouse.Choice(random.IntN(4)), DecidedAt: testTime.Add(time.Duration(random.IntN(4)-2) * time.Second), RecordedAt: testTime, Hash: "h",
			})
		}
		if err := w.InsertConsents(t.Context(), fmt.Sprint("part ", i), rows); err != nil {
			t.Fatal(err)
		}
		old = rows
		if random.IntN(3) > 0 {
			compare(fmt.Sprint("part ", i))
		}
	}
	compare("all parts")
	if reads.whole > 2 || reads.part == 0 { // of the empty ledger, and of the first rows
		t.Errorf("the whole ledger was read %d times, new rows %d times", reads.whole, reads.part)
	}
	compare("nothing new")
	late := warehouse.Consent{Node: "a", Sequence: next["a"], Recipient: keys[11], Purpose: PurposeOpens, Choice: warehouse.Refused, DecidedAt: testTime, RecordedAt: testTime, Hash: "h"}
	if err := w.InsertConsents(t.Context(), "a row whose number is known", []warehouse.Consent{late}); err != nil {
		t.Fatal(err)
	}
	compare("a row whose number is known")
	if err := w.InsertConsents(t.Context(), "rows again", old); err != nil {
		t.Fatal(err)
	}
	compare("rows again")
}
