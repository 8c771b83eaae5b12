package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/ingest/warehouse"
)

// opens returns n opens of a class that come at a time.
func opens(n int, class int8, at time.Time) (all []warehouse.Open) {
	for range n {
		all = append(all, warehouse.Open{
			CampaignID: 1, MessageID: uuid.UUID{1, 2, 3}, Class: class, Client: "Gmail" + hostile,
			Facts: warehouse.Facts{OpenedAt: at, ReceivedAt: at},
		})
	}
	return all
}

// leads waits until the live page says so.
func leads(t *testing.T, events <-chan event, lead string) {
	t.Helper()
	until(t, events, func(e event) bool {
		var figures map[string]string
		return e.name == "figures" && json.Unmarshal([]byte(e.data), &figures) == nil && figures["lead"] == lead
	})
}

func TestLiveShowsOpensAsTheyCome(t *testing.T) {
	w := newWorld(t)
	before := w.clock().Add(-20 * time.Minute)
	w.source.counts = []warehouse.MinuteCount{{Minute: before.Unix() / 60, N: [warehouse.Fetchers]uint64{5, 2, 1}}}
	owner, viewer := w.events(w.in(Owner)), w.events(w.in(Viewer))
	leads(t, owner, "8 opens in the last hour, 5 by people")
	if !w.Live().Watched() {
		t.Error("nobody is said to look on")
	}
	w.Live().Stored(opens(3000, 1, w.clock()))
	w.Live().Stored(opens(40, 5, w.clock()))
	leads(t, owner, "3,048 opens in the last hour, 3,005 by people")
	rows := until(t, owner, func(e event) bool { return e.name == "rows" || e.name == "all" && len(e.data) > 10 })
	var html string
	if err := json.Unmarshal([]byte(rows.data), &html); err != nil || !strings.Contains(html, "ada@example.com&lt;script&gt;") || strings.Contains(html, "<script") {
		t.Errorf("the rows of the owner: %s, %v", html, err)
	}
	leads(t, viewer, "3,048 opens in the last hour, 3,005 by people")
	shown := until(t, viewer, func(e event) bool { return e.name == "rows" || e.name == "all" && len(e.data) > 10 })
	if strings.Contains(shown.data, "ada@") || !strings.Contains(shown.data, "Gmail") {
		t.Errorf("the rows of a viewer: %s", shown.data)
	}
	for role, has := range map[Role]bool{Owner: true, Viewer: false} {
		a := w.ask("GET", "/live", w.in(role), nil)
		if a.status != 200 || strings.Contains(a.body, "ada@example.com") != has || !strings.Contains(a.body, "3,048 opens in the last hour") {
			t.Errorf("the page for %s without a script: %d", role, a.status)
		}
	}
}

// TestTheWarehouseTakesOver counts opens once, before and after the warehouse has
// counted them.
func TestTheWarehouseTakesOver(t *testing.T) {
	w := newWorld(t)
	l, now := w.live, w.clock()
	w.Live().Stored(opens(10, 1, now.Add(-time.Minute)))
	w.Live().Stored(opens(7, 1, now))
	wantLead := func(text string) {
		t.Helper()
		l.publish()
		if v, _ := l.current(); !strings.HasPrefix(v.lead, text) {
			t.Errorf("lead %q, want %s", v.lead, text)
		}
	}
	wantLead("17 opens in the last hour")
	l.take(answer{counts: []warehouse.MinuteCount{{Minute: now.Add(-time.Minute).Unix() / 60, N: [3]uint64{10, 0, 0}}}, until: now.Add(-30 * time.Second).Unix()})
	wantLead("17 opens in the last hour")
	l.forget(now)
	if len(l.counts) != 1 {
		t.Errorf("%d counts are kept", len(l.counts))
	}
	wantLead("17 opens in the last hour")
}

func TestLiveKeepsWithinItsBounds(t *testing.T) {
	w := newWorld(t)
	at := w.clock()
	for n := range 2 * keptBuckets {
		old := opens(1, 1, at.Add(-time.Duration(n)*time.Minute))
		old[0].ReceivedAt = at
		w.Live().Stored(old)
	}
	if len(w.live.counts) > keptBuckets || len(w.live.last) > keptOpens {
		t.Errorf("%d counts and %d opens are kept", len(w.live.counts), len(w.live.last))
	}
	cookie := w.in(Viewer)
	for range maxStreamsEach {
		w.events(cookie)
	}
	if a := w.ask("GET", "/live/events", cookie, nil); a.status != http.StatusServiceUnavailable {
		t.Errorf("a stream too many: %d", a.status)
	}
	if a := w.ask("GET", "/", cookie, nil); a.status != http.StatusOK {
		t.Errorf("a page beside the streams: %d", a.status)
	}
}

func TestStreamsEndWithTheSession(t *testing.T) {
	w := newWorld(t)
	cookie := w.in(Viewer)
	events := w.events(cookie)
	w.pass(sessionLife)
	until(t, events, func(e event) bool { return e.name == "end" })
}

func TestStreamsEndWithTheServer(t *testing.T) {
	w := newWorld(t)
	events := w.events(w.in(Viewer))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := w.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	for range events { // until it is closed
	}
}
