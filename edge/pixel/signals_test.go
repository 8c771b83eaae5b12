package pixel

import (
	"strings"
	"testing"

	"glint/edge/event"
	"glint/edge/privacy"
	"glint/edge/token"
	"glint/edge/web"
)

// asking are the headers of a client that asks not to be tracked.
var asking = map[string]string{
	"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0 PERSON", "referer": "https://PERSON.example/", "sec-gpc": "1",
}

// TestSignalsOfOpens checks what the line of an open keeps, for each setting of
// Signals and each mode of a token.
func TestSignalsOfOpens(t *testing.T) {
	ring, _ := findRing(t)
	const mine = "names the message"
	aggregate := "the campaign's"
	for _, c := range []struct {
		signals privacy.Signals
		want    [4]string // by mode: mine, aggregate, or "" for no line
	}{
		{privacy.SignalsIgnored, [...]string{mine, mine, mine, mine}},
		{privacy.SignalsAggregate, [...]string{aggregate, aggregate, "", mine}},
		{privacy.SignalsOff, [...]string{"", "", "", ""}},
	} {
		for mode, want := range c.want {
			signed := token.Token{Campaign: 9, Message: token.MessageID{1}, Mode: token.Mode(mode), IssuedAt: 3, Key: 7}
			text, err := ring.Sign(signed)
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{"/o/" + text + ".gif", "/logo.gif?x=" + text} {
				var told []bool
				o := Observer{Ring: ring, Signals: c.signals, Signalled: func(line bool) { told = append(told, line) }}
				a := Route(path)
				quiet := o.Observe(&a, request(nil))
				if e := (&Observer{Ring: ring}).Observe(&a, request(nil)); string(e.AppendJSON(nil)) != string(quiet.AppendJSON(nil)) || told != nil {
					t.Errorf("%v, mode %d: a request without a signal is changed: %+v", c.signals, mode, quiet)
				}
				e := o.Observe(&a, request(asking))
				opened, _ := ring.Open(e.Token)
				got := ""
				switch {
				case e.Kind == "":
				case opened == signed:
					got = mine
				case opened == token.Token{Campaign: 9, Mode: token.Aggregate, IssuedAt: 3, Key: 7}:
					got = aggregate
				default:
					got = "something else"
				}
				line := string(e.AppendJSON(nil))
				if got != want || got == aggregate && (strings.Contains(line, "PERSON") || e.IP != "" || e.Class != "bot" || strings.Contains(line, text)) {
					t.Errorf("%v, mode %d: %q, want %q: %s", c.signals, mode, got, want, line)
				}
				less := c.signals == privacy.SignalsOff || c.signals == privacy.SignalsAggregate && mode != int(token.Aggregate)
				if less != (len(told) == 1) || less && told[0] != (want != "") {
					t.Errorf("%v, mode %d: told %v", c.signals, mode, told)
				}
			}
		}
	}
}

// An open that cannot be counted as its campaign's leaves no line under a
// signal.
func TestSignalsOfOpensWithoutACampaign(t *testing.T) {
	ring, signed := findRing(t)
	for _, path := range []string{"/pixel/" + uuidText + ".gif", "/o/" + signed[:40] + ".gif", "/logo.gif"} {
		a := Route(path)
		if e := (&Observer{Ring: ring, Signals: privacy.SignalsAggregate}).Observe(&a, request(asking)); e.Kind != "" {
			t.Errorf("%s: %+v", path, e)
		}
	}
	a := Route("/o/" + signed + ".gif")
	if e := (&Observer{Signals: privacy.SignalsAggregate}).Observe(&a, request(asking)); e.Kind != "" {
		t.Errorf("without keys: %+v", e)
	}
}

// A withdrawal for which the operator drops lines stays so, whatever a signal
// would keep.
func TestSignalsMakeNoMoreOfWithdrawnMessages(t *testing.T) {
	ring, _ := findRing(t)
	signed, err := ring.Sign(token.Token{Campaign: 9, Message: token.MessageID{1}})
	if err != nil {
		t.Fatal(err)
	}
	a := Route("/o/" + signed + ".gif")
	for _, c := range []struct {
		fate privacy.Fate
		kind event.Kind
	}{
		{privacy.Keep, event.KindToken}, {privacy.Pseudonymous, event.KindToken}, {privacy.Count, event.KindToken}, {privacy.LastOpen, ""}, {privacy.Drop, ""},
	} {
		o := Observer{Ring: ring, Signals: privacy.SignalsAggregate, Withdrawn: func(token.MessageID) privacy.Fate { return c.fate }}
		e := o.Observe(&a, request(asking))
		if opened, _ := ring.Open(e.Token); e.Kind != c.kind || opened.Message != (token.MessageID{}) {
			t.Errorf("%v: %+v", c.fate, e)
		}
	}
}

func TestSignalsOfViewsAndEvents(t *testing.T) {
	posted, err := web.ParseEvents(`{"site":"docs","name":"signup","page":"https://docs.example/a","at":"2026-11-19T23:59:59Z","title":"PERSON","token":"PERSON","properties":{"who":"PERSON"}}`)
	if err != nil {
		t.Fatal(err)
	}
	view := Route("/p.gif?site=docs&page=https://docs.example/a&title=PERSON&referrer=https://search.example/")
	for signals, lines := range map[privacy.Signals]bool{privacy.SignalsIgnored: true, privacy.SignalsAggregate: true, privacy.SignalsOff: false} {
		o := Observer{Signals: signals, Visitors: []byte("secret")}
		for name, e := range map[string]event.Event{
			"view": o.Observe(&view, request(asking)), "event": o.ObserveEvent(&posted[0], false, request(asking)),
		} {
			line := string(e.AppendJSON(nil))
			if lines != (e.Kind != "") || lines && !strings.Contains(line, `"page_path":"/a"`) {
				t.Errorf("%s under %v: %s", name, signals, line)
			}
			if personal := signals == privacy.SignalsIgnored; strings.Contains(line, "PERSON") != personal || (e.IP != "") != personal {
				t.Errorf("%s under %v: %s", name, signals, line)
			}
			if signals == privacy.SignalsAggregate && (e.Class != "bot" || strings.Contains(line, `"at"`)) {
				t.Errorf("%s under %v: %s", name, signals, line)
			}
		}
	}
	if posted[0].Token != "PERSON" {
		t.Error("the posted event was changed")
	}
}
