package deliveries

import (
	"encoding/json"
	"strings"
)

// journalEntry are the fields of an entry that journalctl -o json writes.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.journal-fields.html
type journalEntry struct {
	Microseconds string          `json:"__REALTIME_TIMESTAMP"`
	Program      string          `json:"SYSLOG_IDENTIFIER"`
	PID          string          `json:"_PID"`
	Message      json.RawMessage `json:"MESSAGE"`
}

// journalLine returns a journal's entry as journalctl -o short-unix writes it,
// or the line unchanged if it is no such entry.
func journalLine(line string) string {
	var e journalEntry
	if json.Unmarshal([]byte(line), &e) != nil || len(e.Microseconds) < 7 {
		return line
	}
	var text string
	if json.Unmarshal(e.Message, &text) != nil {
		var octets []uint16 // of a message that is not UTF-8
		if json.Unmarshal(e.Message, &octets) != nil {
			return line
		}
		raw := make([]byte, len(octets))
		for i, o := range octets {
			raw[i] = byte(o)
		}
		text = string(raw)
	}
	if e.PID == "" {
		e.PID = "0"
	}
	at := len(e.Microseconds) - 6
	return e.Microseconds[:at] + "." + e.Microseconds[at:] + " localhost " + e.Program + "[" + e.PID + "]: " + strings.ReplaceAll(text, "\n", " ")
}
