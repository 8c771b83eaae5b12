package event

import (
	"encoding/hex"
	"time"

	"glint/edge/event/jsonline"
)

// Parse reads one line. The strings of e are parts of line. It returns an
// error around ErrInvalid, which names the field and never its value, if line
// is not one JSON object or a known field has another type than FORMAT.md
// says. null counts as missing. Parse does not ask for any field: see Check.
func Parse(line string) (Event, error) {
	var e Event
	if err := e.Parse(line); err != nil {
		return Event{}, err
	}
	return e, nil
}

// Parse is the function Parse for a caller that reads many lines: it sets e
// anew and uses the room of e.Headers again. After an error e means nothing.
func (e *Event) Parse(line string) error {
	*e = Event{Headers: e.Headers[:0]}
	r := reader{Object: jsonline.Open(line)}
	for n, more := r.next(); more; n, more = r.next() {
		switch {
		case jsonline.Null(r.Value):
		case n == fieldUnknown:
			e.keep(r.Key, r.Value)
		case !e.set(n, &r.Object):
			return fieldError(r.Key)
		}
	}
	if r.Err() != nil {
		return errNotJSON
	}
	if e.Extra != "" {
		e.Extra += "}"
	}
	return nil
}

// Check returns an error around ErrInvalid if e lacks what every event has: an
// ID and the time of the open.
func (e *Event) Check() error {
	if e.ID == (ID{}) {
		return missing("event_id")
	}
	if e.OpenedAt.IsZero() {
		return missing("opened_at")
	}
	return nil
}

func (e *Event) setHeaders(value string) bool {
	o := jsonline.Open(value)
	for o.Next() {
		v, ok := o.Text()
		if !ok {
			return false
		}
		e.Headers = append(e.Headers, Header{o.Key, v})
	}
	return o.Err() == nil
}

// keep adds an unknown field to Extra; Parse adds the closing brace.
func (e *Event) keep(key, value string) {
	b := make([]byte, 0, len(e.Extra)+len(key)+len(value)+4)
	if e.Extra == "" {
		b = append(b, '{')
	} else {
		b = append(append(b, e.Extra...), ',')
	}
	b = jsonline.AppendString(b, key, MaxLineBytes)
	b = append(b, ':')
	e.Extra = string(append(b, value...))
}

func (id *ID) set(s string) bool {
	if len(s) != hex.EncodedLen(len(id)) {
		return false
	}
	_, err := hex.Decode(id[:], []byte(s))
	return err == nil
}

func setUint32(p *uint32, value string) bool {
	n, ok := jsonline.Uint(value, 1<<32-1)
	*p = uint32(n)
	return ok
}

// parseTime reads RFC 3339. Finer digits than milliseconds are cut off, since
// the time is part of an event's identity in the warehouse. A zone that moves
// the time out of the years 0 to 9999 makes one that could not be written again.
func parseTime(s string) (time.Time, bool) {
	if t, ok := parseWritten(s); ok {
		return t, true
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	t = t.UTC().Truncate(time.Millisecond)
	return t, err == nil && t.Year() >= 0 && t.Year() <= 9999
}

// parseWritten reads a time in the form in which AppendJSON writes it, in less
// than half the time of package time. It leaves to that package what is wrong,
// and the days that not every year or month has.
func parseWritten(s string) (time.Time, bool) {
	if len(s) != len(timeFormat) || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[19] != '.' || s[23] != 'Z' {
		return time.Time{}, false
	}
	century, year, month, day := twoDigits(s, 0), twoDigits(s, 2), twoDigits(s, 5), twoDigits(s, 8)
	hour, minute, second := twoDigits(s, 11), twoDigits(s, 14), twoDigits(s, 17)
	hundredths, thousandth := twoDigits(s, 20), int(s[22]-'0')
	if century > 99 || year > 99 || month < 1 || month > 12 || day < 1 || day > 30 || day > 28 && month == 2 ||
		hour > 23 || minute > 59 || second > 59 || hundredths > 99 || thousandth > 9 {
		return time.Time{}, false
	}
	millis := hundredths*10 + thousandth
	return time.Date(century*100+year, time.Month(month), day, hour, minute, second, millis*int(time.Millisecond), time.UTC), true
}

// twoDigits returns the number at i, or more than 99 if there is none.
func twoDigits(s string, i int) int {
	tens, ones := s[i]-'0', s[i+1]-'0'
	if tens > 9 || ones > 9 {
		return 100
	}
	return int(tens)*10 + int(ones)
}

func parseDate(s string) (time.Time, bool) {
	t, err := time.Parse(dateFormat, s)
	return t, err == nil
}

type lineError string

func (e lineError) Error() string { return "event: " + string(e) }
func (e lineError) Unwrap() error { return ErrInvalid }

const errNotJSON = lineError("the line is not a JSON object")

func fieldError(name string) error { return lineError("field " + name + " has the wrong form") }
func missing(name string) error    { return lineError("field " + name + " is missing") }
