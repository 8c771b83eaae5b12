package sends

import (
	"errors"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	const at = "2026-11-28T09:30:00Z"
	for text, want := range map[string]string{
		"2026-11-28T09:30:00Z":                  at,
		"2026-11-28t09:30:00z":                  at,
		"2026-11-28 09:30:00z":                  at,
		"2026-11-28T09:30Z":                     at,
		"2026-11-28T10:30:00+01:00":             at,
		"2026-11-28 10:30:00+01:00":             at,
		"2026-11-28 10:30:00 +0100":             at,
		"2026-11-28 10:30+01":                   at,
		"2026-11-28 04:00:00-05:30":             at,
		"2026-11-28 09:30:00 UTC":               at,
		"2026-11-28 09:30:00.000 utc":           at,
		"2026-11-28 09:30:00 +0000 UTC":         at,
		"20261128T093000Z":                      at,
		"20261128T0930Z":                        at,
		"20261128T103000+0100":                  at,
		"Sat, 28 Nov 2026 09:30:00 +0000":       at,
		"Sat, 28 Nov 2026 10:30 +0100":          at,
		"28 nov 2026 09:30:00 GMT":              at,
		"Sat, 28-Nov-2026 04:30:00 EST":         at,
		"Sat, 28 Nov 2026 10:30:00 +0100 (CET)": at,
		"28.11.2026 09:30 Z":                    at,
		"1795858200":                            at,
		"1795858200.25":                         at,
		"1795858200000":                         at,
		"Nov 28, 2026 09:30 AM UTC":             at,
		"November 28, 2026 at 9:30 am UTC":      at,
		"Sat Nov 28 2026 10:30:00 GMT+0100":     at,
		"28 November 2026 09:30 GMT":            at,
		"28-Nov-2026 09:30 GMT":                 at,
		"2026/11/28 09:30:00 +00:00":            at,
		"28/11/2026 09:30 UTC":                  at,
		"11/28/2026 9:30:00 AM UTC":             at,
		"28-11-2026 09:30:00 Z":                 at,
		"2026-11-28  09:30\u00a0UTC":            at,
		"2026-11-28T09:30:00,5Z":                "2026-11-28T09:30:00.5Z",
		"2026-11-28t09:30:00.1234567891z":       "2026-11-28T09:30:00.123456789Z",
		"2016-12-31T23:59:60Z":                  "2017-01-01T00:00:00Z",
		"2016-12-31 23:59:60z":                  "2017-01-01T00:00:00Z",
		"2017-01-01T00:59:60+01:00":             "2017-01-01T00:00:00Z",
	} {
		for _, zone := range []*time.Location{nil, berlin(t)} { // none of them needs it
			got, err := ParseTime(" "+text+" ", zone)
			if err != nil || got.Format(time.RFC3339Nano) != want || got.Twice {
				t.Errorf("ParseTime(%q) = %v, %v; want %s", text, got, err, want)
			}
		}
	}
	for text, want := range map[string]error{
		"2026-11-28 09:30:00": ErrNoZone, "2026-11-28T09:30:00": ErrNoZone, "2026-11-28T09:30": ErrNoZone, "20261128093000": ErrNoZone,
		"28.11.2026 09:30": ErrNoZone, "Sat, 28 Nov 2026 09:30:00": ErrNoZone,
		"28/11/2026 09:30": ErrNoZone, "11/28/26": ErrAmbiguous, "11/12/2026 09:30": ErrAmbiguous, "11-12-2026 09:30 AM": ErrAmbiguous, "01/02/26 10:00": ErrAmbiguous,
		"Nov 28, 2026": ErrNoClock, "28.11.2026": ErrNoClock, "11/12/2026": ErrNoClock, "2026/11/28": ErrNoClock, "28-Nov-2026": ErrNoClock,
		"13/13/2026 10:00": ErrTime, "31/02/2026 10:00 Z": ErrTime, "2026-11-28 13:00 PM": ErrTime, "2026-11-28 0:10 AM": ErrTime, "11/28/2026 10:00 XM": ErrTime,
		"": ErrTime, "yesterday": ErrTime, "2026-11-28": ErrNoClock, "09:30": ErrTime, "12345": ErrTime, "45989.39": ErrTime, "2026-13-01T00:00:00Z": ErrTime,
		"2026-02-30T00:00:00Z": ErrTime, "2026-11-28T24:00:00Z": ErrTime, "2026-11-28T09:60:00Z": ErrTime, "2026-11-28T09:30:61Z": ErrTime,
		"2026-11-28T09:30:00+24:00": ErrTime, "2026-11-28T09:30:00+01:60": ErrTime, "2026-11-28T09:30:00 IST": ErrTime, "2026-11-28T09:30:00Zulu": ErrTime,
		"Sat, 28 Nvo 2026 09:30:00 +0000": ErrTime, "2026-11-28T09:30:00+0100 something": ErrTime,
	} {
		if got, err := ParseTime(text, nil); !errors.Is(err, want) {
			t.Errorf("ParseTime(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestTimesOfAZone(t *testing.T) {
	for _, c := range []struct {
		text, want string
		twice      bool
		err        error
	}{
		{"2026-11-28 09:30", "2026-11-28T08:30:00Z", false, nil},
		{"2026-07-01T09:30:15", "2026-07-01T07:30:15Z", false, nil},
		{"20260701093015", "2026-07-01T07:30:15Z", false, nil},
		{"1.7.2026 9:30", "2026-07-01T07:30:00Z", false, nil},
		{"7/1/2026 9:30 PM", "", false, ErrAmbiguous},
		{"7/13/2026 9:30 PM", "2026-07-13T19:30:00Z", false, nil},
		{"13/7/2026 12:05 AM", "2026-07-12T22:05:00Z", false, nil},
		{"7/7/2026 12:05 p.m.", "2026-07-07T10:05:00Z", false, nil},
		{"Wed Jul 1 09:30:15 2026", "2026-07-01T07:30:15Z", false, nil},
		{"Jul 1, 2026 9:30:15 AM", "2026-07-01T07:30:15Z", false, nil},
		{"2026-07-01 9:30", "2026-07-01T07:30:00Z", false, nil},
		{"2026-10-25 02:30:00", "2026-10-25T00:30:00Z", true, nil}, // summer time, then winter time
		{"2026-10-25 01:59:59", "2026-10-24T23:59:59Z", false, nil},
		{"2026-10-25 03:00:00", "2026-10-25T02:00:00Z", false, nil},
		{"2026-03-29 02:30:00", "", false, ErrSkipped},
		{"2026-03-29 03:00:00", "2026-03-29T01:00:00Z", false, nil},
		{"2026-02-29 03:00:00", "", false, ErrTime},
		{"2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z", false, nil},
	} {
		got, err := ParseTime(c.text, berlin(t))
		if c.err != nil {
			if !errors.Is(err, c.err) {
				t.Errorf("%s: %v, want %v", c.text, err, c.err)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339) != c.want || got.Twice != c.twice {
			t.Errorf("%s: %v, twice %v, %v; want %s", c.text, got, got.Twice, err, c.want)
		}
	}
}
