package batch

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"glint/edge/classify"
	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/deadletters"
)

func TestEachLineHasOneOutcome(t *testing.T) {
	forged := ringOf(t, token.Key{ID: 7, Secret: [token.SecretLen]byte{9}})
	unknownKey := ringOf(t, token.Key{ID: 8, Secret: [token.SecretLen]byte{1, 2, 3}})
	at := func(when time.Time) func(*event.Event) {
		return func(e *event.Event) { e.OpenedAt = when }
	}
	for _, c := range []struct {
		name, line string
		want       Outcome
	}{
		{"a signed token", openLine(t, 1, nil), Stored},
		{"a line of a newer edge", strings.Replace(openLine(t, 1, nil), `{"v":1`, `{"v":9,"new":[1]`, 1), Stored},
		{"no kind", openLine(t, 1, func(e *event.Event) { e.Kind = "" }), Stored},
		{"an invalid address", openLine(t, 1, func(e *event.Event) { e.IP = "not an address" }), Stored},
		{"a registered UUID", plainLine(t, 1, plain.String()), Stored},
		{"a registered UUID in capitals", plainLine(t, 1, strings.ToUpper(plain.String())), Stored},
		{"the earliest time", openLine(t, 1, at(time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC))), Stored},
		{"a clock that is nearly a day ahead", openLine(t, 1, at(now.Add(24*time.Hour-time.Second))), Stored},

		{"no JSON", "GET /o/x.gif", NotEvent},
		{"an array", "[]", NotEvent},
		{"half a line", openLine(t, 1, nil)[:100], NotEvent},
		{"a field of the wrong type", `{"v":"1"}`, NotEvent},
		{"no event id", openLine(t, 0, nil), NotEvent},
		{"no time", strings.Replace(openLine(t, 1, nil), `"opened_at"`, `"other"`, 1), NotEvent},
		{"bytes that are not UTF-8", openLine(t, 1, nil) + "\xff", NotEvent},

		{"a forged token", openLine(t, 1, func(e *event.Event) { e.Token = sign(t, forged) }), BadToken},
		{"an unknown key", openLine(t, 1, func(e *event.Event) { e.Token = sign(t, unknownKey) }), BadToken},
		{"a key that the edge knows and ingest does not", openLine(t, 1, func(e *event.Event) { e.Token, e.TokenStatus = sign(t, unknownKey), event.TokenValid }), UnknownKey},
		{"a forged token that the edge calls valid", openLine(t, 1, func(e *event.Event) { e.Token, e.TokenStatus = sign(t, forged), event.TokenValid }), BadToken},
		{"no token", openLine(t, 1, func(e *event.Event) { e.Token = "" }), BadToken},
		{"another path with an image", openLine(t, 1, func(e *event.Event) { e.Kind, e.Token = event.KindOther, "" }), BadToken},
		{"an invalid UUID", plainLine(t, 1, "aaaaaaaa"), BadToken},
		{"a token in place of a UUID", openLine(t, 1, func(e *event.Event) { e.Kind = event.KindUUID }), Stored},
		{"a token in another path", openLine(t, 1, func(e *event.Event) { e.Kind, e.Path, e.Token = event.KindOther, "/t/o/"+e.Token+".gif)", "" }), Stored},
		{"more than a line may have", strings.Replace(openLine(t, 1, nil), "}", `,"new":"`+strings.Repeat("x", event.MaxReadBytes)+`"}`, 1), TooLong},

		{"an unknown UUID", plainLine(t, 1, uuid.NewString()), Unresolved},

		{"a millisecond too early", openLine(t, 1, at(time.Date(2009, 12, 31, 23, 59, 59, 999e6, time.UTC))), BadTime},
		{"a day ahead", openLine(t, 1, at(now.Add(24*time.Hour+time.Second))), BadTime},
		{"the year 9999", openLine(t, 1, at(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))), BadTime},
		{"the year 1", openLine(t, 1, at(time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC))), BadTime},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.house.registered[plain] = 42
			if n := w.load(t, c.line); n != 1 {
				t.Errorf("%d lines", n)
			}
			if got := countsText(w.counted); got != string(c.want)+"=1" {
				t.Fatalf("counted %s, want %s", got, c.want)
			}
			letters := w.letters(t)
			rows := map[Outcome]int{Stored: len(w.stored()), Unresolved: len(w.house.unresolved), BadToken: len(w.house.badTokens)}
			if c.want.isDeadLetter() {
				rows[c.want] = len(letters)
				if len(letters) != 1 || letters[0].Reason != string(c.want) || letters[0].Detail == "" {
					t.Errorf("dead letters %+v", letters)
				}
			}
			for outcome, n := range rows {
				if want := map[bool]int{outcome == c.want: 1}[true]; n != want {
					t.Errorf("%d rows are %s, want %d", n, outcome, want)
				}
			}
		})
	}
}

func TestTokenOfARevokedKeyIsBad(t *testing.T) {
	w := newWorld(t)
	w.Ring = fixed(ring(t, token.Revoked))
	w.load(t, openLine(t, 1, nil))
	if got := countsText(w.counted); got != "bad_token=1" {
		t.Errorf("counted %s", got)
	}
}

