package batch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/warehouse"
)

// Every line of every URL leaves the same rows as a line of the stricter of two modes:
// the mode of its token and the current one of its message.
func TestTheStricterModeHoldsForLinesOfOldURLs(t *testing.T) {
	kinds := map[string]func(*event.Event){
		"plain":   func(*event.Event) {},
		"late":    func(e *event.Event) { e.OpenedAt = now.Add(48 * time.Hour) },
		"machine": func(e *event.Event) { e.UserAgent = "curl/8.0" },
		"damaged": func(e *event.Event) { e.Token, e.Path = e.Token[:50], "" },
		"in path": func(e *event.Event) { e.Token = "x" },
	}
	fates := map[warehouse.Fate]token.Mode{
		warehouse.FateKeep: token.Identified, warehouse.FatePseudonymous: token.Pseudonymous, warehouse.FateLastOpen: token.LastOpen,
	}
	leaves := func(mode token.Mode, fate warehouse.Fate, change func(*event.Event)) string {
		w := newWorld(t)
		w.house.dates = map[uuid.UUID]warehouse.LastOpenDate{uuid.UUID(message): {Recipient: warehouse.RecipientKey{1}}}
		w.Withdrawn = setOf(t, withdrawals{uuid.UUID(message): fate})
		w.load(t, personal(t, 1, mode, change))
		var b strings.Builder
		fmt.Fprintln(&b, countsText(w.counted), w.house.written, w.house.aggregates)
		for _, o := range w.stored() {
			fmt.Fprintln(&b, o.UserAgent, o.IP, o.RefererHost, o.Region, o.JA4, o.Path, o.Extra, o.Class, o.OpenedAt)
		}
		for _, rows := range w.house.badTokens {
			for _, r := range rows {
				fmt.Fprintln(&b, r.UserAgent, r.IP, r.RefererHost, r.Region, r.JA4, r.Path, r.Extra, r.OpenedAt)
			}
		}
		for _, l := range w.letters(t) {
			text, _, _ := strings.Cut(l.Line, `"token"`)
			fmt.Fprintln(&b, text, strings.Contains(l.Line, "PERSON"))
		}
		return b.String()
	}
	for name, change := range kinds {
		for mode := token.Identified; mode <= token.LastOpen; mode++ {
			for fate, holds := range fates {
				want, got := leaves(max(mode, holds), warehouse.FateKeep, change), leaves(mode, fate, change)
				if got != want {
					t.Errorf("%s, mode %d, %v: leaves\n%s, want\n%s", name, mode, fate, got, want)
				}
				if personal := strings.Contains(got, "192.0.2.77") || strings.Contains(got, "person.example"); personal && max(mode, holds) != token.Identified {
					t.Errorf("%s, mode %d, %v: %s", name, mode, fate, got)
				}
			}
		}
	}
}

func TestTheStricterModeHoldsForPlainIDs(t *testing.T) {
	for fate, want := range map[warehouse.Fate]string{
		warehouse.FateKeep: "stored=1", warehouse.FatePseudonymous: "stored=1", warehouse.FateLastOpen: "last_open=1",
	} {
		for _, registered := range []bool{true, false} {
			w := newWorld(t)
			id := uuid.UUID(message)
			w.house.dates = map[uuid.UUID]warehouse.LastOpenDate{id: {Recipient: warehouse.RecipientKey{1}}}
			if registered {
				w.house.registered[id] = uint64(campaign)
			} else {
				want = "unresolved=1"
			}
			w.Withdrawn = setOf(t, withdrawals{id: fate})
			w.load(t, personal(t, 1, token.Identified, func(e *event.Event) {
				e.Kind, e.Token, e.TokenStatus, e.Path = event.KindUUID, id.String(), event.TokenUnchecked, "/pixel/"+id.String()+".png?who=PERSON"
			}))
			if got := countsText(w.counted); got != want {
				t.Errorf("%v, registered %v: %s, want %s", fate, registered, got, want)
			}
			rows := w.stored()
			for _, more := range w.house.unresolved {
				rows = append(rows, more...)
			}
			for _, o := range rows {
				if personal := o.IP.IsValid() || o.RefererHost+o.Region+o.JA4+o.Path != ""; personal != (fate == warehouse.FateKeep) {
					t.Errorf("%v, registered %v: %+v", fate, registered, o)
				}
			}
			if dated := len(w.house.written) > 0; dated != (registered && fate == warehouse.FateLastOpen) {
				t.Errorf("%v, registered %v: the dates %v", fate, registered, w.house.written)
			}
		}
	}
}
