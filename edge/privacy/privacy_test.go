package privacy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/edge/classify"
	"glint/edge/event"
	"glint/edge/privacy"
	"glint/edge/token"
)

func ring(tb testing.TB) *token.Ring {
	tb.Helper()
	r, err := token.NewRing(token.Key{ID: 7, Secret: [token.SecretLen]byte{1}})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// full is an event of Gmail's proxy with every fact that a line can hold.
func full(tb testing.TB, mode token.Mode) event.Event {
	tb.Helper()
	text, err := ring(tb).Sign(token.Token{Campaign: 9, Message: token.MessageID{1, 2}, Mode: mode, IssuedAt: 3})
	if err != nil {
		tb.Fatal(err)
	}
	return event.Event{
		Version: 1, ID: event.ID{15: 9}, OpenedAt: time.Date(2026, 11, 20, 9, 8, 7, 654e6, time.UTC), Kind: event.KindToken, Token: text,
		TokenStatus: event.TokenValid, Path: "/o/" + text + ".gif?who=PERSON", Method: "GET", Protocol: "HTTP/2",
		UserAgent:   "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy) PERSON",
		RefererHost: "PERSON.example", IP: "192.0.2.77", Network: "hosting", NetworkListDate: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		ASNumber: 15169, Country: "DE", Region: "PERSON", ConnectionType: "PERSON", ProxyType: "hosting", ProxyDescription: "cloud",
		BotDetection: event.BotNone, BotName: "PERSON", BotCategory: "PERSON", Headers: []event.Header{{Name: "accept-language", Value: "PERSON"}},
		JA4: "PERSON", Edge: "compute", POP: "FRA", ServiceVersion: "12", SandboxRequest: 3, Extra: `{"x":"PERSON"}`,
	}
}

func TestIdentifiedLinesStayAsTheyAre(t *testing.T) {
	e := full(t, token.Identified)
	before := string(e.AppendJSON(nil))
	privacy.Reduce(&e, token.Identified)
	if diff := cmp.Diff(before, string(e.AppendJSON(nil))); diff != "" {
		t.Error(diff)
	}
}

func TestLinesHoldNoMoreThanTheirModeAllows(t *testing.T) {
	for _, c := range []struct {
		mode token.Mode
		want func(*event.Event)
	}{
		{token.Pseudonymous, func(e *event.Event) {
			e.Path, e.RefererHost, e.IP, e.Region, e.JA4, e.Extra = "", "", "", "", "", ""
		}},
		{token.LastOpen, func(e *event.Event) {
			*e = event.Event{
				Version: 1, ID: e.ID, OpenedAt: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), Kind: e.Kind, Token: e.Token, TokenStatus: e.TokenStatus,
				Edge: e.Edge, ServiceVersion: e.ServiceVersion, Class: "proxy_human", Reason: "proxy_gmail", RulesetVersion: uint32(classify.RulesetVersion), Headers: e.Headers[:0],
			}
		}},
		{token.Aggregate, func(e *event.Event) {
			*e = event.Event{
				Version: 1, ID: e.ID, OpenedAt: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), Kind: e.Kind, Token: e.Token, TokenStatus: e.TokenStatus,
				Edge: e.Edge, ServiceVersion: e.ServiceVersion, Class: "proxy_human", Reason: "proxy_gmail", RulesetVersion: uint32(classify.RulesetVersion), Headers: e.Headers[:0],
			}
		}},
	} {
		e := full(t, c.mode)
		want := e
		c.want(&want)
		privacy.Reduce(&e, c.mode)
		if diff := cmp.Diff(want, e); diff != "" {
			t.Errorf("mode %d: -want +got:\n%s", c.mode, diff)
		}
		line := string(e.AppendJSON(nil))
		if c.mode > token.Pseudonymous && strings.Contains(line, "PERSON") {
			t.Errorf("mode %d: %s", c.mode, line)
		}
		privacy.Reduce(&e, c.mode)
		if again := string(e.AppendJSON(nil)); again != line {
			t.Errorf("mode %d: reduced again: %s", c.mode, again)
		}
	}
}

func TestATokenThatIsNotFoundYetKeepsItsPath(t *testing.T) {
	e := full(t, token.Aggregate)
	e.Token = e.Token[:40]
	privacy.Reduce(&e, token.Aggregate)
	if e.Path == "" || e.UserAgent+e.IP != "" {
		t.Errorf("%+v", e)
	}
}

