package batch

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/edge/event"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/ingest/warehouse"
)

// asking adds to a line the headers of a request that asks not to be tracked.
func asking(e *event.Event) { e.Headers = append(e.Headers, event.Header{Name: "dnt", Value: "1"}) }

func TestSignalsHoldForLinesOfEdgesThatIgnoreThem(t *testing.T) {
	for _, c := range []struct {
		signals privacy.Signals
		want    [4]string // by mode
	}{
		{privacy.SignalsIgnored, [...]string{"stored=1", "stored=1", "last_open=1", "aggregated=1"}},
		{privacy.SignalsAggregate, [...]string{"aggregated=1", "aggregated=1", "last_open=1", "aggregated=1"}},
		{privacy.SignalsOff, [...]string{"withheld=1", "withheld=1", "last_open=1", "withheld=1"}},
	} {
		for mode, want := range c.want {
			w := newWorld(t)
			w.Signals = c.signals
			w.house.dates = map[uuid.UUID]warehouse.LastOpenDate{uuid.UUID(message): {}}
			line := personal(t, 1, token.Mode(mode), asking)
			w.load(t, line)
			if got := countsText(w.counted); got != want {
				t.Errorf("%v, mode %d: %s, want %s", c.signals, mode, got, want)
			}
			for _, a := range w.house.aggregates {
				if stratum := a.StratumID != (uuid.UUID{}); stratum && mode != int(token.Aggregate) || a.OpenedHour.Minute() != 0 || a.Client != "" {
					t.Errorf("%v, mode %d: %+v", c.signals, mode, a)
				}
			}
			if dated := len(w.house.written) > 0; dated != (c.signals == privacy.SignalsIgnored && token.Mode(mode) == token.LastOpen) {
				t.Errorf("%v, mode %d: a last open is kept: %v", c.signals, mode, dated)
			}
			may, _ := Archivable(line, c.signals)
			of, _ := Archivable(personal(t, 1, token.Mode(mode), nil), c.signals)
			if last := token.Mode(mode) == token.LastOpen; may != (c.signals == privacy.SignalsIgnored && !last) || of == last {
				t.Errorf("%v, mode %d: the archive would not know it", c.signals, mode)
			}
		}
	}
}

func TestSignalsMakeLessOfWithdrawnMessagesToo(t *testing.T) {
	for fate, want := range map[warehouse.Fate]string{
		warehouse.FateCount: "aggregated=1", warehouse.FateAnonymous: "aggregated=1", warehouse.FateDrop: "withheld=1",
	} {
		w := newWorld(t)
		w.Signals, w.Withdrawn = privacy.SignalsAggregate, setOf(t, withdrawals{uuid.UUID(message): fate})
		w.load(t, personal(t, 1, token.Identified, asking))
		if got := countsText(w.counted); got != want || w.house.aggregates[0].Client != "" {
			t.Errorf("%v: %s, want %s: %+v", fate, got, want, w.house.aggregates)
		}
	}
}

// A line that cannot become an open of its campaign is not kept, not even as a dead letter.
func TestSignalsOfLinesWithoutACampaign(t *testing.T) {
	w := newWorld(t)
	w.Signals = privacy.SignalsAggregate
	w.house.registered[plain] = uint64(campaign)
	w.load(t,
		openLine(t, 1, func(e *event.Event) { e.Kind, e.Token = event.KindUUID, plain.String(); asking(e) }),
		personal(t, 2, token.Identified, func(e *event.Event) { e.Token, e.Path = e.Token[:50], ""; asking(e) }),
		personal(t, 3, token.Identified, func(e *event.Event) { e.OpenedAt = now.Add(48 * time.Hour); asking(e) }))
	if got := countsText(w.counted); got != "withheld=2 bad_time=1" || len(w.stored()) != 0 {
		t.Errorf("%s; %d rows", got, len(w.stored()))
	}
	for _, l := range w.letters(t) {
		if strings.Contains(l.Line, "PERSON") || strings.Contains(l.Line, `"token":`) || strings.Contains(l.Line, "192.0.2") {
			t.Error(l.Line)
		}
	}
}

func TestSignalsOfViewsAndEvents(t *testing.T) {
	for signals, want := range map[privacy.Signals]string{privacy.SignalsIgnored: "web=2", privacy.SignalsAggregate: "web=2", privacy.SignalsOff: "withheld=2"} {
		w := newWorld(t)
		w.Signals, w.Sites = signals, func(string) bool { return true }
		view := personal(t, 1, token.Identified, func(e *event.Event) {
			e.Kind, e.Token, e.Web = event.KindView, "", `{"site":"docs","page_path":"/a","title":"PERSON","visitor":"00000000000000ff"}`
			asking(e)
		})
		posted := personal(t, 2, token.Identified, func(e *event.Event) {
			e.Kind, e.Method, e.Web = event.KindEvent, "POST", `{"site":"docs","name":"signup","page_path":"/a","properties":{"who":"PERSON"}}`
			asking(e)
		})
		w.load(t, view, posted)
		if got := countsText(w.counted); got != want {
			t.Errorf("%v: %s, want %s", signals, got, want)
		}
		for _, e := range w.house.webEvents {
			personal := e.Visitor != 0 || e.MessageID != (uuid.UUID{}) || e.IP.IsValid() || strings.Contains(e.UserAgent+e.Title+e.Properties, "PERSON")
			if personal != (signals == privacy.SignalsIgnored) || e.Class != 1 || e.PagePath != "/a" {
				t.Errorf("%v: %+v", signals, e)
			}
		}
	}
}

// A line that its edge has reduced has lost its client; its class is the edge's.
func TestReducedViewsKeepTheirClass(t *testing.T) {
	w := newWorld(t)
	w.Sites = func(string) bool { return true }
	w.load(t, personal(t, 1, token.Identified, func(e *event.Event) {
		e.Kind, e.Web = event.KindView, `{"site":"docs"}`
		privacy.ReduceWeb(e)
	}))
	if len(w.house.webEvents) != 1 || w.house.webEvents[0].Class != 1 {
		t.Errorf("%+v", w.house.webEvents)
	}
}
