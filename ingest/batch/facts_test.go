package batch

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/edge/classify"
	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/warehouse"
)

// wholeEvent has a value in every field of an open.
func wholeEvent(tb testing.TB) event.Event {
	tb.Helper()
	signed := sign(tb, ring(tb, token.Signing))
	e := event.Event{
		Version: event.Version, ID: event.ID{15: 1}, OpenedAt: now.Add(-time.Minute).Truncate(time.Millisecond), Kind: event.KindToken, Token: signed,
		TokenStatus: event.TokenValid, Path: "/t/o/" + signed + ".gif)", Method: "GET", Protocol: "HTTP/2", UserAgent: "Agent/1", RefererHost: "mail.example",
		IP: "192.0.2.0", Network: "hosting", NetworkListDate: time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC), ASNumber: 64496, Country: "DE", Region: "BE",
		ConnectionType: "mobile", ProxyType: "hosting", ProxyDescription: "cloud", BotDetection: event.BotVerified, BotName: "ExampleBot",
		BotCategory: "PAGE-PREVIEW", Headers: []event.Header{{Name: "accept", Value: "image/*"}, {Name: "sec-gpc", Value: "1"}},
		JA4: "t13d1516h2_8daaf6152771_b186095e22b6", Edge: "compute", POP: "FRA", ServiceVersion: "12", SandboxRequest: 3, Extra: `{"later":1}`,
	}
	for i, v := 0, reflect.ValueOf(e); i < v.NumField(); i++ {
		switch v.Type().Field(i).Name {
		case "Class", "Reason", "RulesetVersion", "Web": // of lines without those facts, and of views
			continue
		}
		if v.Field(i).IsZero() {
			tb.Fatalf("the event has no %s", v.Type().Field(i).Name)
		}
	}
	return e
}

// textOf is the line of e with its Extra.
func textOf(e event.Event) string {
	return strings.TrimSuffix(string(e.AppendJSON(nil)), "}") + "," + strings.TrimPrefix(e.Extra, "{")
}

// Every fact of a line has a column in opens and, for a bad token, in
// bad_tokens. A fact added to the line must be added to the rows.
func TestEveryFactOfALineHasAColumn(t *testing.T) {
	w := newWorld(t)
	e := wholeEvent(t)
	bad := e
	bad.ID, bad.Token, bad.Path = event.ID{15: 2}, e.Token[:45], "/o/"+e.Token[:45]
	w.load(t, textOf(e), textOf(bad))
	if got := countsText(w.counted); got != "stored=1 bad_token=1" {
		t.Fatalf("counted %s", got)
	}
	open := w.stored()[0]
	var badToken warehouse.BadToken
	for _, rows := range w.house.badTokens {
		badToken = rows[0]
	}
	facts := map[string]any{
		"OpenedAt": e.OpenedAt, "Path": e.Path, "Method": "GET", "Protocol": "HTTP/2", "UserAgent": e.UserAgent, "RefererHost": e.RefererHost,
		"Network": "hosting", "NetworkListDate": e.NetworkListDate, "ASNumber": e.ASNumber, "Country": "DE", "Region": "BE", "ConnectionType": "mobile",
		"ProxyType": "hosting", "ProxyDescription": "cloud", "BotDetection": "verified", "BotName": "ExampleBot", "BotCategory": "PAGE-PREVIEW",
		"JA4": e.JA4, "Edge": "compute", "POP": "FRA", "ServiceVersion": "12", "SandboxRequest": uint32(3), "Extra": `{"later":1}`,
		"HeaderBits": uint16(classify.AcceptPresent | classify.AcceptImageFirst), "HeaderFacts": uint32(classify.GlobalPrivacy),
		"KeyID": uint8(7), "IssuedAt": time.Unix(1_700_000_000, 0).UTC(),
	}
	for name, want := range facts {
		if got := reflect.ValueOf(open).FieldByName(name).Interface(); got != want {
			t.Errorf("opens: %s is %v, want %v", name, got, want)
		}
		if name == "Path" {
			want = bad.Path
		}
		if got := reflect.ValueOf(badToken).FieldByName(name).Interface(); got != want {
			t.Errorf("bad_tokens: %s is %v, want %v", name, got, want)
		}
	}
	elsewhere := map[string]bool{
		"Version": true, "ID": true, "Kind": true, "Token": true, "TokenStatus": true, "IP": true, "Headers": true,
		"Class": true, "Reason": true, "RulesetVersion": true, "Web": true,
	}
	for i, v := 0, reflect.TypeFor[event.Event](); i < v.NumField(); i++ {
		if name := v.Field(i).Name; facts[name] == nil && !elsewhere[name] {
			t.Errorf("the line's %s has no column", name)
		}
	}
	if open.CampaignID != uint64(campaign) || open.MessageID != uuid.UUID(message) || open.IP.String() != e.IP || open.EventID != 1 {
		t.Errorf("%+v", open)
	}
	if badToken.NamedCampaign != uint64(campaign) || badToken.Token != bad.Token || badToken.TokenStatus != "valid" || badToken.EventID != 2 {
		t.Errorf("%+v", badToken)
	}
}