func TestTokenOfARetiredKeyIsStored(t *testing.T) {
	w := newWorld(t)
	w.Ring = fixed(ring(t, token.Verifying))
	w.load(t, openLine(t, 1, nil))
	if got := countsText(w.counted); got != "stored=1" {
		t.Errorf("counted %s", got)
	}
}

func TestOneBadLineNeverFailsTheOthers(t *testing.T) {
	w := newWorld(t)
	w.house.registered[plain] = 42
	n := w.load(t,
		"{", openLine(t, 1, nil), "\xff\xfe", openLine(t, 2, func(e *event.Event) { e.Token = "x" }),
		plainLine(t, 3, uuid.NewString()), plainLine(t, 4, plain.String()), openLine(t, 5, nil),
		openLine(t, 6, func(e *event.Event) { e.OpenedAt = now.AddDate(1, 0, 0) }), `{"v":1}`)
	if n != 9 || len(w.stored()) != 3 {
		t.Errorf("%d lines, %d rows", n, len(w.stored()))
	}
	if got := countsText(w.counted); got != "stored=3 unresolved=1 bad_token=1 not_event=3 bad_time=1" {
		t.Errorf("counted %s", got)
	}
}

func TestRowHoldsTheEventAndItsVerdict(t *testing.T) {
	w := newWorld(t)
	w.load(t, strings.Replace(openLine(t, 200, func(e *event.Event) {
		e.IP, e.Country, e.Region, e.ASNumber, e.POP, e.RefererHost = "192.0.2.0", "DE", "BE", 64496, "FRA", "mail.example"
		e.ProxyType, e.ProxyDescription = "?", "?"
		e.Headers = []event.Header{{Name: "accept", Value: "image/*"}}
	}), "}", `},"later":1`, 1))
	rows := w.stored()
	if len(rows) != 1 {
		t.Fatalf("%d rows; counted %s", len(rows), countsText(w.counted))
	}
	o := rows[0]
	if o.CampaignID != uint64(campaign) || o.MessageID != uuid.UUID(message) || o.EventID != 200 || o.TokenStatus != tokenValid {
		t.Errorf("identity: %+v", o)
	}
	if !o.ReceivedAt.Equal(now.Truncate(time.Millisecond)) || !o.OpenedAt.Equal(now.Add(-time.Minute).Truncate(time.Millisecond)) {
		t.Errorf("times: %v, %v", o.ReceivedAt, o.OpenedAt)
	}
	if o.IP.String() != "192.0.2.0" || o.Country != "DE" || o.Region != "BE" || o.ASNumber != 64496 || o.POP != "FRA" ||
		o.RefererHost != "mail.example" || o.ProxyType != "?" || o.ProxyDescription != "?" || o.Source != "live" ||
		o.Network != "none" || o.Method != "GET" || o.Extra != `{"later":1}` {
		t.Errorf("facts: %+v", o)
	}
	if o.HeaderBits != uint16(classify.HeaderFact("accept", "image/*")) {
		t.Errorf("header bits %b", o.HeaderBits)
	}
	if o.Class != int8(classify.HumanDirect) || o.Reason == "" || o.Client != "Thunderbird" ||
		o.ClientVendor != "Mozilla" || o.OS != "Linux" || o.Device != "desktop" ||
		o.RulesetVersion != classify.RulesetVersion || o.VerdictVersion != 65535-uint32(classify.RulesetVersion) {
		t.Errorf("verdict: %+v", o)
	}
}

func TestAPlainUUIDIsAskedForOnce(t *testing.T) {
	w := newWorld(t)
	w.house.registered[plain] = 42
	w.load(t, plainLine(t, 1, plain.String()), plainLine(t, 2, plain.String()))
	if len(w.house.asked) != 1 || len(w.house.asked[0]) != 1 {
		t.Errorf("asked for %v", w.house.asked)
	}
	for _, o := range w.stored() {
		if o.CampaignID != 42 || o.MessageID != plain || o.TokenStatus != tokenUnchecked {
			t.Errorf("got %+v", o)
		}
	}
}

func TestWithoutPlainUUIDsNothingIsAsked(t *testing.T) {
	w := newWorld(t)
	w.load(t, openLine(t, 1, nil))
	if len(w.house.asked) != 0 {
		t.Errorf("asked for %v", w.house.asked)
	}
}

