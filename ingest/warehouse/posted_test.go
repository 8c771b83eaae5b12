package warehouse

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestADelayedPostChangesWhatItWouldHaveChanged writes one message by posts, whose
// rows come late, and by other programs, whose rows come at once and which do not
// see the posts that wait. In the end each field must have its last value, and
// tracking the least.
func TestADelayedPostChangesWhatItWouldHaveChanged(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 5000 {
		id := uuid.New()
		table := NewKnownSends(7) // what the table contains
		var waiting []*Posted
		want := map[string]string{}
		tracking := Identified
		for step := range 1 + random.IntN(8) {
			at := noon.Add(time.Duration(step) * time.Second)
			s := Send{MessageID: id, Attributes: map[string]string{}, Tracking: Tracking(random.IntN(2) * random.IntN(5)), URLStyle: StyleToken}
			tracking = max(tracking, s.Tracking)
			for _, name := range []string{"a", "b", "c"} {
				if random.IntN(3) == 0 {
					s.Attributes[name] = fmt.Sprint(step)
					want[name] = fmt.Sprint(step)
				}
			}
			if random.IntN(2) == 0 {
				s.SentAt = at
				want["sent"] = fmt.Sprint(at.Unix())
			}
			if random.IntN(2) == 0 {
				view := &KnownSends{campaign: 7, rows: maps.Clone(table.rows)}
				for _, p := range waiting {
					view.Post(p)
				}
				waiting = append(waiting, &Posted{Send: s, At: at, Counted: view.Counts(id), Before: view.Before(id)})
			} else {
				r := Registration{CampaignID: 7, StartedAt: at}
				if row, write := r.Merge(table, s); write {
					put(table, row)
				}
			}
			for len(waiting) > 0 && random.IntN(3) == 0 {
				insertFirst(t, table, &waiting)
			}
		}
		for len(waiting) > 0 {
			insertFirst(t, table, &waiting)
		}
		got, known := map[string]string{}, table.rows[id]
		row, _ := Registration{CampaignID: 7}.Merge(table, Send{MessageID: id})
		maps.Copy(got, row.Attributes)
		if known.sentAt != 0 {
			got["sent"] = fmt.Sprint(known.sentAt)
		}
		if !maps.Equal(got, want) || known.tracking != tracking || !known.complete {
			t.Fatalf("%v, tracking %s, counts: %v; want %v, %s", got, known.tracking, known.complete, want, tracking)
		}
	}
}

// insertFirst writes the first of the posts, and checks that its row replaces the one
// of before.
func insertFirst(t *testing.T, table *KnownSends, waiting *[]*Posted) {
	t.Helper()
	p := (*waiting)[0]
	*waiting = (*waiting)[1:]
	before := table.rows[p.MessageID].registeredAt
	again := &KnownSends{campaign: 7, rows: maps.Clone(table.rows)}
	if row, write := again.Post(p); write {
		if row.RegisteredAt.UnixMilli() <= before {
			t.Fatalf("the row of %s does not replace the one of %d", row.RegisteredAt, before)
		}
		put(table, row)
	}
	if _, write := table.Post(p); write { // as after a restart
		t.Fatalf("a post changes what it has changed before: %+v", p)
	}
}

// put replaces the row of a message.
func put(k *KnownSends, row Send) {
	k.rows[row.MessageID] = knownSend{
		sentAt: seconds(row.SentAt), tracking: row.Tracking, complete: true, state: row.State, style: row.URLStyle,
		attributes: attributesText(row.Attributes), registeredAt: row.RegisteredAt.UnixMilli(),
	}
}

func TestAPostOfARevokedMessage(t *testing.T) {
	for _, c := range []struct {
		name            string
		counted, counts bool
		registration    uint64
	}{
		{"revoked after the post", true, false, 5},
		{"posted again after it was revoked", false, true, 0},
	} {
		id := uuid.New()
		k := NewKnownSends(7)
		k.rows[id] = knownSend{registration: 5, registeredAt: noon.UnixMilli(), state: StateRegistered}
		row, _ := k.Post(&Posted{Send: Send{MessageID: id, SentAt: noon}, At: noon.Add(time.Second), Counted: c.counted})
		if k.Counts(id) != c.counts || row.Registration != c.registration || !row.SentAt.Equal(noon) {
			t.Errorf("%s: counts %v, %+v", c.name, k.Counts(id), row)
		}
	}
}

// TestPostingFacts tells what changed, for few messages and for many.
func TestPostingFacts(t *testing.T) {
	_, w := engine(t)
	name := "facts " + uuid.NewString()
	c, err := w.EnsureCampaign(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	messages := make([]uuid.UUID, 2*maxFacts)
	for i := range messages {
		messages[i] = uuid.New()
	}
	if err := w.InsertSends(t.Context(), name, []Send{{CampaignID: c.ID, MessageID: messages[0], Recipient: "0 " + name}}); err != nil {
		t.Fatal(err)
	}
	facts := func(campaign uint64, messages []uuid.UUID) PostingFacts {
		t.Helper()
		f, err := w.PostingFacts(t.Context(), campaign, messages)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	for _, n := range []int{1, 2, maxFacts, len(messages)} {
		for first := range 2 {
			for _, campaign := range []uint64{c.ID, 0, c.ID + 1} {
				f := facts(campaign, messages[first:n])
				if want := first == 0 && campaign == c.ID; f.Registered != want {
					t.Errorf("messages %d to %d in campaign %d: registered %v", first, n, campaign, f.Registered)
				}
				if f.CampaignChanged.IsZero() != (campaign != c.ID) {
					t.Errorf("campaign %d changed at %v", campaign, f.CampaignChanged)
				}
			}
		}
	}
	before := facts(c.ID, messages[:1])
	if before != facts(c.ID, messages[:1]) {
		t.Error("other facts of the same state")
	}
	if c, err = w.DescribeCampaign(t.Context(), c, "ein Betreff: ä", "variant", Pseudonymous); err != nil {
		t.Fatal(err)
	}
	choice := Consent{Node: name, Sequence: 1, Purpose: "opens", DecidedAt: noon, RecordedAt: noon, Hash: "h"}
	if err := w.InsertConsents(t.Context(), name, []Consent{choice}); err != nil {
		t.Fatal(err)
	}
	if after := facts(c.ID, messages[:1]); !after.CampaignChanged.After(before.CampaignChanged) || after.Decisions != before.Decisions+1 {
		t.Errorf("%+v before two changes, %+v after", before, after)
	}
}
