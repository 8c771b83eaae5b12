// Package logline is the only reader of event lines: all lines posted,
// replayed, or read from stdin or an archive. It reads a line as endpoint opens
// of the edge writes it, and in the forms that log pipelines turn it into:
// after a byte order mark, a syslog header or the name of the emulator's
// endpoint, and as a string or an object in a field of a pipeline's own object.
//
// A line is one event or an error. The error names the form of the line, if
// known, and how to change it; it never contains a value of the line. The work
// is linear in the line's length. The package does not judge events.
package logline

import (
	"errors"
	"strings"

	"glint/edge/event"
	"glint/edge/event/jsonline"
)

// Blanks are the characters trimmed around a line; a line of blanks only does
// not count. codec.Counter counts the lines of a body by the same rule.
const Blanks = " \t\v\f\r"

// BOM is the byte order mark of UTF-8, with which some programs begin a file.
const BOM = "\ufeff"

// maxDepth is the number of wrappers that are removed: a syslog header in the
// message of a shipper's object within another one.
const maxDepth = 3

// maxHeaderBytes is the longest header before an object. Headers of Fastly, RFC
// 5424 and the emulator have at most about 150 bytes.
const maxHeaderBytes = 512

// Error is an error around event.ErrInvalid that names the form of the line.
type Error struct{ form string }

func (e *Error) Error() string { return "event: " + e.form }

// Unwrap returns event.ErrInvalid.
func (e *Error) Unwrap() error { return event.ErrInvalid }

// Parse reads a line into e, as event.Event's Parse and Check do, after
// removing the text around the event. The strings of e are substrings of the
// line, unless the event was in a JSON string. Errors wrap event.ErrInvalid;
// event.ErrTooLong, which also does, is returned unchanged. After an error e is
// undefined.
func Parse(e *event.Event, line string) error {
	err := parse(e, line)
	if err == nil || errors.Is(err, event.ErrTooLong) {
		return err
	}
	if inner, ok := find(e, line, maxDepth); ok {
		return parse(e, inner)
	}
	if form := formOf(e, line); form != "" {
		return &Error{form}
	}
	return err
}

func parse(e *event.Event, line string) error {
	if err := e.Parse(line); err != nil {
		return err
	}
	return e.Check()
}

// find returns the object of the event in a line of another form.
func find(e *event.Event, line string, depth int) (inner string, ok bool) {
	if depth == 0 {
		return "", false
	}
	if object := Trim(line); len(object) < len(line) {
		if parse(e, object) == nil {
			return object, true
		}
		line = object
	}
	if !strings.HasPrefix(line, "{") {
		return "", false
	}
	text, ok := wrapped(line)
	if !ok {
		return "", false
	}
	if parse(e, text) == nil {
		return text, true
	}
	return find(e, text, depth-1)
}

// wrappers are the fields in which log pipelines store a line: Vector, Logstash
// and journald (message, MESSAGE), Fluent Bit and Docker (log), Splunk (event,
// _raw), CloudWatch (@message), Google Cloud (textPayload, jsonPayload), Loki
// (line), others (msg, body).
var wrappers = [...]string{
	"message", "log", "msg", "MESSAGE", "line", "event", "body", "_raw", "@message", "textPayload", "jsonPayload",
}

// own are fields that identify an object as an event, even a faulty one. Such
// an object is not unwrapped, even if a stranger has written a line into one of
// its fields.
var own = [...]string{"event_id", "opened_at", "token"}

// wrapped returns the content of the first wrapper field in the object.
func wrapped(object string) (text string, ok bool) {
	found := len(wrappers)
	for o := jsonline.Open(object); ; {
		if !o.Next() {
			return strings.Trim(text, Blanks+"\n"), found < len(wrappers) && o.Err() == nil
		}
		for _, name := range own {
			if o.Key == name {
				return "", false
			}
		}
		for i, name := range wrappers[:found] {
			if o.Key != name {
				continue
			}
			if strings.HasPrefix(o.Value, "{") {
				text, found = o.Value, i
			} else if t, isText := o.Text(); isText {
				text, found = t, i
			}
			break
		}
	}
}

// Trim returns a line without the text around its object: white space, a byte
// order mark, a syslog header as in Fastly's message types classic
// ("<134>2016-07-04T… cache-sjc3128 name[62959]: "), loggly and logplex, also
// if a syslog server removed its priority, and the emulator's "name :: ".
// Without any of these it only trims white space.
// https://www.fastly.com/documentation/guides/integrations/streaming-logs/changing-log-line-formats
func Trim(line string) string {
	line = strings.Trim(line, Blanks+"\n")
	if strings.HasPrefix(line, BOM) {
		line = strings.Trim(line[len(BOM):], Blanks+"\n")
	}
	if line == "" || line[0] == '{' {
		return line
	}
	at := strings.IndexByte(line[:min(len(line), maxHeaderBytes)], '{')
	if at <= 0 {
		return line
	}
	if header := line[:at]; isSyslog(header) || isProgram(header) || isEndpoint(header) {
		return line[at:]
	}
	return line
}

// isSyslog reports whether a header begins with a syslog priority, which
// logplex precedes by the length.
func isSyslog(header string) bool {
	header = strings.TrimLeft(header, digits)
	header = strings.TrimPrefix(header, " ")
	if header == "" || header[0] != '<' {
		return false
	}
	priority, _, closed := strings.Cut(header[1:], ">")
	return closed && priority != "" && len(priority) <= 3 && strings.TrimLeft(priority, digits) == ""
}

const digits = "0123456789"

// isProgram reports whether a header ends in the form "name[62959]: ".
func isProgram(header string) bool {
	head, ok := strings.CutSuffix(header, "]: ")
	if !ok {
		return false
	}
	trimmed := strings.TrimRight(head, digits)
	return len(trimmed) < len(head) && strings.HasSuffix(trimmed, "[") && strings.Count(header, " ") <= 6
}

// isEndpoint reports whether a header is "name :: ".
func isEndpoint(header string) bool {
	name, ok := strings.CutSuffix(header, " :: ")
	return ok && name != "" && !strings.ContainsAny(name, " \t\"")
}
