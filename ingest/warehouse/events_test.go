package warehouse

import (
	"slices"
	"testing"
	"time"
)

func TestMissingOpens(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	opens := manyOpens(7, 10_000)
	var events []uint64
	for i := range opens {
		events = append(events, opens[i].EventID)
	}
	for _, name := range []string{"a", "b"} { // each row twice
		if err := w.InsertOpens(t.Context(), name, opens); err != nil {
			t.Fatal(err)
		}
	}
	const more = 40_000 // above what a query parameter can hold
	for i := range uint64(more) {
		events = append(events, i*2+1)
	}
	got, err := w.MissingOpens(t.Context(), events)
	want := slices.Clone(events[10_000:])
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d are missing, want %d: %v", len(got), len(want), err)
	}
	if got, err := w.MissingOpens(t.Context(), nil); err != nil || got != nil {
		t.Errorf("of none: %v, %v", got, err)
	}
}

func TestReceivedEventsComeInParts(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	opens := manyOpens(7, 10_000)
	for i := range opens {
		opens[i].ReceivedAt = noon.Add(time.Duration(i) * time.Second)
	}
	if err := w.InsertOpens(t.Context(), "a", opens); err != nil {
		t.Fatal(err)
	}
	const parts = 7
	found := map[uint64]bool{}
	for part := range uint64(parts) {
		err := w.ReceivedEvents(t.Context(), noon.Add(10*time.Second), noon.Add(9000*time.Second), part, parts, func(event uint64) {
			if EventPart(event, parts) != part || found[event] {
				t.Errorf("event %d comes in part %d", event, part)
			}
			found[event] = true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range opens {
		if found[opens[i].EventID] != (i >= 10 && i < 9000) {
			t.Fatalf("event %d: %v", i, found[opens[i].EventID])
		}
	}
}

func TestUnresolvedEventsAreThoseThatWait(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	opens := manyOpens(0, 3)
	for i := range opens {
		opens[i].ReceivedAt = time.Now() // older rows have had their time
	}
	if err := w.InsertUnresolved(t.Context(), "u", opens); err != nil {
		t.Fatal(err)
	}
	// The second one is moved: it has two rows until they merge.
	text(t, e, "INSERT INTO unresolved_opens SELECT * REPLACE (1 AS moved) FROM unresolved_opens WHERE event_id = "+
		text(t, e, "SELECT event_id FROM unresolved_opens ORDER BY opened_at LIMIT 1 OFFSET 1"))
	got, err := w.UnresolvedEvents(t.Context(), []uint64{opens[0].EventID, opens[1].EventID, opens[2].EventID, 1})
	slices.Sort(got)
	want := []uint64{opens[0].EventID, opens[2].EventID}
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}
