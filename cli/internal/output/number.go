package output

import (
	"strconv"
	"time"
)

// Count formats a whole number with commas between the thousands.
func Count(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Percent formats a fraction as a percentage with one digit, "–" for nil.
func Percent(p *float64) string {
	if p == nil {
		return "–"
	}
	return strconv.FormatFloat(*p*100, 'f', 1, 64) + " %"
}

// Time formats a time in UTC to the second, "–" for nil.
func Time(t *time.Time) string {
	if t == nil {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// Duration formats a duration in minutes and seconds; below a minute, in seconds
// with one decimal digit.
func Duration(d time.Duration) string {
	if d < time.Minute {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	d = d.Round(time.Second)
	text := Count(uint64(d/time.Minute)) + " min"
	if rest := d % time.Minute / time.Second; rest > 0 {
		text += " " + strconv.Itoa(int(rest)) + " s"
	}
	return text
}

// Plural returns a number with the singular or plural of a noun.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(uint64(n)) + " " + many
}
