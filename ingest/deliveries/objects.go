package deliveries

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"time"

	"glint/edge/event/jsonline"
)

// maxObjectBytes bounds one object. Amazon's messages have 256 kB at most.
const maxObjectBytes = 1 << 20

// object is a JSON object of a text.
type object struct {
	line  int
	text  []byte // valid until the next call
	fault string // why it is none
}

// scanner cuts a text into JSON objects. Brackets, commas and blanks between them
// mean nothing: so an array, one object per line, and arrays on lines of their own
// are all read. Where an object is broken, the line where it began is a fault, and
// the next line is a new beginning.
type scanner struct {
	in   *bufio.Reader
	line int
	text []byte
	open []byte // brackets that are open
	held []byte // to read again, behind a broken object
}

func newScanner(in io.Reader) *scanner { return &scanner{in: bufio.NewReaderSize(in, 1<<16), line: 1} }

func (s *scanner) read() (byte, error) {
	if len(s.held) > 0 {
		c := s.held[0]
		s.held = s.held[1:]
		return c, nil
	}
	return s.in.ReadByte()
}

// next returns the next object or fault; io.EOF after the last one.
func (s *scanner) next() (object, error) {
	for {
		c, err := s.read()
		if err != nil {
			return object{}, err
		}
		switch c {
		case '\n':
			s.line++
		case ' ', '\t', '\r', ',', '[', ']':
		case '{':
			return s.object()
		default:
			line := s.line
			s.text = append(s.text[:0], c)
			return object{line: line, fault: notObject}, s.skipLine()
		}
	}
}

const (
	notObject = "it is not a JSON object"
	tooLong   = "the object is longer than 1 MiB"
)

// skipLine reads up to the end of the line.
func (s *scanner) skipLine() error {
	for {
		c, err := s.read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if c == '\n' {
			s.line++
			return nil
		}
	}
}

// object reads an object behind its first bracket.
func (s *scanner) object() (object, error) {
	began := s.line
	s.text, s.open = append(s.text[:0], '{'), append(s.open[:0], '{')
	inString, escaped := false, false
	last := byte('{') // the last character that means something
	for len(s.open) > 0 {
		c, err := s.read()
		if errors.Is(err, io.EOF) {
			return s.broken(began, notObject)
		}
		if err != nil {
			return object{}, err
		}
		s.text = append(s.text, c)
		if len(s.text) > maxObjectBytes {
			return s.broken(began, tooLong)
		}
		switch {
		case c == '\n':
			s.line++
			if inString {
				return s.broken(began, notObject)
			}
		case inString:
			switch {
			case escaped:
				escaped = false
			case c == '\\':
				escaped = true
			case c == '"':
				inString = false
			}
		case c == ' ' || c == '\t' || c == '\r':
		default:
			if (c == '{' || c == '[') && !s.mayOpen(last) {
				return s.broken(began, notObject)
			}
			switch c {
			case '"':
				inString = true
			case '{', '[':
				s.open = append(s.open, c)
			case '}', ']':
				if s.open[len(s.open)-1] != c-2 { // ASCII has them two apart
					return s.broken(began, notObject)
				}
				s.open = s.open[:len(s.open)-1]
			}
			last = c
		}
	}
	return object{line: began, text: s.text}, nil
}

// mayOpen reports whether a bracket may stand behind that character.
func (s *scanner) mayOpen(last byte) bool {
	inArray := s.open[len(s.open)-1] == '['
	return last == ':' && !inArray || inArray && (last == '[' || last == ',')
}

// broken returns a fault and goes back to the second line of what was read.
func (s *scanner) broken(began int, reason string) (object, error) {
	for i, c := range s.text {
		if c == '\n' {
			s.held = append(append([]byte(nil), s.text[i+1:]...), s.held...)
			s.line = began + 1
			return object{line: began, fault: reason}, nil
		}
	}
	return object{line: began, fault: reason}, s.skipLine()
}

// wrappers are fields in which interfaces give the objects of a page.
var wrappers = []string{"items", "results", "Bounces", "Messages", "Clicks", "Opens", "data", "events", "Records"}

// objects reads the objects of a text, each by its format.
func (r *reader) objects(in io.Reader) error {
	s := newScanner(in)
	for {
		o, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if o.fault != "" {
			err = r.fault(o.line, o.fault)
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

// object reads one object of a provider's.
func (r *reader) object(o object) error {
	var fields fields
	if json.Unmarshal(o.text, &fields) != nil {
		return r.fault(o.line, notObject)
	}
	return r.provider(o.line, fields, 0)
}

// maxWrapping bounds how deep an object is unwrapped.
const maxWrapping = 4

func (r *reader) provider(line int, o fields, depth int) error {
	read := map[Format]func(int, fields, int) error{
		SES: r.ses, SendGrid: r.sendgrid, Postmark: r.postmark, Mailgun: r.mailgun, SparkPost: r.sparkpost, Listmonk: r.listmonk,
	}[r.Format]
	if depth > maxWrapping {
		return r.fault(line, notObject)
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

// word gives an event the meaning of a source's word. It reports what is left out
// or unknown itself; done is true then.
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

// fields are those of a JSON object.
type fields map[string]any

// object returns the object in a field, nil if there is none.
func (f fields) object(name string) fields {
	o, _ := f[name].(map[string]any)
	return o
}

// text returns the first of the fields with text or a number.
func (f fields) text(names ...string) string {
	for _, name := range names {
		if s := textOf(f[name]); s != "" {
			return s
		}
	}
	return ""
}

// list returns the elements of a field, of a single value that one.
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

// textOf returns a string, number or truth value as text.
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

// when reads the first of the fields with a time: RFC 3339, or seconds since 1970
// with their fraction.
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

// flat reads an object whose fields are named as the columns of a table.
func (r *reader) flat(o object) error {
	row := row{line: o.line}
	err := jsonline.Walk(string(o.text), func(key, value string) error {
		text, ok := jsonline.Unquote(value)
		if !ok && !jsonline.Null(value) {
			text = value
		}
		row.set(columnOf(key), text)
		return nil
	})
	if err != nil {
		return r.fault(o.line, notObject)
	}
	return r.row(&row)
}
