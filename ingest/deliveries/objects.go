package deliveries

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"glint/edge/event/jsonline"
	"glint/ingest/sheet"
)

// wrappers are the fields in which APIs return the objects of a page.
var wrappers = []string{"items", "results", "Bounces", "Messages", "Clicks", "Opens", "data", "events", "Records"}

// objects reads the objects of a text, each in its format.
func (r *reader) objects(in io.Reader) error {
	s := sheet.NewScanner(in)
	for {
		o, err := s.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if o.Fault != "" {
			err = r.fault(o.Line, o.Fault)
		} else if r.Format == JSONL {
			err = r.flat(o)
		} else {
			err = r.object(o)
		}
		if err != nil {
			return err
		}
	}
}

// object reads one object of a provider.
func (r *reader) object(o sheet.Object) error {
	var fields fields
	if json.Unmarshal(o.Text, &fields) != nil {
		return r.fault(o.Line, sheet.NotObject)
	}
	return r.provider(o.Line, fields, 0)
}

// maxWrapping is the depth to which an object is unwrapped.
const maxWrapping = 4

func (r *reader) provider(line int, o fields, depth int) error {
	read := map[Format]func(int, fields, int) error{
		SES: r.ses, SendGrid: r.sendgrid, Postmark: r.postmark, Mailgun: r.mailgun, SparkPost: r.sparkpost, Listmonk: r.listmonk,
	}[r.Format]
	if depth > maxWrapping {
		return r.fault(line, sheet.NotObject)
	}
	for _, name := range wrappers {
		switch inner := o[name].(type) {
		case []any:
			for _, element := range inner {
				if object, ok := element.(map[string]any); ok {
					if err := r.provider(line, object, depth+1); err != nil {
						return err
					}
				}
			}
			return nil
		case map[string]any:
			if _, wraps := inner["results"]; wraps {
				return r.provider(line, inner, depth+1)
			}
		}
	}
	return read(line, o, depth)
}

// word applies the meaning of a source's word to an event. If the record is
// left out or unknown, it reports that and returns done.
func (r *reader) word(e *Event, word string) (done bool, err error) {
	m, ok := meaningOf(word)
	switch {
	case word == "":
		return true, r.fault(e.Line, "the object names no event")
	case !ok:
		return true, r.left(e.Line, LeftOther)
	case !e.mean(m):
		return true, r.left(e.Line, m.left)
	}
	return false, nil
}

// fields are the fields of a JSON object.
type fields map[string]any

// object returns the object in a field, also one written as a text, or nil.
func (f fields) object(name string) fields {
	switch v := f[name].(type) {
	case map[string]any:
		return v
	case string:
		var o fields
		if strings.HasPrefix(v, "{") && json.Unmarshal([]byte(v), &o) == nil {
			return o
		}
	}
	return nil
}

// text returns the first of the fields that has text or a number.
func (f fields) text(names ...string) string {
	for _, name := range names {
		if s := textOf(f[name]); s != "" {
			return s
		}
	}
	return ""
}

// list returns the elements of a field; a single value is a list of one.
func (f fields) list(name string) []any {
	switch v := f[name].(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// textOf returns a string, number or boolean as text.
func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// when reads the first of the fields that has a time: RFC 3339, or seconds
// since 1970 with a fraction.
func (r *reader) when(f fields, names ...string) (at time.Time, fault string) {
	for _, name := range names {
		text := textOf(f[name])
		if text == "" {
			continue
		}
		if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 1e9 && seconds < 1e10 {
			return time.UnixMicro(int64(seconds*1e6 + 0.5)).UTC(), ""
		}
		return r.time(text)
	}
	return time.Time{}, ""
}

// flat reads an object whose fields are named like the columns of a table.
func (r *reader) flat(o sheet.Object) error {
	row := row{line: o.Line}
	err := jsonline.Walk(string(o.Text), func(key, value string) error {
		text, ok := jsonline.Unquote(value)
		if !ok && !jsonline.Null(value) {
			text = value
		}
		row.set(columnOf(key), text)
		return nil
	})
	if err != nil {
		return r.fault(o.Line, sheet.NotObject)
	}
	return r.row(&row)
}
