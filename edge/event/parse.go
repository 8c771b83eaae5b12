package event

import (
	"encoding/hex"
	"errors"
	"time"

	"glint/edge/event/jsonline"
)

// Parse reads one line. The strings of e are parts of line. It returns an
// error around ErrInvalid, which names the field and never its value, if line
// is not one JSON object or a known field has another type than FORMAT.md
// says. null counts as missing. Parse does not ask for any field: see Check.
func Parse(line string) (Event, error) {
	var e Event
	err := jsonline.Walk(line, func(key, value string) error {
		if jsonline.Null(value) {
			return nil
		}
		known, ok := e.set(key, value)
		if known && !ok {
			return fieldError(key)
		}
		if !known {
			e.keep(key, value)
		}
		return nil
	})
	if err != nil {
		if errors.Is(err, jsonline.ErrSyntax) {
			err = errNotJSON
		}
		return Event{}, err
	}
	if e.Extra != "" {
		e.Extra += "}"
	}
	return e, nil
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

func (e *Event) set(key, value string) (known, ok bool) {
	if p := e.text(key); p != nil {
		*p, ok = jsonline.Unquote(value)
		return true, ok
	}
	switch key {
	case "v":
		ok = setUint32(&e.Version, value)
	case "event_id":
		ok = e.ID.set(value)
	case "opened_at":
		e.OpenedAt, ok = parseTime(value)
	case "network_list_date":
		e.NetworkListDate, ok = parseDate(value)
	case "kind":
		var s string
		s, ok = jsonline.Unquote(value)
		e.Kind = Kind(s)
	case "token_status":
		var s string
		s, ok = jsonline.Unquote(value)
		e.TokenStatus = TokenStatus(s)
	case "bot_detection":
		var s string
		s, ok = jsonline.Unquote(value)
		e.BotDetection = BotDetection(s)
	case "as_number":
		ok = setUint32(&e.ASNumber, value)
	case "sandbox_request":
		ok = setUint32(&e.SandboxRequest, value)
	case "headers":
		ok = e.setHeaders(value)
	default:
		return false, false
	}
	return true, ok
}

// text returns where the text field of that name goes, or nil.
func (e *Event) text(key string) *string {
	switch key {
	case "token":
		return &e.Token
	case "method":
		return &e.Method
	case "user_agent":
		return &e.UserAgent
	case "referer_host":
		return &e.RefererHost
	case "ip":
		return &e.IP
	case "network":
		return &e.Network
	case "country":
		return &e.Country
	case "region":
		return &e.Region
	case "connection_type":
		return &e.ConnectionType
	case "proxy_type":
		return &e.ProxyType
	case "proxy_description":
		return &e.ProxyDescription
	case "bot_name":
		return &e.BotName
	case "bot_category":
		return &e.BotCategory
	case "edge":
		return &e.Edge
	case "pop":
		return &e.POP
	case "service_version":
		return &e.ServiceVersion
	}
	return nil
}

func (e *Event) setHeaders(value string) bool {
	return jsonline.Walk(value, func(name, value string) error {
		v, ok := jsonline.Unquote(value)
		if !ok {
			return ErrInvalid
		}
		e.Headers = append(e.Headers, Header{name, v})
		return nil
	}) == nil
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

func (id *ID) set(value string) bool {
	s, ok := jsonline.Unquote(value)
	if !ok || len(s) != hex.EncodedLen(len(id)) {
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
func parseTime(value string) (time.Time, bool) {
	s, ok := jsonline.Unquote(value)
	if !ok {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	t = t.UTC().Truncate(time.Millisecond)
	return t, err == nil && t.Year() >= 0 && t.Year() <= 9999
}

func parseDate(value string) (time.Time, bool) {
	s, ok := jsonline.Unquote(value)
	if !ok {
		return time.Time{}, false
	}
	t, err := time.Parse(dateFormat, s)
	return t, err == nil
}

type lineError string

func (e lineError) Error() string { return "event: " + string(e) }
func (e lineError) Unwrap() error { return ErrInvalid }

const errNotJSON = lineError("the line is not a JSON object")

func fieldError(name string) error { return lineError("field " + name + " has the wrong form") }
func missing(name string) error    { return lineError("field " + name + " is missing") }
