package warehouse

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// lately is a noon whose page views the warehouse keeps: an older row goes with a merge.
var lately = time.Now().UTC().Truncate(24 * time.Hour).Add(-12 * time.Hour)

// TestLiveCountsAgreeWithLiveKind stores opens and events of every class, and counts
// them by the queries and by LiveKind.
func TestLiveCountsAgreeWithLiveKind(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	var opens []Open
	want := map[int64]LiveTally{}
	for class := range int8(10) {
		for k, reason := range []string{"apple_mpp_relay", "apple_mail_unplaced", "gmail", ""} {
			o := fullOpen()
			o.TimeSuspect, o.Class, o.Reason = SuspectNone, class, reason
			o.EventID, o.MessageID = uint64(class)*10+uint64(k)+1, uuid.UUID{byte(class), byte(k)}
			o.OpenedAt, o.ReceivedAt = lately.Add(time.Duration(class)*40*time.Second), lately.Add(time.Hour)
			opens = append(opens, o)
			if kind, ok := o.LiveKind(); ok {
				n := want[o.OpenedAt.Unix()/60]
				n[kind]++
				want[o.OpenedAt.Unix()/60] = n
			}
		}
	}
	suspect, early, late := opens[4], opens[4], opens[4]
	suspect.TimeSuspect, suspect.EventID = SuspectAfterReceipt, 1001
	early.OpenedAt, early.EventID = lately.Add(-time.Minute), 1002
	late.ReceivedAt, late.EventID = lately.Add(2*time.Hour), 1003
	if err := w.InsertOpens(t.Context(), "all", append(opens, suspect, early, late)); err != nil {
		t.Fatal(err)
	}
	var events []WebEvent
	for class := range int8(10) {
		for k, name := range []string{"", "signup", "certain"} {
			e := WebEvent{Site: "shop", Name: name, Class: class, Certain: name == "certain", EventID: uint64(class)*10 + uint64(k) + 1}
			e.OccurredAt, e.ReceivedAt = lately.Add(time.Duration(class)*50*time.Second), lately.Add(time.Hour)
			events = append(events, e)
			if kind, ok := e.LiveKind(); ok {
				n := want[e.OccurredAt.Unix()/60]
				n[kind]++
				want[e.OccurredAt.Unix()/60] = n
			}
		}
	}
	earlyView, lateView := events[3], events[3]
	earlyView.OccurredAt, earlyView.EventID = lately.Add(-time.Minute), 1002
	lateView.ReceivedAt, lateView.EventID = lately.Add(2*time.Hour), 1003
	if err := w.InsertWebEvents(t.Context(), "events", append(events, earlyView, lateView)); err != nil {
		t.Fatal(err)
	}
	found, err := w.LiveCounts(t.Context(), lately, lately.Add(2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	got := map[int64]LiveTally{}
	for _, c := range found {
		got[c.Minute] = c.N
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 6 {
		t.Errorf("LiveKind (-), queries (+):\n%s", diff)
	}
}

// TestLivePagesAgreeWithPageAndReferrer stores views of pages, and counts them by the
// queries and by Page and Referrer.
func TestLivePagesAgreeWithPageAndReferrer(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	pages, referrers := map[LivePage]uint64{}, map[LivePage]uint64{}
	var events []WebEvent
	for n := range 900 {
		v := WebEvent{
			Site: []string{"shop", "docs"}[n%2], PageHost: "shop.example", PagePath: []string{"/", "/a'b", "/c"}[n%3],
			ReferrerHost: []string{"", "shop.example", "search.example"}[n/7%3], ReferrerPath: []string{"/q", "/r"}[n/5%2],
			Class: int8(n / 11 % 10), EventID: uint64(n + 1), OccurredAt: lately.Add(time.Duration(n) * time.Second), ReceivedAt: lately.Add(time.Hour),
		}
		if n%19 == 0 {
			v.Name = "signup"
		}
		events = append(events, v)
		if kind, ok := v.LiveKind(); !ok || kind != PageView {
			continue
		}
		pages[v.Page()]++
		if from, ok := v.Referrer(); ok {
			referrers[from]++
		}
	}
	early, late := events[1], events[1]
	early.OccurredAt, early.EventID = lately.Add(-time.Minute), 1002
	late.ReceivedAt, late.EventID = lately.Add(2*time.Hour), 1003
	if err := w.InsertWebEvents(t.Context(), "views", append(events, early, late)); err != nil {
		t.Fatal(err)
	}
	for name, ask := range map[string]struct {
		found func(context.Context, time.Time, time.Time) (map[LivePage]uint64, error)
		want  map[LivePage]uint64
	}{"pages": {w.LivePages, pages}, "referrers": {w.LiveReferrers, referrers}} {
		found, err := ask.found(t.Context(), lately, lately.Add(2*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(ask.want, found); diff != "" || len(found) < 4 {
			t.Errorf("%s: code (-), query (+):\n%s", name, diff)
		}
	}
}

func TestAddresseesOfIdentifiedMessagesOnly(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	campaign := newCase(t, w)
	registerPart(t, w, campaign, 0, 4, true, func(s *Send) {
		switch s.MessageID {
		case messageOf(1):
			s.Tracking = Pseudonymous
		case messageOf(2):
			s.Test = TestYes
		}
	})
	found, err := w.Addressees(t.Context(), []MessageKey{
		{campaign, messageOf(0)}, {campaign, messageOf(1)}, {campaign, messageOf(2)}, {campaign, messageOf(9)}, {campaign + 1, messageOf(3)},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[uuid.UUID]Addressee{messageOf(0): {"r0@example.com", false}, messageOf(1): {}, messageOf(2): {"r2@example.com", true}}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
}

func TestCampaignLinesHaveTheNumbersOfTheReport(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	fillCampaign(t, e, 1, 600, noon)
	fillCampaign(t, e, 2, 10, noon)
	refresh(t, w, 1)
	r := reportOf(t, w, 1)
	overall := r.Estimate("overall")
	want := map[uint64]CampaignLine{1: {r.Campaign, r.Sends, r.Delivered, r.Measured, r.ReliableUniqueOpens, overall.Rate, overall.Low, overall.High}}
	found, err := w.CampaignLines(t.Context(), []uint64{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, found); diff != "" || r.Measured != 600 {
		t.Errorf("report (-), line (+):\n%s", diff)
	}
}