func TestDamagedTokensClaimTheirMode(t *testing.T) {
	other, err := token.NewRing(token.Key{ID: 8})
	if err != nil {
		t.Fatal(err)
	}
	for mode := token.Identified; mode <= token.Aggregate; mode++ {
		e := full(t, mode)
		for _, text := range []string{e.Token[:30], "/o/" + e.Token[:53] + "!.gif", "/o%2F" + e.Token[:20]} {
			if got := privacy.Claimed(ring(t), text); got != mode {
				t.Errorf("%s claims %d, want %d", text, got, mode)
			}
			if got := privacy.Claimed(nil, text); got != mode {
				t.Errorf("%s claims %d without keys, want %d", text, got, mode)
			}
			if got := privacy.Claimed(other, text); got != token.Identified {
				t.Errorf("%s of an unknown key claims %d", text, got)
			}
		}
	}
}

func TestWithdrawnLinesNameNeitherTokenNorMessage(t *testing.T) {
	e := full(t, token.Identified)
	old := e.Token
	opened, err := ring(t).Open(old)
	if err != nil {
		t.Fatal(err)
	}
	if !privacy.Withdraw(&e, ring(t), &opened) {
		t.Fatal("not withdrawn")
	}
	line := string(e.AppendJSON(nil))
	got, err := ring(t).Open(e.Token)
	if err != nil || got != (token.Token{Campaign: 9, Mode: token.Aggregate, IssuedAt: 3, Key: 7}) || strings.Contains(line, old) ||
		strings.Contains(line, "PERSON") || strings.Contains(line, "192.0.2") {
		t.Errorf("%+v, %v: %s", got, err, line)
	}
	var none token.Ring
	if privacy.Withdraw(&e, &none, &opened) {
		t.Error("withdrawn without a key")
	}
}

// A line of a message of which less may be kept by now is the line of a URL that says
// so; without a key to sign with it keeps its token, and loses the same facts.
func TestRestrictedLinesAreThoseOfAStricterURL(t *testing.T) {
	for mode := token.Identified; mode <= token.LastOpen; mode++ {
		for fate, least := range map[privacy.Fate]token.Mode{
			privacy.Keep: token.Identified, privacy.Pseudonymous: token.Pseudonymous, privacy.LastOpen: token.LastOpen,
		} {
			for name, key := range map[string]*token.Ring{"signed": ring(t), "unsigned": {}} {
				want, got := full(t, max(mode, least)), full(t, mode)
				opened, err := ring(t).Open(got.Token)
				if err != nil {
					t.Fatal(err)
				}
				if name == "unsigned" {
					want.Token = got.Token
				}
				got.TokenStatus, want.TokenStatus = event.TokenValid, event.TokenValid
				privacy.Reduce(&want, max(mode, least))
				privacy.Restrict(&got, key, &opened, fate)
				if a, b := string(want.AppendJSON(nil)), string(got.AppendJSON(nil)); a != b {
					t.Errorf("mode %d, %v, %s:\n%s, want\n%s", mode, fate, name, b, a)
				}
				if name == "signed" && privacy.Passes(&got) != (max(mode, least) == token.LastOpen) {
					t.Errorf("mode %d, %v: may be archived: %v", mode, fate, !privacy.Passes(&got))
				}
			}
		}
	}
}

func TestFatesAreRead(t *testing.T) {
	for f := privacy.Keep; f <= privacy.LastOpen; f++ {
		if got := privacy.ParseFate(f.String()); got != f {
			t.Errorf("%v is read as %v", f, got)
		}
	}
	if got := privacy.ParseFate("newer"); got != privacy.Drop {
		t.Errorf("an unknown fate is %v", got)
	}
}

func BenchmarkReduce(b *testing.B) {
	for _, mode := range []token.Mode{token.Identified, token.Pseudonymous, token.Aggregate} {
		b.Run([]string{"identified", "pseudonymous", "last_open", "aggregate"}[mode], func(b *testing.B) {
			e := full(b, mode)
			b.ReportAllocs()
			for b.Loop() {
				again := e
				privacy.Reduce(&again, mode)
			}
		})
	}
}
