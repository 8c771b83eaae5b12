package cdnlog

import (
	"math"
	"strconv"
	"strings"
	"time"
)

const clf = "02/Jan/2006:15:04:05 -0700"

// isLogTime reports whether a text begins as 10/Oct/2026:13:55:36.
func isLogTime(s string) bool {
	return len(s) > len("02/Jan/2006:15:04:05") && s[2] == '/' && s[6] == '/' && s[11] == ':'
}

// logTime reads the time of a common log.
func logTime(s string) (time.Time, error) {
	at, err := time.Parse(clf, s)
	if err != nil {
		return time.Time{}, ErrTime
	}
	return at.UTC().Truncate(time.Millisecond), nil
}

// layouts of times in JSON logs, beside numbers.
var layouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999 Z0700", clf,
	"2006/01/02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006/01/02 15:04:05 Z0700",
	time.RFC1123, time.RFC1123Z,
}

// anyTime reads a time of a JSON log: a text in one of the layouts, UTC where it
// names no zone, or a number of seconds, milliseconds, microseconds or
// nanoseconds since 1970, told apart by size.
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
