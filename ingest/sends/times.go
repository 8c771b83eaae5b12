package sends

import (
	"errors"
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
)

// ParsedTime is a time with the assumptions made to read it.
type ParsedTime struct {
	time.Time
	Twice bool // the clocks were set back, so the time occurred twice; this is the first
}

// Forms of times. The date, the time of day and the zone are matched
// separately, so that each combination is read.
var (
	isoTime = regexp.MustCompile(`^(\d{4})-?(\d\d)-?(\d\d)[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9})\d*)?)?(.*)$`)
	// RFC 5322 §3.3, which mail programs and HTTP write.
	mailTime = regexp.MustCompile(`^(?:[A-Za-z]{3},? +)?(\d{1,2})[ -]([A-Za-z]{3})[ -](\d{4}) +(\d\d):(\d\d)(?::(\d\d))?(.*)$`)
	dotTime  = regexp.MustCompile(`^(\d{1,2})\.(\d{1,2})\.(\d{4}),? +(\d{1,2}):(\d\d)(?::(\d\d))?(.*)$`)
	digits   = regexp.MustCompile(`^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$`)
	slashes  = regexp.MustCompile(`^\d{1,2}/\d{1,2}/\d{2,4}`)
	unixTime = regexp.MustCompile(`^(\d{10})(?:\.\d*)?$|^(\d{10})\d{3}$`)
	offset   = regexp.MustCompile(`^([+-])(\d\d)(?::?(\d\d))?$`)
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
// basic, RFC 5322, day.month.year, and seconds or milliseconds since 1970. A
// time without a zone is read in zone; if that is nil, it returns ErrNoZone. It
// returns ErrAmbiguous for 11/12/2026, ErrSkipped for a local time that does
// not exist in the zone, and ErrTime otherwise, also for a date without a time
// of day.
func ParseTime(text string, zone *time.Location) (ParsedTime, error) {
	text = strings.TrimSpace(text)
	if t, err := rfc3339.Parse(text); err == nil { // nearly always
		return ParsedTime{Time: t}, nil
	}
	if m := unixTime.FindStringSubmatch(text); m != nil {
		seconds, err := strconv.ParseInt(m[1]+m[2], 10, 64)
		return ParsedTime{Time: time.Unix(seconds, 0).UTC()}, err
	}
	var w wallTime
	switch {
	case w.match(digits, text, "YMDhms"), w.match(isoTime, text, "YMDhmsfz"), w.match(dotTime, text, "DMYhmsz"), w.match(mailTime, text, "DMYhmsz"):
	case slashes.MatchString(text):
		return ParsedTime{}, ErrAmbiguous
	default:
		return ParsedTime{}, ErrTime
	}
	return w.in(zone)
}

// wallTime is a local time, and the zone written after it.
type wallTime struct {
	year, month, day, hour, minute, second, nanosecond int
	zone                                               string
}

// match reads text by pattern, whose groups are in the order of fields.
func (w *wallTime) match(pattern *regexp.Regexp, text, fields string) bool {
	m := pattern.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	*w = wallTime{}
	for i, field := range []byte(fields) {
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
		case 'h':
			w.hour = n
		case 'm':
			w.minute = n
		case 's':
			w.second = n
		case 'f':
			w.nanosecond, _ = strconv.Atoi((group + "000000000")[:9])
		case 'z':
			w.zone = strings.TrimSpace(group)
		}
	}
	return true
}

func monthNamed(name string) int {
	for m := time.January; m <= time.December; m++ {
		if strings.EqualFold(m.String()[:3], name) {
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
