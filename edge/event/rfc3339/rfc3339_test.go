package rfc3339

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestTimesOfTheRFCAreRead(t *testing.T) {
	at := func(hour, minute, second, nanos int) time.Time {
		return time.Date(2026, 11, 28, hour, minute, second, nanos, time.UTC)
	}
	for text, want := range map[string]time.Time{
		"2026-11-28T09:08:07Z":                    at(9, 8, 7, 0),
		"2026-11-28t09:08:07z":                    at(9, 8, 7, 0),
		"2026-11-28t09:08:07Z":                    at(9, 8, 7, 0),
		"2026-11-28T09:08:07.5Z":                  at(9, 8, 7, 500_000_000),
		"2026-11-28T09:08:07.654321987Z":          at(9, 8, 7, 654_321_987),
		"2026-11-28T09:08:07.6543219879999999z":   at(9, 8, 7, 654_321_987),
		"2026-11-28T09:08:07.000000000000000001Z": at(9, 8, 7, 0),
		"2026-11-28T11:08:07+02:00":               at(9, 8, 7, 0),
		"2026-11-28T03:38:07.25-05:30":            at(9, 8, 7, 250_000_000),
		"2026-11-29T08:07:07+22:59":               at(9, 8, 7, 0),
		"2026-11-28T09:08:07-00:00":               at(9, 8, 7, 0),
		"2026-11-28T09:07:60Z":                    at(9, 8, 0, 0),
		"2026-11-28T09:07:60.25Z":                 at(9, 8, 0, 250_000_000),
		"2026-11-27T23:59:60z":                    at(0, 0, 0, 0),
		"2026-11-27T15:59:60-08:00":               at(0, 0, 0, 0),
		"2024-02-29T00:00:00Z":                    time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
		"2000-02-29T00:00:00Z":                    time.Date(2000, 2, 29, 0, 0, 0, 0, time.UTC),
		"0000-01-01T00:00:00Z":                    time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
		"9999-12-31T23:59:59.999Z":                time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC),
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestOtherTextIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "Z", "2026-11-28", "2026-11-28T09:08Z", "2026-11-28T09:08:07", "2026-11-28 09:08:07Z", "2026-11-28T09:08:07 Z", " 2026-11-28T09:08:07Z",
		"2026-11-28T09:08:07Z ", "2026-11-28T09:08:07,5Z", "2026-11-28T09:08:07.Z", "2026-11-28T09:08:07.5", "2026-11-28T09:08:07.+5Z",
		"2026-11-28T09:08:07+24:00", "2026-11-28T09:08:07+23:60", "2026-11-28T09:08:07+0200", "2026-11-28T09:08:07+02", "2026-11-28T09:08:07+2:00",
		"2026-11-28T09:08:07ZZ", "2026-11-28T09:08:07UTC", "2026-11-28T9:08:07Z", "2026-11-28T24:00:00Z", "2026-11-28T09:60:07Z", "2026-11-28T09:08:61Z",
		"2026-11-31T09:08:07Z", "2026-02-29T09:08:07Z", "1900-02-29T09:08:07Z", "2026-00-28T09:08:07Z", "2026-13-28T09:08:07Z", "2026-11-00T09:08:07Z",
		"2026-1-28T09:08:07Z", "26-11-28T09:08:07Z", "+2026-11-28T09:08:07Z", "-026-11-28T09:08:07Z", "2026/11/28T09:08:07Z", "20261128T090807Z",
		"2026-11-28T09.08.07Z", "2026-W48-6T09:08:07Z", "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:60Z", "9999-12-31T23:59:59-00:01",
		"2026-11-28T09:08:07\u2212 05:00", "٢٠٢٦-11-28T09:08:07Z", "2026-11-28T09:08:07Ⓩ",
	} {
		if got, err := Parse(text); !errors.Is(err, ErrFormat) || !got.IsZero() {
			t.Errorf("%q is read as %v, %v", text, got, err)
		}
	}
}

func TestDates(t *testing.T) {
	for text, want := range map[string]bool{
		"2026-11-28": true, "2024-02-29": true, "0000-01-01": true, "2026-02-29": false, "2026-11-28Z": false, "2026-11-2": false, "": false,
	} {
		if got, err := ParseDate(text); (err == nil) != want || want && got.Format(time.DateOnly) != text {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

// oracle is RFC 3339 §5.6 as a pattern; package time checks the calendar.
var oracle = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"2026-11-28T09:08:07Z", "2026-11-28t09:08:60.1234567891z", "2024-02-29T23:59:59.9+23:59", "0000-01-01T00:00:00-00:01", "2026-11-28T09:08:07,5Z",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text)
		want, ok := readSlowly(text)
		if ok != (err == nil) || ok && !got.Equal(want) {
			t.Errorf("%q: %v, %v; want %v, %v", text, got, err, want, ok)
		}
	})
}

// readSlowly rewrites text in the form that package time reads.
func readSlowly(text string) (time.Time, bool) {
	m := oracle.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	leap := m[4] == "60"
	if leap {
		m[4] = "59"
	}
	fraction := m[5][:min(len(m[5]), 10)]
	t, err := time.Parse(time.RFC3339Nano, m[1]+"T"+m[2]+":"+m[3]+":"+m[4]+fraction+strings.ToUpper(m[6]))
	if leap {
		t = t.Add(time.Second)
	}
	t = t.UTC()
	return t, err == nil && t.Year() >= 0 && t.Year() <= 9999
}

func BenchmarkParse(b *testing.B) {
	for name, parse := range map[string]func(string) (time.Time, error){
		"ours": Parse, "package time": func(s string) (time.Time, error) { return time.Parse(time.RFC3339Nano, s) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := parse("2026-11-28T09:08:07.654Z"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
