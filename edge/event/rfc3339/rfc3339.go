// Package rfc3339 reads exactly the times that RFC 3339 §5.6 defines. Package
// time refuses the lower-case t and z and leap seconds, and accepts forms
// outside the RFC: a comma before the fraction, a one-digit hour, a zone of 24
// hours. The package is part of the edge program.
package rfc3339

import (
	"errors"
	"time"
)

// ErrFormat is returned for text in another form, for a day that the month does
// not have, and for a time whose year in UTC is outside 0 to 9999.
var ErrFormat = errors.New("rfc3339: not a date and time such as 2026-11-28T09:08:07Z")

const (
	dateLen = len("2006-01-02")
	timeLen = len("2006-01-02T15:04:05")
)

// Parse returns the instant of a date-time, in UTC. T and Z may be lower case.
// Digits of the fraction beyond nine are ignored. Second 60 is read as the
// first second of the next minute, as in POSIX time, which has no number for
// leap seconds (IEEE Std 1003.1, "Seconds Since the Epoch"). Parse does not
// check whether a leap second took place.
func Parse(s string) (time.Time, error) {
	if len(s) <= timeLen || s[dateLen]|0x20 != 't' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, ErrFormat
	}
	day, err := ParseDate(s[:dateLen])
	hour, minute, second := twoDigits(s, 11), twoDigits(s, 14), twoDigits(s, 17)
	nanos, rest := fraction(s[timeLen:])
	offset, ok := zone(rest)
	if err != nil || !ok || hour > 23 || minute > 59 || second > 60 {
		return time.Time{}, ErrFormat
	}
	t := day.Add(time.Duration((hour*60+minute)*60+second-offset)*time.Second + time.Duration(nanos))
	if year := t.Year(); year < 0 || year > 9999 {
		return time.Time{}, ErrFormat
	}
	return t, nil
}

// ParseDate returns the first instant, in UTC, of a full-date.
func ParseDate(s string) (time.Time, error) {
	if len(s) != dateLen || s[4] != '-' || s[7] != '-' {
		return time.Time{}, ErrFormat
	}
	century, rest, month, day := twoDigits(s, 0), twoDigits(s, 2), twoDigits(s, 5), twoDigits(s, 8)
	year := century*100 + rest
	if century > 99 || rest > 99 || month < 1 || month > 12 || day < 1 || day > days(year, month) {
		return time.Time{}, ErrFormat
	}
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC), nil
}

func days(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// fraction reads the nanoseconds at the start of s, if any. If no digit follows
// the point, rest begins with the point, which makes the zone invalid.
func fraction(s string) (nanos int, rest string) {
	if len(s) < 2 || s[0] != '.' || s[1]-'0' > 9 {
		return 0, s
	}
	unit := int(time.Second) / 10
	i := 1
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		nanos += int(s[i]-'0') * unit
		unit /= 10
	}
	return nanos, s[i:]
}

// zone returns the offset of local time from UTC in seconds.
func zone(s string) (seconds int, ok bool) {
	if len(s) == 1 {
		return 0, s[0]|0x20 == 'z'
	}
	if len(s) != len("+00:00") || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	hour, minute := twoDigits(s, 1), twoDigits(s, 4)
	seconds = (hour*60 + minute) * 60
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, hour <= 23 && minute <= 59
}

// twoDigits returns the number at i, or more than 99 if no number is there.
func twoDigits(s string, i int) int {
	tens, ones := s[i]-'0', s[i+1]-'0'
	if tens > 9 || ones > 9 {
		return 100
	}
	return int(tens)*10 + int(ones)
}
