package sends

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // time zones by name on machines without them

	"glint/edge/event/rfc3339"
)

// The errors of ParseTime.
var (
	ErrTime      = errors.New("sends: not a time")
	ErrNoZone    = errors.New("sends: a time without a zone")
	ErrAmbiguous = errors.New("sends: day and month cannot be distinguished")
	ErrSkipped   = errors.New("sends: a time that the clocks skipped")

	ErrNoClock = fmt.Errorf("%w but a date", ErrTime)
)

// ParsedTime is a time with the assumptions made to read it.
type ParsedTime struct {
	time.Time
	Twice bool // the clocks were set back, so the time occurred twice; this is the first
}

// clock is the time of day, perhaps of twelve hours.
const clock = `(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?(?: ?([AaPp])\.?[Mm]\.?)?`

// form is a form of times: a pattern, and the meaning of its groups. Y, M and D
// are parts of the date, A and B day and month in either order, h, m, s, f and p
// parts of the clock, z the rest with the zone.
type form struct {
	pattern *regexp.Regexp
	fields  string
}

func formOf(fields, pattern string) form { return form{regexp.MustCompile(pattern), fields} }

// forms are the forms of times with all parts, the frequent ones first.
var forms = []form{
	formOf("YMDhms", `^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$`),
	formOf("YMDhmsfz", `^(\d{4})-?(\d\d)-?(\d\d)[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9})\d*)?)?([^\d.,:].*)?$`),
	formOf("YMDhmsfpz", `^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2}),? +`+clock+`(.*)$`),
	formOf("DMYhmsfpz", `^(\d{1,2})\.(\d{1,2})\.(\d{4}),? +`+clock+`(.*)$`),
	// RFC 5322 §3.3, which mail programs and HTTP write, and how people write it.
	formOf("DMYhmsfpz", `^(?:[A-Za-z]{3,9},? +)?(\d{1,2})[ -]([A-Za-z]{3,9})[ ,-]+(\d{4}),?(?: at)? +`+clock+`(.*)$`),
	formOf("MDYhmsfpz", `^(?:[A-Za-z]{3,9},? +)?([A-Za-z]{3,9}) (\d{1,2}),? +(\d{4}),?(?: at)? +`+clock+`(.*)$`),
	formOf("MDhmsY", `^[A-Za-z]{3} ([A-Za-z]{3}) +(\d{1,2}) (\d{1,2}):(\d\d):(\d\d) (\d{4})$`), // asctime
	formOf("ABYhmsfpz", `^(\d{1,2})[/-](\d{1,2})[/-](\d{4}),? +`+clock+`(.*)$`),
}

var (
	unixTime = regexp.MustCompile(`^(\d{10})(?:\.\d*)?$|^(\d{10})\d{3}$`)
	eitherAB = regexp.MustCompile(`^\d{1,2}[/-]\d{1,2}[/-](?:\d{4}|\d{2})\b`)
	dateOnly = regexp.MustCompile(`^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|[A-Za-z]{3,9} \d{1,2},? \d{4}|\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{4})$`)
	offset   = regexp.MustCompile(`^(?:GMT|UTC)?([+-])(\d\d)(?::?(\d\d))?$`)
)

// zoneNames are the zones of RFC 5322 §4.3, in seconds east of UTC. Other
// abbreviations are ambiguous.
var zoneNames = map[string]int{
	"Z": 0, "UTC": 0, "GMT": 0, "UT": 0,
	"EST": -5 * 3600, "EDT": -4 * 3600, "CST": -6 * 3600, "CDT": -5 * 3600,
	"MST": -7 * 3600, "MDT": -6 * 3600, "PST": -8 * 3600, "PDT": -7 * 3600,
}

// ParseTime reads times in common forms: RFC 3339, as in events, and looser
// variants (a blank for the T, no seconds, an offset without minutes), ISO 8601
// basic, RFC 5322, day.month.year, names of months in English, clocks of twelve
// hours, and seconds or milliseconds since 1970. A time without a zone is read
// in zone; if that is nil, it returns ErrNoZone. It returns ErrAmbiguous for
// 11/12/2026, whose order nothing shows, ErrSkipped for a local time that does
// not exist in the zone, and ErrTime otherwise; ErrNoClock, which is one, for a
// date without a time of day.
func ParseTime(text string, zone *time.Location) (ParsedTime, error) {
	text = strings.Join(strings.Fields(text), " ")
	if t, err := rfc3339.Parse(text); err == nil { // nearly always
		return ParsedTime{Time: t}, nil
	}
	if m := unixTime.FindStringSubmatch(text); m != nil {
		seconds, err := strconv.ParseInt(m[1]+m[2], 10, 64)
		return ParsedTime{Time: time.Unix(seconds, 0).UTC()}, err
	}
	for i := range forms {
		var w wallTime
		if ok, err := w.match(&forms[i], text); err != nil {
			return ParsedTime{}, err
		} else if ok {
			return w.in(zone)
		}
	}
	switch {
	case dateOnly.MatchString(text):
		return ParsedTime{}, ErrNoClock
	case eitherAB.MatchString(text):
		return ParsedTime{}, ErrAmbiguous
	}
	return ParsedTime{}, ErrTime
}

