package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/cli/internal/output"
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

// visits returns n page views of people, or custom events if they have a name.
func visits(n int, name, path string, at time.Time) (all []warehouse.WebEvent) {
	for range n {
		all = append(all, warehouse.WebEvent{
			Site: "shop", Name: name, PageHost: "shop.example", PagePath: path, ReferrerHost: "search.example", ReferrerPath: "/q" + hostile,
			Class: 1, Client: "Firefox", OccurredAt: at, ReceivedAt: at,
		})
	}
	return all
}

// partOf waits until some event brings rows of a table that have a text in them.
func partOf(t *testing.T, events <-chan event, id, text string) (html string) {
	t.Helper()
	until(t, events, func(e event) bool {
		var parts map[string]string
		if e.name == "figures" || json.Unmarshal([]byte(e.data), &parts) != nil {
			return false
		}
		html = parts[id]
		return strings.Contains(html, text)
	})
	return html
}

func TestLiveShowsOpensAsTheyCome(t *testing.T) {
	w := newWorld(t)
	before := w.clock().Add(-20 * time.Minute)
	w.source.counts = []warehouse.MinuteCount{{Minute: before.Unix() / 60, N: warehouse.LiveTally{5, 2, 1}}}
	owner, viewer := w.events(w.in(Owner)), w.events(w.in(Viewer))
	leads(t, owner, "8 opens in the last hour, 5 by people")
	if !w.Live().Watched() {
		t.Error("nobody is said to look on")
	}
	w.Live().Stored(opens(3000, 1, w.clock()), nil)
	w.Live().Stored(opens(40, 5, w.clock()), nil)
	leads(t, owner, "3,048 opens in the last hour, 3,005 by people")
	html := partOf(t, owner, "opened", "Gmail")
	if !strings.Contains(html, "ada@example.com&lt;script&gt;") || strings.Contains(html, "<script") {
		t.Errorf("the rows of the owner: %s", html)
	}
	leads(t, viewer, "3,048 opens in the last hour, 3,005 by people")
	if html = partOf(t, viewer, "opened", "Gmail"); strings.Contains(html, "ada@") {
		t.Errorf("the rows of a viewer: %s", html)
	}
	for role, has := range map[Role]bool{Owner: true, Viewer: false} {
		a := w.ask("GET", "/live", w.in(role), nil)
		if a.status != 200 || strings.Contains(a.body, "ada@example.com") != has || !strings.Contains(a.body, "3,048 opens in the last hour") {
			t.Errorf("the page for %s without a script: %d", role, a.status)
		}
	}
}

func TestLiveShowsViewsAndEventsAsTheyCome(t *testing.T) {
	for _, role := range []Role{Owner, Viewer} {
		t.Run(role.String(), func(t *testing.T) { showsViewsAndEvents(t, role) })
	}
}

func showsViewsAndEvents(t *testing.T, role Role) {
	w := newWorld(t)
	w.source.counts = []warehouse.MinuteCount{{Minute: w.clock().Add(-20*time.Minute).Unix() / 60, N: warehouse.LiveTally{0, 0, 0, 5, 2, 1}}}
	w.source.pages = map[warehouse.LivePage]uint64{{Site: "shop", Host: "shop.example", Path: "/old"}: 5}
	events := w.events(w.in(role))
	leads(t, events, "0 opens in the last hour, 0 by people; 5 page views, 2 events")
	w.Live().Stored(nil, visits(7, "", "/new"+hostile, w.clock()))
	w.Live().Stored(nil, visits(1, "signup"+hostile, "/new", w.clock()))
	crawler := visits(100, "", "/crawled", w.clock())
	for i := range crawler {
		crawler[i].Class = 5
	}
	w.Live().Stored(nil, crawler)
	leads(t, events, "0 opens in the last hour, 0 by people; 12 page views, 3 events")
	for id, text := range map[string]string{
		"pages": "shop.example/new&lt;script", "referrers": "search.example/q&lt;script", "visited": "event signup&lt;script", "webminutes": `<td class="n">100</td>`,
	} {
		again := w.events(w.in(role))
		if html := partOf(t, again, id, text); strings.Contains(html, "<script") || strings.Contains(html, "\u202e") {
			t.Errorf("%s: %s", id, html)
		}
	}
	a := w.ask("GET", "/live", w.in(role), nil)
	if a.status != 200 || strings.Contains(a.body, "shop.example/crawled</th>") || strings.Contains(a.body, "<script>alert") {
		t.Errorf("the page without a script: %d", a.status)
	}
	for _, text := range []string{
		"12 page views, 3 events", `id="webhours"`, `id="webminutes"`, "shop.example/old</th>", "shop.example/new&lt;script", "This page covers 7 days", "<td>machine</td>",
	} {
		if !strings.Contains(a.body, text) {
			t.Errorf("the page without a script lacks %q", text)
		}
	}
}

