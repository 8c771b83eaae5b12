package batch

import (
	"net/netip"
	"testing"

	"github.com/google/uuid"

	"glint/edge/classify"
	"glint/edge/event"
)

func TestOpensOfOnesOwnMailAreKeptAndNeverCount(t *testing.T) {
	w := newWorld(t)
	w.house.registered[plain] = 42
	own := netip.MustParseAddr("203.0.113.0")
	w.Ignore = func(addr netip.Addr, userAgent string) (string, bool) {
		switch {
		case addr == own:
			return "ignored_network", true
		case userAgent == "AcmePreview":
			return "ignored_user_agent", true
		}
		return "", false
	}
	w.load(t,
		openLine(t, 1, func(e *event.Event) { e.IP = "203.0.113.0" }),
		openLine(t, 2, func(e *event.Event) { e.UserAgent = "AcmePreview" }),
		openLine(t, 3, func(e *event.Event) { e.IP = "198.51.100.0" }),
		openLine(t, 4, func(e *event.Event) { e.Kind, e.Token, e.IP = event.KindUUID, plain.String(), "203.0.113.0" }),
		openLine(t, 5, func(e *event.Event) { e.Token, e.IP = "forged", "203.0.113.0" }),
		openLine(t, 6, func(e *event.Event) { e.Kind, e.Token, e.IP = event.KindUUID, uuid.NewString(), "203.0.113.0" }),
	)
	type verdict struct {
		class  classify.Class
		reason string
	}
	want := map[uint64]verdict{
		1: {classify.NotImage, "ignored_network"},
		2: {classify.NotImage, "ignored_user_agent"},
		3: {classify.HumanDirect, "mail_client"},
		4: {classify.NotImage, "ignored_network"},
	}
	rows := w.stored()
	if len(rows) != len(want) || countsText(w.counted) != "stored=4 unresolved=1 bad_token=1" {
		t.Errorf("%d rows, %s", len(rows), countsText(w.counted))
	}
	for _, waiting := range w.house.unresolved { // it moves into opens as it is
		want[6] = verdict{classify.NotImage, "ignored_network"}
		rows = append(rows, waiting...)
	}
	for _, row := range rows {
		if got := (verdict{classify.Class(row.Class), row.Reason}); got != want[row.EventID] {
			t.Errorf("event %d: %v, want %v", row.EventID, got, want[row.EventID])
		}
		if row.Client == "" && row.EventID == 1 || row.MessageID == (uuid.UUID{}) || row.RulesetVersion != classify.RulesetVersion {
			t.Errorf("event %d lost facts: %+v", row.EventID, row)
		}
	}
}

// A line may come again after the list has grown or shrunk. Of two rows of an
// event the one with the higher version counts, whichever came first.
func TestARepeatUnderALongerListTakesNoOpenBack(t *testing.T) {
	w := newWorld(t)
	line := openLine(t, 1, nil)
	version := func(ignored bool) uint32 {
		w.Ignore = func(netip.Addr, string) (string, bool) { return "ignored_network", ignored }
		clear(w.house.inserts)
		w.load(t, line)
		return w.stored()[0].VerdictVersion
	}
	counted, ignored := version(false), version(true)
	const judgedLater = 65536
	if ignored == 0 || ignored >= counted || counted >= judgedLater {
		t.Errorf("an ignored row has version %d, a counted one %d", ignored, counted)
	}
}
