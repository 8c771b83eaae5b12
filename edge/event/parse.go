package event

import (
	"encoding/hex"
	"time"

	"glint/edge/event/jsonline"
	"glint/edge/event/rfc3339"
)

// Parse reads one line into e, in linear time. It overwrites e, reuses the memory
// of e.Headers, and keeps substrings of line. It returns ErrTooLong above
// MaxReadBytes, and an error around ErrInvalid if line is not one JSON object, or if
// a known field has a type that FORMAT.md does not allow; the error names the field,
// never its value. null counts as missing. Parse requires no field: see Check. After
// an error the contents of e are undefined.
func (e *Event) Parse(line string) error {
	*e = Event{Headers: e.Headers[:0]}
	if len(line) > MaxReadBytes {
		return ErrTooLong
	}
	var extra []byte // the unknown fields, without the closing brace
	r := reader{Object: jsonline.Open(line)}
	for n, more := r.next(); more; n, more = r.next() {
		switch {
		case jsonline.Null(r.Value):
		case n == fieldUnknown:
			extra = keep(extra, r.Key, r.Value)
		case !e.set(n, &r.Object):
			return fieldError(r.Key)
		}
	}
	if r.Err() != nil {
		return errNotJSON
	}
	if extra != nil {
		e.Extra = string(append(extra, '}'))
	}
	return nil
}

// Check returns an error around ErrInvalid if e lacks the ID or the time of the
// open, which every event has.
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

// keep appends an unknown field to extra.
func keep(extra []byte, key, value string) []byte {
	if extra == nil {
		extra = append(extra, '{')
	} else {
		extra = append(extra, ',')
	}
	extra = jsonline.AppendString(extra, key, MaxReadBytes)
	extra = append(extra, ':')
	return append(extra, value...)
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

// parseTime reads RFC 3339. It truncates to milliseconds, since the time is
// part of an event's identity in the warehouse.
func parseTime(s string) (time.Time, bool) {
	t, err := rfc3339.Parse(s)
	return t.Truncate(time.Millisecond), err == nil
}

func parseDate(s string) (time.Time, bool) {
	t, err := rfc3339.ParseDate(s)
	return t, err == nil
}

type lineError string

func (e lineError) Error() string { return "event: " + string(e) }
func (e lineError) Unwrap() error { return ErrInvalid }

const errNotJSON = lineError("the line is not a JSON object")

func fieldError(name string) error { return lineError("field " + name + " has the wrong form") }
func missing(name string) error    { return lineError("field " + name + " is missing") }