// A time that contradicts the token or the receipt is kept, and marked.
func TestImpossibleTimesAreMarked(t *testing.T) {
	issued := time.Unix(1_700_000_000, 0).UTC()
	for _, c := range []struct {
		name     string
		openedAt time.Time
		token    int8 // of a line with a token
		uuid     int8 // of one without
	}{
		{"as it came", now.Add(-time.Second), warehouse.SuspectNone, warehouse.SuspectNone},
		{"the edge's clock is minutes ahead", now.Truncate(time.Millisecond).Add(receivedSlack), warehouse.SuspectNone, warehouse.SuspectNone},
		{"more minutes ahead", now.Add(receivedSlack + time.Millisecond), warehouse.SuspectAfterReceipt, warehouse.SuspectAfterReceipt},
		{"hours ahead", now.Add(2 * time.Hour), warehouse.SuspectAfterReceipt, warehouse.SuspectAfterReceipt},
		{"when it was issued", issued, warehouse.SuspectNone, warehouse.SuspectNone},
		{"a day before", issued.Add(-issuedSlack), warehouse.SuspectNone, warehouse.SuspectNone},
		{"more than a day before", issued.Add(-issuedSlack - time.Millisecond), warehouse.SuspectBeforeToken, warehouse.SuspectNone},
		{"years before", time.Date(2010, 1, 2, 0, 0, 0, 0, time.UTC), warehouse.SuspectBeforeToken, warehouse.SuspectNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.house.registered[plain] = 42
			at := func(e *event.Event) { e.OpenedAt = c.openedAt }
			w.load(t, openLine(t, 1, at), openLine(t, 2, func(e *event.Event) { at(e); e.Kind, e.Token = event.KindUUID, plain.String() }))
			rows := w.stored()
			if len(rows) != 2 || rows[0].TimeSuspect != c.token || rows[1].TimeSuspect != c.uuid {
				t.Errorf("%d rows: %+v", len(rows), rows)
			}
		})
	}
}

// Lines of edges before the field path: the token as it came.
func TestMangledTokensOfOlderEdgesAreStored(t *testing.T) {
	signed := sign(t, ring(t, token.Signing))
	id := plain.String()
	for name, e := range map[string]event.Event{
		"percent-encoded":       {Kind: event.KindToken, Token: strings.NewReplacer("-", "%2D", "_", "%5F", "A", "%41").Replace(signed)},
		"extension twice":       {Kind: event.KindToken, Token: signed + ".gif"},
		"trailing parenthesis":  {Kind: event.KindToken, Token: signed + ".gif)"},
		"double slash":          {Kind: event.KindToken, Token: "/" + signed},
		"the edge said bad":     {Kind: event.KindToken, Token: signed + ".gif&amp;", TokenStatus: event.TokenBad},
		"no kind":               {Token: signed + "%20"},
		"UUID without dashes":   {Kind: event.KindUUID, Token: strings.ReplaceAll(id, "-", "")},
		"UUID percent-encoded":  {Kind: event.KindUUID, Token: strings.ReplaceAll(id, "-", "%2D")},
		"UUID with parenthesis": {Kind: event.KindUUID, Token: id + ".png)"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.house.registered[plain] = 42
			w.load(t, openLine(t, 1, func(full *event.Event) { full.Kind, full.Token, full.TokenStatus = e.Kind, e.Token, e.TokenStatus }))
			rows := w.stored()
			if len(rows) != 1 {
				t.Fatalf("counted %s", countsText(w.counted))
			}
			if want := map[bool]uuid.UUID{true: plain, false: uuid.UUID(message)}[e.Kind == event.KindUUID]; rows[0].MessageID != want {
				t.Errorf("message %s, want %s", rows[0].MessageID, want)
			}
		})
	}
}

// A damaged token counts for the campaign that its first bytes name.
func TestALostTokenNamesItsCampaign(t *testing.T) {
	signed := sign(t, ring(t, token.Signing))
	for name, c := range map[string]struct {
		change func(e *event.Event)
		want   uint64
	}{
		"cut short":                   {func(e *event.Event) { e.Token = signed[:20] }, uint64(campaign)},
		"a character lost":            {func(e *event.Event) { e.Token = signed[:45] + signed[46:] }, uint64(campaign)},
		"cut short in another folder": {func(e *event.Event) { e.Kind, e.Token, e.Path = event.KindOther, "", "/t/o/"+signed[:30]+".gif" }, uint64(campaign)},
		"lower-cased":                 {func(e *event.Event) { e.Token = strings.ToLower(signed) }, 0},
		"another image":               {func(e *event.Event) { e.Kind, e.Token, e.Path = event.KindOther, "", "/logo.gif" }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.load(t, openLine(t, 1, c.change))
			for _, rows := range w.house.badTokens {
				if len(rows) != 1 || rows[0].NamedCampaign != c.want {
					t.Errorf("%+v", rows)
				}
			}
			if got := countsText(w.counted); got != "bad_token=1" {
				t.Errorf("counted %s", got)
			}
		})
	}
}