// wallTime is a local time, and the zone written after it.
type wallTime struct {
	year, month, day, hour, minute, second, nanosecond int
	zone                                               string
}

// match reads text in a form. It returns ErrAmbiguous if day and month of the
// text could be either.
func (w *wallTime) match(f *form, text string) (ok bool, err error) {
	m := f.pattern.FindStringSubmatch(text)
	if m == nil {
		return false, nil
	}
	var first, second int
	half := ""
	for i, field := range []byte(f.fields) {
		group := m[i+1]
		n, _ := strconv.Atoi(group) // 0 for an empty group or a month's name
		switch field {
		case 'Y':
			w.year = n
		case 'M':
			if w.month = n; n == 0 {
				w.month = monthNamed(group)
			}
		case 'D':
			w.day = n
		case 'A':
			first = n
		case 'B':
			second = n
		case 'h':
			w.hour = n
		case 'm':
			w.minute = n
		case 's':
			w.second = n
		case 'f':
			w.nanosecond, _ = strconv.Atoi((group + "000000000")[:9])
		case 'p':
			half = strings.ToLower(group)
		case 'z':
			w.zone = strings.TrimSpace(group)
		}
	}
	if first > 0 {
		switch {
		case first <= 12 && second <= 12 && first != second:
			return false, ErrAmbiguous
		case first > 12:
			w.day, w.month = first, second
		default:
			w.month, w.day = first, second
		}
	}
	return true, w.halfDay(half)
}

// halfDay turns an hour of twelve into one of 24.
func (w *wallTime) halfDay(half string) error {
	if half == "" {
		return nil
	}
	if w.hour < 1 || w.hour > 12 {
		return ErrTime
	}
	w.hour %= 12
	if half == "p" {
		w.hour += 12
	}
	return nil
}

func monthNamed(name string) int {
	for m := time.January; m <= time.December; m++ {
		if strings.EqualFold(m.String()[:3], name) || strings.EqualFold(m.String(), name) || m == time.September && strings.EqualFold(name, "sept") {
			return int(m)
		}
	}
	return 0
}

// in returns the time in its own zone, or else in the given one.
func (w *wallTime) in(zone *time.Location) (ParsedTime, error) {
	leap := 0
	if w.second == 60 {
		w.second, leap = 59, 1 // Unix time has no leap second: use the next second
	}
	if w.month < 1 || w.month > 12 || w.day < 1 || w.hour > 23 || w.minute > 59 || w.second > 59 {
		return ParsedTime{}, ErrTime
	}
	own, ok := w.ownZone()
	switch {
	case !ok:
		return ParsedTime{}, ErrTime
	case own != nil:
		zone = own
	case zone == nil:
		return ParsedTime{}, ErrNoZone
	}
	t := time.Date(w.year, time.Month(w.month), w.day, w.hour, w.minute, w.second, w.nanosecond, zone)
	switch {
	case t.Day() != w.day: // 31 February
		if noon := time.Date(w.year, time.Month(w.month), w.day, 12, 0, 0, 0, time.UTC); noon.Day() != w.day {
			return ParsedTime{}, ErrTime
		}
		return ParsedTime{}, ErrSkipped
	case t.Hour() != w.hour || t.Minute() != w.minute:
		return ParsedTime{}, ErrSkipped
	}
	p := ParsedTime{Time: t}
	for _, shift := range []time.Duration{-2 * time.Hour, -time.Hour, -30 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour} {
		if other := t.Add(shift); other.Hour() == w.hour && other.Minute() == w.minute && other.Day() == w.day {
			if p.Twice = true; other.Before(p.Time) {
				p.Time = other
			}
		}
	}
	p.Time = p.Add(time.Duration(leap) * time.Second).UTC()
	return p, nil
}

// ownZone returns the zone written after the time, or nil.
func (w *wallTime) ownZone() (zone *time.Location, ok bool) {
	text := w.zone
	if text == "" {
		return nil, true
	}
	if name, rest, found := strings.Cut(text, " "); found { // +0000 UTC, +0100 (CET)
		if _, known := zoneNames[strings.ToUpper(strings.Trim(rest, "()"))]; !known && !strings.HasPrefix(rest, "(") {
			return nil, false
		}
		text = name
	}
	if seconds, known := zoneNames[strings.ToUpper(text)]; known {
		return time.FixedZone("", seconds), true
	}
	m := offset.FindStringSubmatch(text)
	if m == nil {
		return nil, false
	}
	hours, _ := strconv.Atoi(m[2])
	minutes, _ := strconv.Atoi(m[3]) // 0 if missing
	if hours > 23 || minutes > 59 {
		return nil, false
	}
	seconds := hours*3600 + minutes*60
	if m[1] == "-" {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), true
}
