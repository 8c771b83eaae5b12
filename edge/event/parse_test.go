package event

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"glint/edge/event/jsonline"
)

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"nothing", ``, "event: the line is not a JSON object"},
		{"an array", `[]`, "event: the line is not a JSON object"},
		{"a text", `"secret"`, "event: the line is not a JSON object"},
		{"two objects", `{}{}`, "event: the line is not a JSON object"},
		{"half an object", `{"v":1,"event_id":"`, "event: the line is not a JSON object"},
		{"bytes that are not UTF-8", "{\"pop\":\"\xff\"}", "event: the line is not a JSON object"},
		{"a version that is a text", `{"v":"1"}`, "event: field v has the wrong form"},
		{"a version that is too large", `{"v":4294967296}`, "event: field v has the wrong form"},
		{"a version with a fraction", `{"v":1.5}`, "event: field v has the wrong form"},
		{"a negative version", `{"v":-1}`, "event: field v has the wrong form"},
		{"a short id", `{"event_id":"00"}`, "event: field event_id has the wrong form"},
		{"an id that is not hex", `{"event_id":"0000000000000000000000000000000g"}`, "event: field event_id has the wrong form"},
		{"an id that is a number", `{"event_id":1}`, "event: field event_id has the wrong form"},
		{"a time without a zone", `{"opened_at":"2026-01-02T03:04:05"}`, "event: field opened_at has the wrong form"},
		{"a time that is a number", `{"opened_at":1767323045}`, "event: field opened_at has the wrong form"},
		{"a date with a time", `{"network_list_date":"2026-01-02T00:00:00Z"}`, "event: field network_list_date has the wrong form"},
		{"a day that does not exist", `{"network_list_date":"2026-02-30"}`, "event: field network_list_date has the wrong form"},
		{"a date that is a number", `{"network_list_date":20260102}`, "event: field network_list_date has the wrong form"},
		{"a time after the year 9999", `{"opened_at":"9999-12-31T23:59:59-01:00"}`, "event: field opened_at has the wrong form"},
		{"a time before the year 0", `{"opened_at":"0000-01-01T00:00:00+01:00"}`, "event: field opened_at has the wrong form"},
		{"a token that is a number", `{"token":12345}`, "event: field token has the wrong form"},
		{"a token that is an object", `{"token":{}}`, "event: field token has the wrong form"},
		{"a kind that is a bool", `{"kind":true}`, "event: field kind has the wrong form"},
		{"a status that is an array", `{"token_status":[]}`, "event: field token_status has the wrong form"},
		{"a bot detection that is a bool", `{"bot_detection":true}`, "event: field bot_detection has the wrong form"},
		{"an AS number that is a text", `{"as_number":"64496"}`, "event: field as_number has the wrong form"},
		{"a request number that is a text", `{"sandbox_request":""}`, "event: field sandbox_request has the wrong form"},
		{"headers that are an array", `{"headers":[]}`, "event: field headers has the wrong form"},
		{"a header that is a number", `{"headers":{"accept":1}}`, "event: field headers has the wrong form"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parsed(c.line)
			if err == nil || err.Error() != c.want || !errors.Is(err, ErrInvalid) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestParseTakesMissingAndNullFieldsAsZero(t *testing.T) {
	e := full()
	var b strings.Builder
	b.WriteByte('{')
	for name := range fieldsOf(t, string(e.AppendJSON(nil))) {
		b.WriteString(`"` + name + `":null,`)
	}
	line := strings.TrimSuffix(b.String(), ",") + "}"
	for _, line := range []string{line, `{}`, " {\t} "} {
		got, err := parsed(line)
		if err != nil || !got.OpenedAt.IsZero() || string(got.AppendJSON(nil)) != string((&Event{}).AppendJSON(nil)) {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
}

func TestParseKeepsUnknownFields(t *testing.T) {
	got, err := parsed(`{"new":1, "v":2, "deep":{"a":[1,{"b":"}"}]}, "text":"a\"b", "k\u0022ey":true, "nothing":null}`)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"new":1,"deep":{"a":[1,{"b":"}"}]},"text":"a\"b","k\"ey":true}`
	if got.Extra != want || got.Version != 2 {
		t.Errorf("version %d, extra %s, want %s", got.Version, got.Extra, want)
	}
	if !json.Valid([]byte(got.Extra)) {
		t.Errorf("extra is no JSON: %s", got.Extra)
	}
}

func TestParseReadsTimesOfOtherWriters(t *testing.T) {
	want := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, plus := range map[string]time.Duration{
		"2026-01-02T03:04:05Z": 0, "2026-01-02T03:04:05.000Z": 0, "2026-01-02T05:04:05+02:00": 0,
		"2026-01-02T03:04:05.123456789Z": 123 * time.Millisecond, "2026-01-02T03:04:05.9Z": 900 * time.Millisecond,
		"2026-01-02t03:04:05z": 0, "2026-01-02T03:03:60Z": -5 * time.Second, "2026-01-02T03:03:60.0009z": -5 * time.Second,
	} {
		e, err := parsed(`{"opened_at":"` + text + `"}`)
		if err != nil || !e.OpenedAt.Equal(want.Add(plus)) {
			t.Errorf("%s: %v, %v", text, e.OpenedAt, err)
		}
	}
}

func TestParseReadsFieldsInAnyOrder(t *testing.T) {
	e := full()
	backwards, spaced := "", ""
	if err := jsonline.Walk(string(e.AppendJSON(nil)), func(key, value string) error {
		backwards = `,"` + key + `":` + value + backwards
		spaced += `, "` + key + `" : ` + value
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"{" + backwards[1:] + "}", "{" + spaced[1:] + " }"} {
		got, err := parsed(line)
		if diff := cmp.Diff(e, got); diff != "" || err != nil {
			t.Errorf("%s: %v; -written +read:\n%s", line, err, diff)
		}
	}
}

func TestAnEventThatIsParsedIntoAgainKeepsNothing(t *testing.T) {
	lines := []string{`{"v":"1"}`, `{"new":1,"headers":{"a":"b","c":"d"}}`, `{`}
	for _, e := range goldenEvents() {
		lines = append(lines, string(e.AppendJSON(nil)))
	}
	var e Event
	for range 2 {
		for _, line := range lines {
			want, wantErr := parsed(line)
			err := e.Parse(line)
			if (err == nil) != (wantErr == nil) {
				t.Errorf("%s: %v, want %v", line, err, wantErr)
			}
			if diff := cmp.Diff(want, e, cmpopts.EquateEmpty()); err == nil && diff != "" {
				t.Errorf("%s: -alone +again:\n%s", line, diff)
			}
		}
	}
	plain := lines[1][:1] + `"pop":"FRA",` + lines[1][len(`{"new":1,`):]
	if n := testing.AllocsPerRun(100, func() { _ = e.Parse(plain) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestParseReadsUpperCaseIDs(t *testing.T) {
	e, err := parsed(`{"event_id":"000102030405060708090A0B0C0D0EFF"}`)
	if err != nil || e.ID != full().ID {
		t.Errorf("%x, %v", e.ID, err)
	}
}

func TestErrorsNeverShowWhatTheClientSent(t *testing.T) {
	_, err := parsed(`{"token":["secret"]}`)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, e := range goldenEvents() {
		f.Add(string(e.AppendJSON(nil)))
	}
	f.Add(`{"headers":{"a":"\ud83d\udcec"},"x":[{}]}`)
	f.Add(`{"opened_at":"9999-12-31T23:59:59-01:00"}`)
	f.Fuzz(func(t *testing.T, line string) {
		e, err := parsed(line)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		if !json.Valid([]byte(line)) {
			t.Fatal("accepted what is no JSON")
		}
		if e.Extra != "" && !json.Valid([]byte(e.Extra)) {
			t.Fatalf("extra is no JSON: %s", e.Extra)
		}
		first := e.AppendJSON(nil)
		if len(first) > MaxLineBytes || !json.Valid(first) {
			t.Fatalf("%d bytes: %s", len(first), first)
		}
		again, err := parsed(string(first))
		if err != nil {
			t.Fatalf("not read again: %v: %s", err, first)
		}
		if second := again.AppendJSON(nil); string(second) != string(first) {
			t.Fatalf("changes when written again:\n%s\n%s", first, second)
		}
	})
}
