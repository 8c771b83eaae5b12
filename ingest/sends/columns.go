package sends

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxRecipientBytes bounds a recipient. An address has 320 bytes at most
// (RFC 3696 erratum 1690 says 254); ids of one's own are welcome, too.
const MaxRecipientBytes = 320

// columns are the indexes of the columns that are understood; -1: not there.
type columns struct{ recipient, sentAt, deliveredAt int }

func findColumns(header []string) (c columns, problem string) {
	c = columns{-1, -1, -1}
	known := map[string]*int{"recipient": &c.recipient, "sent_at": &c.sentAt, "delivered_at": &c.deliveredAt}
	for i, name := range header {
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "message_id", "pixel_url":
			return c, fmt.Sprintf("the file has a column %s already, which this command adds; remove it or take the original file", name)
		default:
			at, ok := known[name]
			if !ok {
				continue
			}
			if *at >= 0 {
				return c, fmt.Sprintf("the header has two columns %s", name)
			}
			*at = i
		}
	}
	if c.recipient < 0 {
		return c, "the header row has no column recipient; " + describe(header)
	}
	return c, ""
}

// describe names the columns of a header, which comes from a stranger.
func describe(header []string) string {
	text := strings.ToValidUTF8(strings.Join(header, ", "), "\ufffd")
	if runes := []rune(text); len(runes) > 200 {
		text = string(runes[:200]) + "…"
	}
	hint := ""
	switch all := strings.Join(header, ""); {
	case strings.Contains(all, "\x00"): // as in UTF-16, which spreadsheets write
		hint = " (the file must be saved as UTF-8)"
	case strings.Contains(all, "\r"):
		hint = " (rows must end with a line feed)"
	case len(header) == 1 && strings.ContainsAny(all, ";\t"):
		hint = " (cells must be separated by commas)"
	}
	return "its columns are: " + printable(text) + hint
}

// row checks the cells of a row. The row does not have them yet, since the
// slice is the reader's.
func (c *columns) row(cells []string) (row Row, reason string) {
	cell := cells[c.recipient]
	row.Recipient = Normalize(cell)
	switch {
	case !utf8.ValidString(cell): // Normalize would make one recipient of many
		return row, "the recipient is no UTF-8"
	case row.Recipient == "":
		return row, "the recipient is empty"
	case len(row.Recipient) > MaxRecipientBytes:
		return row, fmt.Sprintf("the recipient is longer than %d bytes", MaxRecipientBytes)
	case strings.ContainsFunc(row.Recipient, unicode.IsControl):
		return row, "the recipient has control characters"
	}
	var ok bool
	if row.SentAt, ok = seconds(cells, c.sentAt); !ok {
		return row, "sent_at is not a time like 2026-11-21T09:30:00Z"
	}
	if row.DeliveredAt, ok = seconds(cells, c.deliveredAt); !ok {
		return row, "delivered_at is not a time like 2026-11-21T09:30:00Z"
	}
	return row, ""
}

// seconds reads the time in a cell. An empty one, or none, is not known.
func seconds(cells []string, index int) (s Seconds, ok bool) {
	if index < 0 {
		return 0, true
	}
	text := strings.TrimSpace(cells[index])
	if text == "" {
		return 0, true
	}
	at, err := time.Parse(time.RFC3339, text)
	unix := at.Unix()
	return Seconds(unix), err == nil && 0 < unix && unix < 1<<32
}

// printable makes text from a file safe for a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\ufffd'
	}, s)
}
