package explain

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/cli/internal/app"
	"glint/ingest/warehouse"
)

func TestWhyAnEventCounts(t *testing.T) {
	measured := warehouse.MessageFacts{IsStored: true, Registered: true, Measured: true}
	test, unregistered, untracked, bounced := measured, measured, measured, measured
	test.Test, test.Registered, test.Measured = true, false, false
	unregistered.Registered, unregistered.Measured = false, false
	untracked.Measured = false
	bounced.Bounced, bounced.Measured = true, false
	open := func(class, reason string) warehouse.MessageEvent {
		return warehouse.MessageEvent{Place: "opens", Kind: "open", Class: class, Reason: reason}
	}
	event := func(kind, class, detail string) warehouse.MessageEvent {
		return warehouse.MessageEvent{Place: "deliveries", Kind: kind, Class: class, Detail: detail}
	}
	waiting := open("human_direct", "browser")
	waiting.Place = "waiting"
	for _, c := range []struct {
		name    string
		facts   warehouse.MessageFacts
		event   warehouse.MessageEvent
		counted bool
		why     string
		in      string
	}{
		{"a person", measured, open("human_direct", "browser"), true, whyPerson, "reliable_unique_opens"},
		{"through a proxy", measured, open("proxy_human", "gmail_proxy"), true, whyPerson, "confirmed_unique_opens"},
		{"Apple's relay", measured, open("machine_prefetch", "apple_mpp_relay"), false, whyMasked, "bot_filtered_unique_opens"},
		{"Apple Mail somewhere", measured, open("unknown", "apple_mail_unplaced"), false, whyMasked, "bot_filtered_unique_opens"},
		{"Gmail's prefetch", measured, open("machine_prefetch", "gmail_prefetch"), false, whyMachine, "unique_opens"},
		{"a scanner", measured, open("security_scanner", "prefix"), false, whyMachine, "opens_total"},
		{"an unknown client", measured, open("unknown", "no_rule"), false, whyUnknown, "bot_filtered_unique_opens"},
		{"no image", measured, open("not_image", "fetch_dest"), false, whyNotImage, ""},
		{"one's own", measured, open("not_image", "ignored_network"), false, whyIgnored, ""},
		{"a test", test, open("human_direct", "browser"), false, whyTest, ""},
		{"unregistered", unregistered, open("human_direct", "browser"), false, whyUnregistered, "unregistered_opens_total"},
		{"not measured", untracked, open("human_direct", "browser"), false, whyNotMeasured, "unique_opens"},
		{"waiting", measured, waiting, false, whyWaiting, ""},
		{"a click", measured, event("clicked", "human_direct", ""), true, whyPerson, "clicked"},
		{"a click without a client", measured, event("clicked", "unknown", "no_client"), true, whyPerson, "confirmed_unique_opens"},
		{"a click of an unknown client", measured, event("clicked", "unknown", ""), false, whyUnknown, ""},
		{"a click by a scanner", measured, event("clicked", "security_scanner", ""), false, whyMachine, ""},
		{"a click in a test", test, event("clicked", "human_direct", ""), false, whyTest, ""},
		{"a reply", measured, event("replied", "", ""), true, whyPerson, "replied"},
		{"an automatic reply", measured, event("replied", "", "automatic"), false, whyAutomatic, ""},
		{"a conversion", measured, event("converted", "", ""), true, whyPerson, "confirmed_unique_opens"},
		{"a complaint", measured, event("complained", "", ""), true, whyRecipient, "complained"},
		{"a bounce", bounced, event("bounced", "", "permanent"), true, whyBounced, "bounced"},
		{"a bounce that was none", measured, event("bounced", "", "permanent"), false, whyDisproved, ""},
		{"a transient bounce", measured, event("bounced", "", "transient"), false, whyTransient, ""},
		{"sent", measured, event("sent", "", ""), false, whyInformation, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := explainEvent(&c.facts, &c.event)
			if e.Counted != c.counted || e.Why != c.why || e.Text == "" || c.in == "" && len(e.CountsIn) > 0 || c.in != "" && !slices.Contains(e.CountsIn, c.in) {
				t.Errorf("counted %v, why %s, counts in %v; want %v, %s, %s", e.Counted, e.Why, e.CountsIn, c.counted, c.why, c.in)
			}
		})
	}
}

func TestOpensOfAPseudonymousMessageAreNotItsRecipients(t *testing.T) {
	f := &warehouse.MessageFacts{
		IsStored: true, Registered: true, Measured: true, Tracking: warehouse.Pseudonymous, Recipient: "ada@example.com",
		Events: []warehouse.MessageEvent{{Place: "opens", Kind: "open", Class: "human_direct"}},
	}
	for _, write := range []func(io.Writer, []explained) error{writeText, writeJSON} {
		var out strings.Builder
		if err := write(&out, []explained{explainMessage(f, true)}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "human_direct") || strings.Contains(out.String(), f.MessageID.String()) {
			t.Errorf("asked for by its recipient: %s", out.String())
		}
		out.Reset()
		if err := write(&out, []explained{explainMessage(f, false)}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "ada@") || !strings.Contains(out.String(), "human_direct") {
			t.Errorf("asked for by its id: %s", out.String())
		}
	}
}

func TestParsing(t *testing.T) {
	a := &app.App{Out: io.Discard, Err: io.Discard}
	for _, c := range []struct {
		args string
		want Options
		code int
	}{
		{"spring ada", Options{App: a, Campaign: "spring", Recipient: "ada", Format: "table"}, 0},
		{"--token x --format json", Options{App: a, Token: "x", Format: "json"}, 0},
		{"--message x", Options{App: a, Message: "x", Format: "table"}, 0},
		{"--event 1", Options{App: a, Event: "1", Format: "table"}, 0},
		{"", Options{}, app.ExitUsage},
		{"spring", Options{}, app.ExitUsage},
		{"spring ada --token x", Options{}, app.ExitUsage},
		{"--event 1 --message x", Options{}, app.ExitUsage},
	} {
		var got Options
		cmd := NewCmd(a, func(_ context.Context, o *Options) error { got = *o; return nil })
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(strings.Fields(c.args))
		if code := app.Report(io.Discard, cmd.Execute()); code != c.code || got != c.want {
			t.Errorf("%q: %+v, exit code %d; want %+v, %d", c.args, got, code, c.want, c.code)
		}
	}
}

func TestIDs(t *testing.T) {
	for text, want := range map[string]uint64{
		"00000000000000010000000000000002": 2, "18446744073709551615": 1<<64 - 1, "0": 0, "x": 0, "": 0,
	} {
		if got, err := eventKey(text); want != 0 && got != want || (err == nil) != (want != 0) {
			t.Errorf("event %q is %d, %v; want %d", text, got, err, want)
		}
	}
	got := []string{tokenText("abc"), tokenText("https://pixel.example.com/o/abc.gif?x=1"), tokenText("")}
	if diff := cmp.Diff([]string{"abc", "abc", ""}, got); diff != "" {
		t.Error(diff)
	}
}
