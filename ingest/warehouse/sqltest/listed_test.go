package sqltest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"glint/ingest/warehouse"
)

// belongs reports whether a list contains a message.
var belongs = map[warehouse.List]func(m *messageState, visible bool) bool{
	warehouse.AllMessages:       func(m *messageState, _ bool) bool { return m.counts || m.test },
	warehouse.OpenersCertain:    func(m *messageState, _ bool) bool { return m.measured() && m.seen() },
	warehouse.OpenersLikely:     func(m *messageState, _ bool) bool { return m.measured() && (m.seen() || m.unknown) },
	warehouse.OpenersCannotTell: func(m *messageState, _ bool) bool { return m.measured() && m.masked && !m.seen() && !m.unknown },
	warehouse.NonopenersCertain: func(m *messageState, visible bool) bool {
		return m.measured() && m.opens == 0 && !m.confirmed() && visible
	},
	warehouse.NonopenersLikely: func(m *messageState, _ bool) bool { return m.measured() && m.opens == 0 && !m.confirmed() },
	warehouse.NonopenersCannotTell: func(m *messageState, _ bool) bool {
		return m.measured() && (m.masked || m.unknown) && !m.seen()
	},
}

// compareLists holds every list of a campaign against one made in Go.
func compareLists(t *testing.T, client *warehouse.Warehouse, world *world, c campaign, messages map[messageKey]*messageState, after string) {
	t.Helper()
	past := world.past(c, messages)
	for list, has := range belongs {
		want := []string{}
		for key, m := range messages {
			h := past[m.recipient()]
			if key.campaign == c.id && has(m, m.recipient() != 0 && h.messages > 0 && !h.masked) {
				want = append(want, listedRow(key.message, m))
			}
		}
		slices.Sort(want)
		got, order := []string{}, []string{}
		err := client.Messages(t.Context(), c.id, list, func([]string) error { return nil }, func(m *warehouse.ListedMessage) error {
			got = append(got, fmt.Sprintf("%s %s %d %d %d %d %d %s", m.MessageID, m.Recipient, m.Opens, m.FirstOpenAt, m.LastOpenAt,
				m.FirstReliableOpenAt, m.SentAt, m.State()))
			order = append(order, m.Recipient)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSorted(order) {
			t.Errorf("%s is not in the order of recipients", list)
		}
		compareBegins(t, client, c, list, order)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after %s, %s of campaign %d: want (-), got (+):\n%s", after, list, c.id, diff)
		}
	}
}

// compareBegins compares the first messages of a list with the whole list.
func compareBegins(t *testing.T, client *warehouse.Warehouse, c campaign, list warehouse.List, order []string) {
	t.Helper()
	for _, most := range []int{0, len(order) / 2, len(order), len(order) + 5} {
		var first []string
		err := client.FirstMessages(t.Context(), c.id, list, most, func([]string) error { return nil }, func(m *warehouse.ListedMessage) error {
			first = append(first, m.Recipient)
			return nil
		})
		if err != nil || !slices.Equal(first, order[:min(most, len(order))]) {
			t.Errorf("the first %d of %s of campaign %d: %d, %v", most, list, c.id, len(first), err)
		}
	}
}

func listedRow(message int, m *messageState) string {
	ends := func(times []string) (first, last int64) {
		if len(times) == 0 {
			return 0, 0
		}
		return unixMilli(slices.Min(times)), unixMilli(slices.Max(times))
	}
	first, last := ends(m.openedAt)
	reliable, _ := ends(m.reliablyOpenedAt)
	sent := int64(0)
	if !m.sentAt.IsZero() {
		sent = m.sentAt.UnixMilli()
	}
	return fmt.Sprintf("%s r%d@example.com %d %d %d %d %d %s", messageID(message), m.recipient(), m.opens, first, last, reliable, sent, stateOf(m))
}

func stateOf(m *messageState) string {
	for _, s := range []struct {
		name string
		is   bool
	}{
		{"test", m.test},
		{"bounced", m.bounced()},
		{"not_measured", !m.measured()},
		{"opened", m.reliable},
		{"confirmed", m.confirmed()},
		{"masked", m.masked},
		{"unknown", m.unknown},
		{"machine", m.opens > 0},
	} {
		if s.is {
			return s.name
		}
	}
	return "not_fetched"
}

// compareTwo holds the counts of a comparison against a count in Go.
func compareTwo(t *testing.T, client *warehouse.Warehouse, world *world, a, b campaign, messages map[messageKey]*messageState, after string) {
	t.Helper()
	type side struct{ got, opened, masked bool }
	sides := map[int]*[2]side{}
	for key, m := range messages {
		for i, c := range []campaign{a, b} {
			if key.campaign != c.id || !m.measured() || m.recipient() == 0 {
				continue
			}
			if sides[m.recipient()] == nil {
				sides[m.recipient()] = &[2]side{}
			}
			s := &sides[m.recipient()][i]
			s.got, s.opened, s.masked = true, s.opened || m.reliable, s.masked || m.masked
		}
	}
	pastA, pastB := world.past(a, messages), world.past(b, messages)
	type counts struct{ n, a, b uint64 }
	want := map[string]counts{}
	add := func(population string, n, openedA, openedB uint64) {
		c := want[population]
		want[population] = counts{c.n + n, c.a + openedA, c.b + openedB}
	}
	for recipient, s := range sides {
		if !s[0].got || !s[1].got {
			continue
		}
		add(warehouse.MeasuredBoth, 1, one(s[0].opened), one(s[1].opened))
		clear := func(h history, s side) bool { return h.messages > 0 && !h.masked && !s.masked }
		if clear(pastA[recipient], s[0]) && clear(pastB[recipient], s[1]) {
			add(warehouse.VisibleBoth, 1, one(s[0].opened), one(s[1].opened))
		}
	}
	ta, tb := world.tally(a, messages), world.tally(b, messages)
	add(warehouse.VisibleEach, ta.visible+tb.visible, ta.visibleReliable, tb.visibleReliable)
	add(warehouse.MeasuredEach, ta.measured+tb.measured, ta.reliable, tb.reliable)
	got, err := client.Compare(t.Context(), a.id, b.id)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 4 || strings.HasSuffix(got[0].Population, "both") != (want[warehouse.VisibleBoth].n >= 100) {
		t.Errorf("after %s: %s leads %d populations, %d are visible in both", after, got[0].Population, len(got), want[warehouse.VisibleBoth].n)
	}
	for _, d := range got {
		w := want[d.Population]
		if d.N != w.n {
			t.Errorf("after %s, %s: n %d, want %d", after, d.Population, d.N, w.n)
		}
		if d.Difference == nil {
			continue
		}
		if diff := cmp.Diff([]*float64{ratio(w.a, d.NA), ratio(w.b, d.NB)}, []*float64{d.A, d.B}, cmpopts.EquateApprox(1e-12, 1e-12)); diff != "" {
			t.Errorf("after %s, %s: %s", after, d.Population, diff)
		}
	}
}

func unixMilli(text string) int64 {
	at, err := time.Parse(millisecondsSQL, text)
	if err != nil {
		panic(err) // a text of the test's own
	}
	return at.UnixMilli()
}
