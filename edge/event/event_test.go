package event

import (
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden lines")

// full has a value in every field but Extra.
func full() Event {
	return Event{
		Version:          Version,
		ID:               ID{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff},
		OpenedAt:         time.Date(2026, 11, 20, 9, 8, 7, 654_000_000, time.UTC),
		Kind:             KindToken,
		Token:            "EAcBAgMEBQYHCBESExQVFhcYGRobHB0eHyBpHE6Gm7T2cTbSzEEdzg",
		TokenStatus:      TokenValid,
		Path:             "/t/o/EAcBAgMEBQYHCBESExQVFhcYGRobHB0eHyBpHE6Gm7T2cTbSzEEdzg.gif?utm_source=x",
		Method:           "GET",
		Protocol:         "HTTP/2",
		UserAgent:        `Mozilla/5.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro) "quoted"`,
		RefererHost:      "mail.example",
		IP:               "192.0.2.0",
		Network:          "hosting",
		NetworkListDate:  time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC),
		ASNumber:         64496,
		Country:          "DE",
		Region:           "BE",
		ConnectionType:   "broadband",
		ProxyType:        "hosting",
		ProxyDescription: "cloud",
		BotDetection:     BotVerified,
		BotName:          "ExampleBot",
		BotCategory:      "PAGE-PREVIEW",
		Headers:          []Header{{"accept", "image/*"}, {"sec-ch-ua", `"Example";v="1"`}},
		JA4:              "t13d1516h2_8daaf6152771_b186095e22b6",
		Edge:             "compute",
		POP:              "FRA",
		ServiceVersion:   "12",
		SandboxRequest:   3,
		Class:            "proxy_human",
		Reason:           "gmail_proxy",
		RulesetVersion:   3,
		Web:              `{"site":"docs"}`,
	}
}

func goldenEvents() map[string]Event {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
	hostile := full()
	hostile.UserAgent = "\x00\x1f\x7f\xff\xc3(\"\\/</script>\u2028\U0001f4ec"
	hostile.Token = "../%zz?\n"
	return map[string]Event{
		"full":    full(),
		"least":   {Version: Version, ID: ID{15: 1}, OpenedAt: at},
		"hostile": hostile,
	}
}

func TestLinesAreThoseOfTheGoldenFiles(t *testing.T) {
	for name, e := range goldenEvents() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".json")
			got := string(e.AppendJSON(nil)) + "\n"
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-golden +now:\n%s", diff)
			}
		})
	}
}

func TestFullEventHasNoZeroField(t *testing.T) {
	v := reflect.ValueOf(full())
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() != (name == "Extra") {
			t.Errorf("field %s: a test of all fields would miss it", name)
		}
	}
}

func TestParseReadsWhatAppendWrote(t *testing.T) {
	for name, e := range map[string]Event{"full": full(), "least": goldenEvents()["least"], "nothing": {OpenedAt: time.Unix(0, 0).UTC()}} {
		t.Run(name, func(t *testing.T) {
			got, err := parsed(string(e.AppendJSON(nil)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(e, got); diff != "" {
				t.Errorf("-written +read:\n%s", diff)
			}
		})
	}
}

func TestAppendKeepsWhatIsInTheBuffer(t *testing.T) {
	e := full()
	if got := string(e.AppendJSON([]byte("before"))); !strings.HasPrefix(got, `before{"v":1,`) {
		t.Errorf("got %.30s", got)
	}
}

func TestAppendWritesTheTimeInUTCAndCutsItToMilliseconds(t *testing.T) {
	e := Event{OpenedAt: time.Date(2026, 1, 1, 0, 30, 0, 999_999_999, time.FixedZone("", 3600))}
	if got := string(e.AppendJSON(nil)); !strings.Contains(got, `"opened_at":"2025-12-31T23:30:00.999Z"`) {
		t.Errorf("got %s", got)
	}
}

// The hardest input that a client can send: characters that grow most when
// escaped, and characters that could break the JSON.
var nasty = map[string]string{
	"plain": "a", "control": "\x01", "delete": "\x7f", "quote": `"`, "backslash": `\`,
	"no UTF-8": "\xff", "half a rune": "\xf0\x9f", "four bytes": "\U0001f4ec", "line feed": "\n", "line separator": "\u2028",
}

func TestAppendWritesEveryTimeAsPackageTimeDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	first, last := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	for range 100_000 {
		at := time.Unix(first+random.Int64N(last-first), random.Int64N(1e9)).UTC()
		if got, want := string(appendTime(nil, at)), at.Format("2006-01-02T15:04:05.000Z"); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
}

func TestWorstLineIsShortAndValid(t *testing.T) {
	for name, unit := range nasty {
		t.Run(name, func(t *testing.T) {
			e := worst(strings.Repeat(unit, 70_000))
			line := e.AppendJSON(nil)
			if len(line) > MaxLineBytes {
				t.Errorf("%d bytes, more than %d", len(line), MaxLineBytes)
			}
			if !json.Valid(line) {
				t.Errorf("no JSON: %s", line)
			}
			if _, err := parsed(string(line)); err != nil {
				t.Errorf("not read again: %v", err)
			}
		})
	}
}

// worst has s in each text and the largest number in each number.
func worst(s string) Event {
	last := time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC)
	e := Event{ID: ID{1}, OpenedAt: last, NetworkListDate: last}
	v := reflect.ValueOf(&e).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString(s)
		case reflect.Uint32:
			f.SetUint(1<<32 - 1)
		}
	}
	e.Web = "" // bounded by package web
	for range MaxHeaders + 5 {
		e.Headers = append(e.Headers, Header{s, s})
	}
	return e
}

func TestHeadersPastTheLimitAreLeftOut(t *testing.T) {
	e := Event{Headers: make([]Header, MaxHeaders+5)}
	got, err := parsed(string(e.AppendJSON(nil)))
	if err != nil || len(got.Headers) != MaxHeaders {
		t.Errorf("%d headers, %v", len(got.Headers), err)
	}
}

func TestKeyIsTheLastHalfOfTheID(t *testing.T) {
	if got := full().ID.Key(); got != 0x08090a0b0c0d0eff {
		t.Errorf("got %x", got)
	}
}

func TestCheckAsksForIDAndTime(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(*Event)
	}{
		{"complete", "", func(*Event) {}},
		{"no id", "event: field event_id is missing", func(e *Event) { e.ID = ID{} }},
		{"no time", "event: field opened_at is missing", func(e *Event) { e.OpenedAt = time.Time{} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := full()
			c.change(&e)
			err := e.Check()
			if (err == nil) != (c.want == "") || err != nil && (err.Error() != c.want || !errors.Is(err, ErrInvalid)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	e := full()
	line := e.AppendJSON(nil)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		line = e.AppendJSON(line[:0])
	}
}

func BenchmarkParse(b *testing.B) {
	e := full()
	line := string(e.AppendJSON(nil))
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parsed(line); err != nil {
			b.Fatal(err)
		}
	}
}

// parsed returns the event of a line.
func parsed(line string) (Event, error) {
	var e Event
	err := e.Parse(line)
	return e, err
}
