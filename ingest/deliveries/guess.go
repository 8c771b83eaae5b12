package deliveries

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"glint/ingest/sheet"
)

// startsJSON reports whether a text begins like JSON.
func startsJSON(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n\ufeff")
	return len(head) > 0 && (head[0] == '{' || head[0] == '[')
}

var (
	eximLine    = regexp.MustCompile(`(?m)^(?:.*exim\[\d+\]: )?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[+-]\d{4} )?(?:\[\d+\] )?\w{6}-\w{6,11}-\w{2,4} `)
	eximSyslog  = regexp.MustCompile(`(?m)\bexim[\w.-]*\[\d+\]: (?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[+-]\d{4} )?)?(?:\[\d+\] )?\w{6}-\w{6,11}-\w{2,4} `)
	postfixLine = regexp.MustCompile(`(?m)postfix[\w.-]*/(?:\w+/)?\w+\[\d+\]: |\[\d+\]: [0-9A-Za-z]{6,20}: to=<[^>]*>.*status=`)
)

// Guess returns the format of a text from its beginning, or Auto if unknown.
func Guess(head []byte) Format {
	if !startsJSON(head) {
		switch line, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte{'\n'}); {
		case postfixLine.Match(head):
			return Postfix
		case eximLine.Match(head), eximSyslog.Match(head):
			return Exim
		case bytes.Contains(line, []byte("event=")) && bytes.Contains(line, []byte("&")):
			return Mailgun
		case looksLikeTable(string(line)), titledTable(head):
			return CSV
		}
		return Auto
	}
	s := sheet.NewScanner(bytes.NewReader(head))
	for range 20 {
		object, err := s.Next()
		if err != nil {
			break
		}
		var fields map[string]json.RawMessage
		if json.Unmarshal(object.Text, &fields) != nil {
			continue
		}
		if _, ok := fields["__REALTIME_TIMESTAMP"]; ok {
			return guessJournal(head)
		}
		if f := guessObject(fields); f != Auto {
			return f
		}
	}
	return guessText(head)
}

// guessJournal returns the format of a journal's entries (journalctl -o json).
func guessJournal(head []byte) Format {
	var text strings.Builder
	for line := range strings.Lines(string(head)) {
		text.WriteString(journalLine(strings.TrimSpace(line)) + "\n")
	}
	switch log := []byte(text.String()); {
	case postfixLine.Match(log):
		return Postfix
	case eximSyslog.Match(log):
		return Exim
	}
	return Auto
}

// looksLikeTable reports whether a line is a header with names of an event's
// fields.
func looksLikeTable(line string) bool {
	cells := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(",;\t|", r) })
	known := 0
	for _, cell := range cells {
		if columnOf(cell) != columnNone {
			known++
		}
	}
	return known >= 2 || strings.HasPrefix(strings.ToLower(line), "sep=")
}

// titledTable reports whether a header is below a title.
func titledTable(head []byte) bool {
	t, err := sheet.Open(bytes.NewReader(head), sheet.Options{IsHeader: isHeader})
	return err == nil && isHeader(t.Header)
}

// marks are combinations of fields that occur in one format only.
var marks = []struct {
	format Format
	fields []string
}{
	{SparkPost, []string{"msys"}},
	{Mailgun, []string{"event-data"}},
	{SES, []string{"Type", "TopicArn"}},
	{SES, []string{"detail-type", "detail"}},
	{SES, []string{"receiptHandle", "body"}},
	{SES, []string{"ReceiptHandle", "Body"}},
	{SES, []string{"notificationType"}},
	{SES, []string{"eventType", "mail"}},
	{Postmark, []string{"RecordType"}},
	{Postmark, []string{"MessageID", "ServerID"}},
	{Postmark, []string{"TypeCode", "Email"}},
	{Postmark, []string{"Bounces", "TotalCount"}},
	{SendGrid, []string{"event", "timestamp", "sg_event_id"}},
	{SendGrid, []string{"event", "timestamp", "sg_message_id"}},
	{SparkPost, []string{"type", "rcpt_to"}},
	{SparkPost, []string{"type", "raw_rcpt_to"}},
	{SparkPost, []string{"type", "transmission_id"}},
	{Mailgun, []string{"event", "user-variables"}},
	{Mailgun, []string{"event", "log-level"}},
	{Mailgun, []string{"event", "message-headers"}},
	{Mailgun, []string{"event", "delivery-status"}},
	{Mailgun, []string{"event", "token", "signature"}},
	{Listmonk, []string{"subscriber_uuid"}},
	{Listmonk, []string{"campaign_uuid"}},
	{Listmonk, []string{"type", "subscriber_id"}},
	{JSONL, []string{"event", "at"}},
	{SendGrid, []string{"event", "timestamp", "email"}},
	{Mailgun, []string{"event", "timestamp", "recipient", "message"}},
	{JSONL, []string{"event"}},
}

func guessObject(fields map[string]json.RawMessage) Format {
	for _, m := range marks {
		has := 0
		for _, name := range m.fields {
			if _, ok := fields[name]; ok {
				has++
			}
		}
		if has == len(m.fields) {
			return m.format
		}
	}
	for _, name := range wrappers {
		var inner []map[string]json.RawMessage
		if json.Unmarshal(fields[name], &inner) == nil && len(inner) > 0 {
			return guessObject(inner[0])
		}
		var one map[string]json.RawMessage
		if json.Unmarshal(fields[name], &one) == nil && len(one) > 0 {
			return guessObject(one)
		}
	}
	known := 0
	for name := range fields {
		if c := columnOf(name); c == columnEvent || c == columnAt {
			known++
		}
	}
	if known == 2 {
		return JSONL
	}
	return Auto
}

// guessText searches the text for the marks, for a first object that is longer
// than the head.
func guessText(head []byte) Format {
	for _, m := range marks {
		has := 0
		for _, name := range m.fields {
			if bytes.Contains(head, []byte(`"`+name+`"`)) {
				has++
			}
		}
		if has == len(m.fields) {
			return m.format
		}
	}
	return Auto
}
