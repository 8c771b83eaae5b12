package logline

import (
	"strings"

	"glint/edge/event"
	"glint/edge/event/jsonline"
)

// formOf returns the form of a line that is not an event, with advice, or "" if
// the form is unknown.
func formOf(e *event.Event, line string) string {
	line = Trim(line)
	switch {
	case line == "":
		return "nothing but a byte order mark"
	case line[0] == '[' && (len(line) == 1 || strings.ContainsAny(line[1:2], "{[] \t")):
		return "the line is a JSON array, as Fastly's json_format 1 writes it; set json_format to 2 (one object per line)"
	case line == "]" || line == "],":
		return "the line is a part of a JSON array or object over several lines; write one object per line"
	case line[0] == '{':
		return objectForm(e, line)
	case line == "}" || line == "},", line[0] == '"' && strings.Contains(line, `":`):
		return "the line is a part of a JSON object over several lines; write one object per line"
	case line[0] == '#':
		return "the line is a comment; it holds no event"
	case strings.HasPrefix(line, "<!") || strings.HasPrefix(strings.ToLower(line[:min(len(line), 5)]), "<html"):
		return "the line is HTML; it holds no event"
	case isSyslog(line):
		return "the line is a syslog message without an event; set the log endpoint's format to the event's line"
	case strings.Contains(line, " HTTP/1.") || strings.Contains(line, " HTTP/2"):
		return "the line is of a server's access log; replay and POST take lines of the log endpoint opens"
	}
	return ""
}

// objectForm returns the form of an object that is not an event.
func objectForm(e *event.Event, line string) string {
	if line == "{" {
		return "the line is a part of a JSON object over several lines; write one object per line"
	}
	if inner, ok := strings.CutSuffix(line, ","); ok && parse(e, inner) == nil {
		return "the line is an element of a JSON array, with a comma; write one object per line"
	}
	if _, ok := wrapped(line); ok {
		return "the line is a log shipper's object whose message holds no event; send the message as it is"
	}
	if o := jsonline.Open(line); hasAll(&o) {
		return "" // an object: event's own error names the field
	}
	if strings.Contains(line, "}{") || strings.Contains(line, "} {") {
		return "the line holds several JSON objects; write one object per line"
	}
	return ""
}

// hasAll iterates over an object to its end and reports whether it is complete.
func hasAll(o *jsonline.Object) bool {
	for o.Next() {
		continue
	}
	return o.Err() == nil
}
