package warehouse

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
)

// others returns the same number of rows that were not inserted, each of which differs
// from an inserted one in one part of its key.
func others(opens []Open) (other []Open) {
	for i, change := range []func(*Open){
		func(o *Open) { o.MessageID = uuid.New() },
		func(o *Open) { o.OpenedAt = o.OpenedAt.Add(time.Millisecond) },
		func(o *Open) { o.EventID++ },
	} {
		o := opens[i]
		change(&o)
		other = append(other, o)
	}
	return other
}

func eventsOf(opens []Open) (events []uint64) {
	for i := range opens {
		events = append(events, opens[i].EventID)
	}
	return events
}

func TestMissingRowsAreFound(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	there := manyOpens(5, 2000)
	for i := range there {
		there[i].OpenedAt = there[i].OpenedAt.AddDate(0, -(i % 3), 0)
		there[i].ReceivedAt = time.Now() // the engine forgets old unresolved rows when it merges
	}
	away := others(there)
	all := append(append([]Open{}, there[:700]...), away...)
	all = append(all, there[700:]...)
	for _, c := range []struct {
		name    string
		insert  func([]Open) error
		missing func([]Open) ([]Open, error)
	}{
		{
			"opens", func(o []Open) error { return w.InsertOpens(t.Context(), "missing", o) },
			func(o []Open) ([]Open, error) { return w.AbsentOpens(t.Context(), o) },
		},
		{
			"unresolved_opens", func(o []Open) error { return w.InsertUnresolved(t.Context(), "missing", o) },
			func(o []Open) ([]Open, error) { return w.AbsentUnresolved(t.Context(), o) },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := c.missing(all); err != nil || len(got) != len(all) {
				t.Errorf("%d of %d rows are missing in an empty table, %v", len(got), len(all), err)
			}
			if err := c.insert(there); err != nil {
				t.Fatal(err)
			}
			got, err := c.missing(all)
			if err != nil || fmt.Sprint(eventsOf(got)) != fmt.Sprint(eventsOf(away)) {
				t.Errorf("missing are %v, %v; want %v", eventsOf(got), err, eventsOf(away))
			}
		})
	}
	foreign := there[0]
	foreign.CampaignID++
	if got, err := w.AbsentOpens(t.Context(), []Open{foreign}); err != nil || len(got) != 1 {
		t.Errorf("the same event of another campaign: %d missing, %v", len(got), err)
	}
	if got, err := w.AbsentOpens(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("of no rows, %d are missing, %v", len(got), err)
	}
}

func TestMissingBadTokensAreFound(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	bad := []BadToken{
		{Facts: Facts{OpenedAt: noon, EventID: 1, ReceivedAt: time.Now()}},
		{Facts: Facts{OpenedAt: noon, EventID: 2, ReceivedAt: time.Now()}},
		{Facts: Facts{OpenedAt: noon.Add(time.Second), EventID: 1, ReceivedAt: time.Now()}},
	}
	if err := w.InsertBadTokens(t.Context(), "missing", bad[:1]); err != nil {
		t.Fatal(err)
	}
	got, err := w.AbsentBadTokens(t.Context(), bad)
	if err != nil || len(got) != 2 || got[0] != bad[1] || got[1] != bad[2] {
		t.Errorf("missing are %+v, %v", got, err)
	}
}

// BenchmarkAbsentOpens asks for the rows of a full batch in a larger table.
func BenchmarkAbsentOpens(b *testing.B) {
	e, w := engine(b)
	e.Empty(b)
	var batch []Open
	for n := range 20 {
		batch = manyOpens(uint64(n), 50_000)
		if err := w.InsertOpens(b.Context(), fmt.Sprint("missing ", n), batch); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if left, err := w.AbsentOpens(b.Context(), batch); err != nil || len(left) != 0 {
			b.Fatalf("%d are missing, %v", len(left), err)
		}
	}
	b.ReportMetric(float64(len(batch))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