func TestLiveWithoutASiteShowsMailOnly(t *testing.T) {
	w := newWorld(t)
	cookie := w.in(Owner)
	w.Live().Stored(opens(1, 1, w.clock()), nil)
	if a := w.ask("GET", "/live", cookie, nil); strings.Contains(a.body, "page views") || !strings.Contains(a.body, `id="hours"`) {
		t.Error("a page of mail alone speaks of sites")
	}
}

// TestTheWarehouseTakesOver counts opens once, before and after the warehouse has
// counted them.
func TestTheWarehouseTakesOver(t *testing.T) {
	w := newWorld(t)
	l, now := w.live, w.clock()
	w.Live().Stored(opens(10, 1, now.Add(-time.Minute)), nil)
	w.Live().Stored(opens(7, 1, now), nil)
	wantLead := func(text string) {
		t.Helper()
		l.publish()
		if v, _ := l.current(); !strings.HasPrefix(v.lead, text) {
			t.Errorf("lead %q, want %s", v.lead, text)
		}
	}
	wantLead("Counting the last 7 days")
	l.take(answer{counted: counted{minutes: map[int64]warehouse.LiveTally{now.Add(-time.Minute).Unix() / 60: {10}}, until: now.Add(-30 * time.Second).Unix()}})
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
		w.Live().Stored(old, nil)
	}
	if len(w.live.counts) > keptBuckets || len(w.live.last) > keptLast {
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

// TestFollowReceivesTheLivePageAsText reads the page as a terminal does.
func TestFollowReceivesTheLivePageAsText(t *testing.T) {
	w := newWorld(t)
	w.Live().Stored(opens(2, 1, w.clock()), visits(3, "", "/"+hostile, w.clock()))
	enough := errors.New("enough")
	shown := ""
	err := Follow(t.Context(), w.URL(), testKey, output.Style{Width: 100, Fit: true}, func(text string) error {
		shown = text
		if !strings.HasPrefix(text, "2 opens in the last hour, 2 by people; 3 page views, 0 events\n") {
			return nil
		}
		if strings.Contains(text, "Gmail") {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatalf("%v after:\n%s", err, shown)
	}
	for _, text := range []string{"OPENS PER MINUTE, THE LAST HOUR", "PAGE VIEWS AND EVENTS PER HOUR, 7 DAYS", "TOP REFERRERS, 7 DAYS", "60 minutes ago", "█"} {
		if !strings.Contains(shown, text) {
			t.Errorf("it lacks %q:\n%s", text, shown)
		}
	}
	for _, bad := range []string{"ada@", "\x1b", "\u202e"} {
		if strings.Contains(shown, bad) {
			t.Errorf("it has %q", bad)
		}
	}
	if err := Follow(t.Context(), w.URL(), "another key", output.Style{}, nil); err == nil || strings.Contains(err.Error(), signInPath) {
		t.Errorf("with another key: %v", err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- Follow(t.Context(), w.URL(), testKey, output.Style{}, func(string) error { w.pass(sessionLife); return nil })
	}()
	if err := <-ended; !errors.Is(err, ErrEnded) {
		t.Errorf("after the session: %v", err)
	}
}
