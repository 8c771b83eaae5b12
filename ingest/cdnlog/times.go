package cdnlog

import (
	"math"
	"strconv"
	"strings"
	"time"
)

const clf = "02/Jan/2006:15:04:05 -0700"

// isLogTime reports whether a text begins like 10/Oct/2026:13:55:36, or like
// 2026-10-10T13:55:36, which some operators prefer.
func isLogTime(s string) bool {
	if len(s) > len("2006-01-02T15:04:05") && s[4] == '-' && s[7] == '-' && s[13] == ':' {
		return true
	}
	return len(s) > len("02/Jan/2006:15:04:05") && s[2] == '/' && s[6] == '/' && s[11] == ':'
}

// logTime reads the time of a common or combined log.
func logTime(s string) (time.Time, error) {
	if at, ok := utcTime(s); ok {
		return at, nil
	}
	at, err := time.Parse(clf, s)
	if err != nil {
		if at = anyTime(s); at.IsZero() {
			return at, ErrTime
		}
	}
	return at.UTC().Truncate(time.Millisecond), nil
}

// layouts are the layouts of times in JSON logs that are not numbers.
var layouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999 Z0700", clf,
	"2006/01/02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006/01/02 15:04:05 Z0700",
	time.RFC1123, time.RFC1123Z,
}

// anyTime reads a time of a JSON log: a text in one of the layouts, in UTC
// unless it names a zone, or a number of seconds, milliseconds, microseconds or
// nanoseconds since 1970, distinguished by size.
func anyTime(s string) time.Time {
	if s != "" && strings.Trim(s, "0123456789.eE+") == "" {
		return number(s)
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC().Truncate(time.Millisecond)
		}
	}
	return time.Time{}
}

func number(s string) time.Time {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		switch {
		case n <= 0:
			return time.Time{}
		case n < 1e11:
			return time.Unix(n, 0).UTC()
		case n < 1e14:
			return time.UnixMilli(n).UTC()
		case n < 1e17:
			return time.UnixMicro(n).UTC().Truncate(time.Millisecond)
		}
		return time.Unix(0, n).UTC().Truncate(time.Millisecond)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f <= 0 || f > 1e17 {
		return time.Time{}
	}
	for f > 1e11 {
		f /= 1000
	}
	return time.UnixMilli(int64(math.Round(f*1e6)) / 1000).UTC()
}

// The functions below read the usual forms several times faster than a layout
// of package time; other forms are left to package time.

// utcTime reads 10/Oct/2026:13:55:36 +0000.
func utcTime(s string) (at time.Time, ok bool) {
	if len(s) != len(clf) || s[2] != '/' || s[6] != '/' || s[11] != ':' || s[20:] != " +0000" {
		return at, false
	}
	month := strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", s[3:6])
	if month < 0 || month%3 != 0 {
		return at, false
	}
	return exactly(decimal(s[7:11]), month/3+1, decimal(s[:2]), s[12:20])
}

// dateAndClock reads 2026-10-10 and 13:55:36, in UTC.
func dateAndClock(date, clock string) (at time.Time, ok bool) {
	if len(date) != len("2006-01-02") || date[4] != '-' || date[7] != '-' {
		return at, false
	}
	return exactly(decimal(date[:4]), decimal(date[5:7]), decimal(date[8:]), clock)
}

// exactly returns the time, or false if a number is invalid or out of range.
func exactly(year, month, day int, clock string) (at time.Time, ok bool) {
	if len(clock) != len("15:04:05") || clock[2] != ':' || clock[5] != ':' {
		return at, false
	}
	hour, minute, second := decimal(clock[:2]), decimal(clock[3:5]), decimal(clock[6:])
	if min(year, month-1, day-1, hour, minute, second) < 0 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		return at, false
	}
	at = time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	return at, at.Day() == day // the month has it
}

// decimal returns the number in a text of digits, or -1 for another text.
func decimal(s string) (n int) {
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return -1
		}
		n = n*10 + int(d)
	}
	return n
}
