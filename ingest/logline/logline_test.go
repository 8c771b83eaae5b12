package logline

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"glint/edge/event"
)

// line is an event's line.
func line(t testing.TB) string {
	t.Helper()
	e := event.Event{
		Version: event.Version, ID: event.ID{15: 7}, OpenedAt: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Kind: event.KindToken,
		Token: "a-token", Method: "GET", UserAgent: `quote " backslash \ brace {"log":"x"} ä`,
	}
	return string(e.AppendJSON(nil))
}

func quoted(t testing.TB, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnEventIsReadInEveryFormOfALog(t *testing.T) {
	l := line(t)
	text := quoted(t, l)
	for name, c := range map[string]string{
		"as it is":                   l,
		"with white space":           " \t" + l + " \r",
		"byte order mark":            BOM + l,
		"mark and blanks":            BOM + "  " + l,
		"classic":                    "<134>2016-07-04T22:37:26Z cache-sjc3128 opens[62959]: " + l,
		"mark and classic":           BOM + "<134>2016-07-04T22:37:26Z cache-sjc3128 opens[62959]: " + l,
		"loggly":                     "<134>1 2016-07-04T22:37:26Z cache-sjc3128 opens 62959 - [token@41058 tag=\"x\"] " + l,
		"logplex":                    "83 <134>1 2016-07-04T22:37:26Z cache opens 62959 - " + l,
		"classic without priority":   "2016-07-04T22:37:26Z cache-sjc3128 opens[62959]: " + l,
		"traditional syslog":         "Jul  4 22:37:26 cache-sjc3128 opens[62959]: " + l,
		"the emulator's":             "opens :: " + l,
		"Vector":                     `{"host":"h","message":` + text + `,"timestamp":"2026-03-04T05:06:07Z"}`,
		"Fluent Bit":                 `{"date":1772600767.0,"log":` + text + `}`,
		"Docker":                     `{"log":` + quoted(t, l+"\n") + `,"stream":"stdout","time":"2026-03-04T05:06:07Z"}`,
		"journald":                   `{"MESSAGE":` + text + `,"PRIORITY":"6"}`,
		"Splunk":                     `{"time":1772600767,"event":` + l + `}`,
		"Google Cloud, text":         `{"insertId":"x","textPayload":` + text + `}`,
		"Google Cloud, object":       `{"jsonPayload":` + l + `,"insertId":"x"}`,
		"message parsed by Vector":   `{"message":` + l + `}`,
		"classic in Vector":          `{"message":` + quoted(t, "<134>2016-07-04T22:37:26Z cache opens[6]: "+l) + `}`,
		"Fluent Bit in Docker":       `{"log":` + quoted(t, `{"log":`+text+`}`) + `}`,
		"message before log":         `{"log":"stderr","message":` + text + `}`,
		"an object with white space": "{ \"message\" : " + text + " }",
	} {
		t.Run(name, func(t *testing.T) {
			var e event.Event
			if err := Parse(&e, c); err != nil {
				t.Fatal(err)
			}
			if got := string(e.AppendJSON(nil)); got != l {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestWhatIsNoEventIsNamed(t *testing.T) {
	l := line(t)
	for _, c := range []struct{ name, line, want string }{
		{"an array", "[" + l + "]", "json_format"},
		{"an array of several", "[" + l + "," + l + "]", "json_format"},
		{"the begin of an array", "[", "json_format"},
		{"an element of an array", l + ",", "comma"},
		{"the end of an array", "]", "over several lines"},
		{"the begin of an object", "{", "over several lines"},
		{"a field of an object", `"event_id": "00",`, "over several lines"},
		{"the end of an object", "}", "over several lines"},
		{"two objects", l + l, "several JSON objects"},
		{"a comment", "# archive of opens", "a comment"},
		{"the head of CloudFront's", "#Version: 1.0", "a comment"},
		{"a page", "<!doctype html>", "HTML"},
		{"a page in capitals", "<HTML><body>", "HTML"},
		{"syslog of something else", "<134>2016-07-04T22:37:26Z cache sshd[1]: hello", "syslog"},
		{"an access log", `192.0.2.1 - - [04/Mar/2026:05:06:07 +0000] "GET /o/x.gif HTTP/1.1" 200 43 "-" "x"`, "access log"},
		{"a wrapper without an event", `{"message":"hello","host":"h"}`, "log shipper"},
		{"a mark alone", BOM, "byte order mark"},
		{"something else", "hello", "not a JSON object"},
		{"an event without time", `{"event_id":"` + strings.Repeat("0", 31) + `1"}`, "opened_at is missing"},
		{"another object", `{"a":1}`, "event_id is missing"},
		{"wrappers without end", strings.Repeat(`{"log":`, 10) + l + strings.Repeat("}", 10), "log shipper"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var e event.Event
			err := Parse(&e, c.line)
			if !errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			for _, value := range []string{"192.0.2.1", "hello", "a-token", "Thunderbird"} {
				if err != nil && strings.Contains(err.Error(), value) {
					t.Errorf("the error has a value of the line: %v", err)
				}
			}
		})
	}
}

// TestAFaultyEventIsNobodysWrapper has an event that a stranger has written
// another one into: it must not count in place of the faulty one.
func TestAFaultyEventIsNobodysWrapper(t *testing.T) {
	forged := quoted(t, line(t))
	for _, c := range []string{
		`{"event_id":"short","log":` + forged + `}`,
		`{"log":` + forged + `,"opened_at":7}`,
		`{"message":` + forged + `,"token":"x"}`,
		`{"user_agent":` + forged + `}`,
		`{"path":"/` + strings.Trim(forged, `"`) + `"}`,
	} {
		var e event.Event
		if err := Parse(&e, c); err == nil {
			t.Errorf("%s: read as event %x", c, e.ID)
		}
	}
}

func FuzzParse(f *testing.F) {
	l := line(f)
	for _, seed := range []string{l, BOM + l, "opens :: " + l, "<134>x y[1]: " + l, `{"log":` + quoted(f, l) + `}`, "[" + l + "]", "{", `{"log":"{"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var e, plain event.Event
		err := Parse(&e, line)
		if err != nil && !errors.Is(err, event.ErrInvalid) {
			t.Fatalf("error %v", err)
		}
		if err == nil && e.Check() != nil {
			t.Fatal("an event without identity")
		}
		if plain.Parse(line) == nil && plain.Check() == nil && (err != nil || e.ID != plain.ID) {
			t.Fatal("the reader does worse than event.Parse")
		}
		if trimmed := Trim(line); !strings.Contains(line, trimmed) {
			t.Fatal("Trim made something up")
		}
	})
}

// BenchmarkParse compares the reader with event's own, for lines of events and
// for lines that are none.
func BenchmarkParse(b *testing.B) {
	l := line(b)
	for name, c := range map[string]string{"event": l, "wrapped": `{"log":` + quoted(b, l) + `}`, "junk": strings.Repeat("x ", 300), "object": `{"a":"` + strings.Repeat("x", 600) + `"}`} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c)))
			var e event.Event
			for b.Loop() {
				_ = Parse(&e, c)
			}
		})
	}
	b.Run("event.Parse", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(l)))
		var e event.Event
		for b.Loop() {
			_ = e.Parse(l)
		}
	})
}
