package warehouse

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// feedOpen is an open of message n that was received some time after noon.
func feedOpen(campaign uint64, n byte, event uint64, class int8, received time.Duration) Open {
	o := fullOpen()
	o.CampaignID, o.MessageID, o.EventID, o.Class, o.Reason, o.TimeSuspect = campaign, uuid.UUID{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, n}, event, class, "gmail", SuspectNone
	o.OpenedAt, o.ReceivedAt = noon.Add(received-time.Second), noon.Add(received)
	return o
}

// readFeed reads all pages of a feed, and returns the ids of the events.
func readFeed(t *testing.T, w *Warehouse, events string, limit int, wanted ...Arrival) (ids []uint64) {
	t.Helper()
	q := FeedQuery{Events: events, Wanted: wanted, Limit: limit}
	for {
		page, err := w.FeedPage(t.Context(), &q)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page {
			ids = append(ids, page[i].EventID)
		}
		if len(page) < limit {
			return ids
		}
		q.After = page[len(page)-1]
	}
}

func TestFeedPages(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	suspect := feedOpen(7, 5, 50, classHuman, 0)
	suspect.TimeSuspect = SuspectAfterReceipt
	opens := []Open{
		feedOpen(7, 1, 10, classPrefetch, 0), feedOpen(7, 1, 11, classHuman, time.Minute), feedOpen(7, 1, 12, classHuman, 2*time.Minute),
		feedOpen(7, 2, 20, classProxyHuman, 2*time.Minute), feedOpen(7, 3, 30, classNotImage, 0), feedOpen(7, 4, 40, classUnknown, 0),
		suspect, feedOpen(8, 1, 80, classHuman, 0),
	}
	if err := w.InsertOpens(t.Context(), "feed", opens); err != nil {
		t.Fatal(err)
	}
	click := func(n byte, link uint64, class int8) Delivery {
		return Delivery{
			CampaignID: 7, MessageID: uuid.UUID{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, n}, Kind: Clicked, OccurredAt: noon, LinkHash: link,
			ReceivedAt: noon, Class: class, Reason: "link",
		}
	}
	if err := w.InsertDeliveries(t.Context(), "feed clicks", []Delivery{click(1, 90, classHuman), click(1, 91, 4)}); err != nil {
		t.Fatal(err)
	}
	all := Arrival{CampaignID: 7, First: noon, Last: noon.Add(time.Hour)}
	firstMinute := Arrival{CampaignID: 7, First: noon, Last: noon.Add(time.Minute - 1)}
	later := Arrival{CampaignID: 7, First: noon.Add(2 * time.Minute), Last: noon.Add(time.Hour)}
	other := Arrival{CampaignID: 8, First: noon, Last: noon}
	for _, c := range []struct {
		name, events string
		wanted       []Arrival
		want         []uint64
	}{
		{"the first reliable open of each message", "reliable", []Arrival{all}, []uint64{11, 20}},
		{"the first open of each message", "first", []Arrival{all}, []uint64{10, 20, 40}},
		{"a later open is no first one", "reliable", []Arrival{later}, []uint64{20}},
		{"before it there was none", "reliable", []Arrival{firstMinute}, nil},
		{"clicks without those of machines", "click", []Arrival{all}, []uint64{90}},
		{"all", "all", []Arrival{firstMinute}, []uint64{90, 91, 10, 30, 40, 50}},
		{"two campaigns", "reliable", []Arrival{all, other}, []uint64{11, 20, 80}},
		{"each campaign within its own bounds", "first", []Arrival{later, other}, []uint64{20, 80}},
	} {
		for _, limit := range []int{1, 2, 100} {
			if diff := cmp.Diff(c.want, readFeed(t, w, c.events, limit, c.wanted...)); diff != "" {
				t.Errorf("%s, %d at a time (-want +got):\n%s", c.name, limit, diff)
			}
		}
	}
	page, err := w.FeedPage(t.Context(), &FeedQuery{Events: "reliable", Wanted: []Arrival{other}, Limit: 1})
	want := []FeedEvent{{8, uuid.UUID{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, "opened", noon.Add(-time.Second), 80, noon, "human_direct", "gmail"}}
	if diff := cmp.Diff(want, page); err != nil || diff != "" {
		t.Errorf("an event: %v (-want +got):\n%s", err, diff)
	}
}

func TestArrivalsAreReadFromATimeOn(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	_, now, err := w.ArrivalsSince(t.Context(), noon, 1)
	if err != nil || time.Since(now).Abs() > time.Hour {
		t.Fatalf("the warehouse's clock: %v, %v", now, err)
	}
	if err := w.InsertOpens(t.Context(), "arrive", []Open{feedOpen(7, 1, 1, classHuman, 0), feedOpen(7, 2, 2, classHuman, time.Minute)}); err != nil {
		t.Fatal(err)
	}
	got, _, err := w.ArrivalsSince(t.Context(), now.Add(-time.Millisecond), 10)
	if err != nil || len(got) != 1 || got[0].CampaignID != 7 || !got[0].First.Equal(noon) || !got[0].Last.Equal(noon.Add(time.Minute)) {
		t.Fatalf("arrivals: %v, %v", got, err)
	}
	if later, _, err := w.ArrivalsSince(t.Context(), got[0].At, 10); err != nil || len(later) != 0 {
		t.Errorf("after the arrival: %v, %v", later, err)
	}
	received, err := w.ReceivedSince(t.Context(), noon)
	if err != nil || len(received) != 1 || !received[0].First.Equal(noon.Add(time.Minute)) || !received[0].Last.Equal(noon.Add(time.Minute)) {
		t.Errorf("received: %v, %v", received, err)
	}
}
