package web

import (
	"strings"

	"glint/edge/event/jsonline"
)

// The limits of one POST /e.
const (
	MaxBodyBytes  = 64 << 10
	maxEvents     = 100
	maxProperty   = 32
	maxMessageLen = 192
)

// Event is one custom event of a body.
type Event struct {
	Site, Name string
	Token      string // token of a message, as received; "" if absent
	at         string
	title      string
	page, from page
	properties string // a JSON object of scalars, or ""
}

// Fault is the reason why a body is refused. Its text may be sent to the
// client.
type Fault string

func (f Fault) Error() string { return string(f) }

// The faults of a body.
const (
	errJSON       Fault = "want a JSON object or a list of objects"
	errMany       Fault = "more than 100 events"
	errNone       Fault = "no event"
	errSite       Fault = "an event without site"
	errName       Fault = "an event without name"
	errLong       Fault = "a site or name of more than 100 bytes"
	errText       Fault = "a field that must be a string is not one"
	errProperties Fault = "properties must be an object of up to 32 texts, numbers, true, false or null"
	errLarge      Fault = "properties of more than 1,000 bytes"
)

// ParseEvents reads the body of POST /e: an object, or a list of up to 100. It
// returns all events or, as error, a Fault. The strings are substrings of body.
func ParseEvents(body string) ([]Event, error) {
	body = strings.TrimSpace(strings.TrimPrefix(body, "\ufeff"))
	if strings.HasPrefix(body, "{") {
		var e Event
		if err := e.parse(body); err != nil {
			return nil, err
		}
		return []Event{e}, nil
	}
	var all []Event
	ok, err := jsonline.Elements(body, func(value string) error {
		if len(all) == maxEvents {
			return errMany
		}
		all = append(all, Event{})
		return all[len(all)-1].parse(value)
	})
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, errJSON
	case len(all) == 0:
		return nil, errNone
	}
	return all, nil
}

func (e *Event) parse(text string) error {
	o := jsonline.Open(text)
	for o.Next() {
		if jsonline.Null(o.Value) {
			continue
		}
		if o.Key == "properties" {
			if err := e.setProperties(o.Value); err != nil {
				return err
			}
			continue
		}
		value, isText := o.Text()
		if !e.set(o.Key, value, isText) {
			return errText
		}
	}
	switch {
	case o.Err() != nil:
		return errJSON
	case e.Site == "":
		return errSite
	case e.Name == "":
		return errName
	case len(e.Site) > maxName || len(e.Name) > maxName:
		return errLong
	}
	return nil
}

// set stores a field. Unknown fields are ignored.
func (e *Event) set(key, value string, isText bool) bool {
	switch key {
	case "site":
		e.Site = value
	case "name":
		e.Name = value
	case "page":
		e.page = pageOf(value)
	case "referrer":
		e.from = pageOf(value)
	case "title":
		e.title = value
	case "at":
		e.at = value
	case "token", "message":
		e.Token = value
	default:
		return true
	}
	return isText
}

func (e *Event) setProperties(value string) error {
	o := jsonline.Open(value)
	var kept object
	for n := 0; o.Next(); n++ {
		if n == maxProperty || len(o.Key) > maxName || strings.HasPrefix(o.Value, "{") || strings.HasPrefix(o.Value, "[") {
			return errProperties
		}
		if len(kept.b) == 0 {
			kept.b = append(kept.b, '{')
		} else {
			kept.b = append(kept.b, ',')
		}
		kept.b = jsonline.AppendString(kept.b, o.Key, maxName)
		kept.b = append(append(kept.b, ':'), o.Value...)
		if len(kept.b) > maxProperties {
			return errLarge
		}
	}
	if o.Err() != nil {
		return errProperties
	}
	if len(kept.b) > 0 {
		e.properties = string(append(kept.b, '}'))
	}
	return nil
}

// Object returns the JSON object for the event's line. certain means that a
// server with the token sent the event.
func (e *Event) Object(visitor string, certain bool) string {
	var o object
	o.field("site", e.Site, maxName)
	o.field("name", e.Name, maxName)
	o.pages(&e.page, &e.from)
	o.field("title", e.title, maxTitle)
	o.field("at", e.at, maxName)
	o.field("visitor", visitor, maxName)
	if certain {
		o.raw("certain")
		o.b = append(o.b, "true"...)
	}
	if e.properties != "" {
		o.raw("properties")
		o.b = append(o.b, e.properties...)
	}
	return o.String()
}

// Reduce removes facts that may point to a person: message, title, properties,
// and the sender's time.
func (e *Event) Reduce() { e.Token, e.title, e.properties, e.at = "", "", "", "" }

// Message returns the token of a message, truncated to the limit of a line.
func (e *Event) Message() string { return e.Token[:min(len(e.Token), maxMessageLen)] }
