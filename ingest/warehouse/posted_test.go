package warehouse

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
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

// TestPostingFactsAreThoseOfTheSingleQueries compares them for random messages,
// campaigns and choices.
func TestPostingFactsAreThoseOfTheSingleQueries(t *testing.T) {
	_, w := engine(t)
	hasher, err := w.RecipientHasher(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	name := "facts " + uuid.NewString()
	c, err := w.EnsureCampaign(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = w.DescribeCampaign(t.Context(), c, "ein Betreff: ä", "variant", Pseudonymous); err != nil {
		t.Fatal(err)
	}
	var messages []uuid.UUID
	var keys []RecipientKey
	for i := range 5 {
		recipient := fmt.Sprintf("%d %s", i, name)
		messages, keys = append(messages, uuid.New()), append(keys, hasher.Key(recipient))
		choice := Consent{Node: name, Sequence: uint64(i + 1), Recipient: keys[i], Purpose: "opens", Choice: Choice(i % 4), DecidedAt: noon, RecordedAt: noon, Hash: "h"}
		if err := w.InsertConsents(t.Context(), fmt.Sprint(name, i), []Consent{choice}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.InsertSends(t.Context(), name, []Send{{CampaignID: c.ID, MessageID: messages[0], Recipient: "0 " + name}}); err != nil {
		t.Fatal(err)
	}
	for first := range messages {
		for _, campaign := range []uint64{c.ID, 0, c.ID + 1} {
			f, err := w.PostingFacts(t.Context(), name, campaign, messages[first:], "opens", keys[first:])
			if err != nil {
				t.Fatal(err)
			}
			many, err := w.manyFacts(t.Context(), name, campaign, messages[first:], "opens", keys[first:])
			if err != nil || many.Registered != f.Registered || many.Campaign != f.Campaign || !maps.Equal(many.Choices, f.Choices) {
				t.Errorf("%+v, %v, want %+v", many, err, f)
			}
			named, err := w.CampaignNamed(t.Context(), name)
			if err != nil || f.Campaign != named {
				t.Errorf("%+v, %v, want %+v", f.Campaign, err, named)
			}
			choices, err := w.ChoicesOf(t.Context(), "opens", slices.Clone(keys[first:]))
			if err != nil || !maps.Equal(f.Choices, choices) || len(choices) != len(keys)-first {
				t.Errorf("%v, %v, want %v", f.Choices, err, choices)
			}
			if want := first == 0 && campaign == c.ID; f.Registered != want {
				t.Errorf("messages from %d in campaign %d: registered %v", first, campaign, f.Registered)
			}
		}
	}
	f, err := w.PostingFacts(t.Context(), name+" no", 0, make([]uuid.UUID, 1), "opens", keys[:1])
	if err != nil || f.Campaign.ID != 0 || f.Registered {
		t.Errorf("of no campaign: %+v, %v", f, err)
	}
}
