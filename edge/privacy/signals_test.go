package privacy_test

import (
	"errors"
	"strings"
	"testing"

	"glint/edge/event"
	"glint/edge/privacy"
	"glint/edge/token"
)

func TestSignalsAreRead(t *testing.T) {
	for text, want := range map[string]privacy.Signals{
		"": privacy.SignalsIgnored, "ignore": privacy.SignalsIgnored, "aggregate": privacy.SignalsAggregate, "off": privacy.SignalsOff,
	} {
		if got, err := privacy.ParseSignals(text); got != want || err != nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if got, err := privacy.ParseSignals("Aggregate"); got != privacy.SignalsOff || !errors.Is(err, privacy.ErrSignals) {
		t.Errorf("an unknown setting is %v, %v", got, err)
	}
}

func TestOnlyAClearSignalAsks(t *testing.T) {
	for _, c := range []struct {
		name, value string
		asks        bool
	}{
		{"dnt", "1", true},
		{"sec-gpc", "1", true},
		{"sec-gpc", " 1 ", true},
		{"dnt", "0", false},
		{"dnt", "", false},
		{"dnt", "11", false},
		{"sec-gpc", "?1", false},
		{"accept", "1", false},
	} {
		e := event.Event{Headers: []event.Header{{Name: "accept", Value: "*/*"}, {Name: c.name, Value: c.value}}}
		for s := privacy.SignalsIgnored; s <= privacy.SignalsOff; s++ {
			want := privacy.SignalsIgnored
			if c.asks {
				want = s
			}
			if got := s.For(&e); got != want {
				t.Errorf("%s: %q under %v: %v", c.name, c.value, s, got)
			}
		}
		if n := testing.AllocsPerRun(10, func() { _ = privacy.SignalsOff.For(&e) }); n != 0 {
			t.Errorf("%s: %q costs %v allocations", c.name, c.value, n)
		}
	}
}

func TestReducedViewsNameNoPerson(t *testing.T) {
	e := full(t, token.Identified)
	e.Kind, e.Method, e.Web = event.KindEvent, "POST", `{"site":"docs"}`
	privacy.ReduceWeb(&e)
	line := string(e.AppendJSON(nil))
	if strings.Contains(line, "PERSON") || strings.Contains(line, `"token"`) || strings.Contains(line, "192.0.2") ||
		e.Class != "proxy_human" || e.OpenedAt.Minute() != 0 || e.Web == "" {
		t.Error(line)
	}
	privacy.ReduceWeb(&e)
	if again := string(e.AppendJSON(nil)); again != line {
		t.Errorf("reduced again: %s", again)
	}
}
