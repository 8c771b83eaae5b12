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
		opens[i].ReceivedAt = noon.Add(time.Duration(i) * time.Second)
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
	for _, c := range []struct {
		name    string
		since   time.Time
		missing []uint64
	}{
		{"in all of time", time.Time{}, events[10_000:]},
		{"from the first one on", noon, events[10_000:]},
		{"from the thousandth on", noon.Add(1000 * time.Second), slices.Concat(events[:1000], events[10_000:])},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := w.MissingOpens(t.Context(), events, c.since)
			if err != nil {
				t.Fatal(err)
			}
			want := slices.Clone(c.missing)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%d are missing, want %d", len(got), len(want))
			}
		})
	}
	if got, err := w.MissingOpens(t.Context(), nil, noon); err != nil || got != nil {
		t.Errorf("of none: %v, %v", got, err)
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
	// The second one is moved: both steps of it are there until they merge.
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