func TestNothingIsInsertedForABodyWithoutOpens(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{"", "\n", " \r\n\t\n", "nothing\n"} {
		if _, err := w.loadBody([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.house.inserts) != 0 {
		t.Errorf("%d inserts", len(w.house.inserts))
	}
}

func TestAFailingWarehouseCountsNothing(t *testing.T) {
	down := errors.New("down")
	for name, fail := range map[string]func(*fakeHouse){
		"insert":  func(f *fakeHouse) { f.insertErr = down },
		"look-up": func(f *fakeHouse) { f.lookupErr = down },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			fail(w.house)
			body := []byte(openLine(t, 1, nil) + "\n{\n" + plainLine(t, 2, plain.String()))
			n, err := w.loadBody(body)
			if !errors.Is(err, down) || n != 0 || len(w.counted) != 0 {
				t.Fatalf("%d lines, %v, counted %v", n, err, w.counted)
			}

			w.house.insertErr, w.house.lookupErr = nil, nil
			n, err = w.loadBody(body)
			if err != nil || n != 3 || countsText(w.counted) != "stored=1 unresolved=1 not_event=1" {
				t.Errorf("again: %d lines, %v, counted %s", n, err, countsText(w.counted))
			}
			if letters := w.letters(t); len(letters) != 1 {
				t.Errorf("%d dead letters after both tries, want 1", len(letters))
			}
		})
	}
}

func TestAFullDeadLetterFolderStopsNoGoodLine(t *testing.T) {
	w := newWorld(t)
	var err error
	if w.DeadLetters, err = deadletters.Open(w.dir, 1); err != nil {
		t.Fatal(err)
	}
	r, err := w.Load(t.Context(), "batch", []Body{{ReceivedAt: now, Source: "junk", Count: 2, Lines: []byte("{\n" + plainLine(t, 1, message.String()))}})
	if err != nil || len(r.Bodies[0].Events) != 1 || r.Bodies[0].DeadLetters != 1 || r.Bodies[0].NotKept != 1 {
		t.Errorf("%+v, %v; want one event, and one dead letter that was not kept", r, err)
	}
}

func TestADeadLetterTellsWhereTheLineCameFrom(t *testing.T) {
	w := newWorld(t)
	w.load(t, "bad")
	want := []deadletters.Letter{{
		ReceivedAt: now.Truncate(time.Millisecond), Source: "live", Reason: "not_event",
		Detail: "event: the line is not a JSON object", Line: "bad",
	}}
	if diff := cmp.Diff(want, w.letters(t)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNothingOfALineIsInADetailOrAFault(t *testing.T) {
	w := newWorld(t)
	const secret = "someone@example.com"
	w.load(t, `{"token":["`+secret+`"]}`, plainLine(t, 1, secret), `{"event_id":"`+secret+`"}`, secret)
	letters := w.letters(t)
	if len(letters) != 3 || len(w.house.badTokens) != 1 {
		t.Fatalf("%d dead letters, %d bad tokens", len(letters), len(w.house.badTokens))
	}
	for _, l := range letters {
		if strings.Contains(l.Detail, secret) {
			t.Errorf("detail %q", l.Detail)
		}
	}
	for _, bad := range w.house.badTokens {
		if bad[0].Fault != "malformed" {
			t.Errorf("fault %q", bad[0].Fault)
		}
	}
}

// caps accepts at most its number of rows.
type caps struct{ unresolved, badTokens int }

func (c caps) TakeUnresolved(rows int) int { return min(rows, c.unresolved) }
func (c caps) TakeBadTokens(rows int) int  { return min(rows, c.badTokens) }

func TestBeyondTheCapsLinesAreOnlyCounted(t *testing.T) {
	w := newWorld(t)
	w.Caps = caps{unresolved: 2, badTokens: 1}
	bad := func(e *event.Event) { e.Token = "x" }
	w.load(t,
		plainLine(t, 1, uuid.NewString()), plainLine(t, 2, uuid.NewString()), plainLine(t, 3, uuid.NewString()),
		openLine(t, 4, bad), openLine(t, 5, bad), openLine(t, 6, nil))
	if got := countsText(w.counted); got != "stored=1 unresolved=2 bad_token=2 over_cap=1" {
		t.Errorf("counted %s", got)
	}
	for _, rows := range w.house.unresolved {
		if len(rows) != 2 {
			t.Errorf("%d unresolved opens are kept, want 2", len(rows))
		}
	}
	for _, rows := range w.house.badTokens {
		if len(rows) != 1 {
			t.Errorf("%d bad tokens are kept, want 1", len(rows))
		}
	}
}

func TestTheResultNamesTheEventsOfEachBody(t *testing.T) {
	w := newWorld(t)
	w.house.registered[plain] = 42
	at := now.Truncate(time.Millisecond)
	result, err := w.Load(t.Context(), "a", []Body{
		{Record: 1, ReceivedAt: at, Source: "a", Lines: []byte(openLine(t, 1, nil) + "\n{\n" + openLine(t, 2, nil))},
		{Record: 2, ReceivedAt: at, Source: "b", Lines: []byte(plainLine(t, 3, plain.String()) + "\n" + plainLine(t, 4, uuid.NewString()) +
			"\n" + openLine(t, 5, func(e *event.Event) { e.Token = "x" }))},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []BodyResult{
		{Events: []uint64{1, 2}, DeadLetters: 1, Others: map[Outcome]int{NotEvent: 1}},
		{Events: []uint64{4, 3}, BadTokens: 1, Others: map[Outcome]int{BadToken: 1, Unresolved: 1}},
	}
	if diff := cmp.Diff(want, result.Bodies); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
