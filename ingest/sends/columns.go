package sends

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"glint/ingest/warehouse"
)

// MaxAttributeBytes is the longest cell of a kept column.
const MaxAttributeBytes = 1024

// columns are the indexes of the known columns; -1: missing.
type columns struct {
	recipient, sentAt, deliveredAt, tracking, test int

	kept []int
	zone *time.Location
	base Row // the row's values for empty cells
}

// columnName normalizes the name of a column: without blanks and invisible
// characters at both ends, in lower case.
func columnName(cell string) string {
	cell = strings.TrimFunc(cell, func(r rune) bool { return unicode.IsSpace(r) || invisible(r) })
	return strings.ToLower(norm.NFC.String(cell))
}

// findColumns finds the columns in a header, or returns the fault.
func findColumns(header []string, o *ReadOptions) (c columns, fault *FileError) {
	c = columns{recipient: -1, sentAt: -1, deliveredAt: -1, tracking: -1, test: -1, zone: o.Zone}
	if o.Test {
		c.base.Test = warehouse.TestYes
	}
	recipient := "recipient"
	if o.RecipientColumn != "" {
		recipient = columnName(o.RecipientColumn)
	}
	names := make([]string, len(header))
	for i, cell := range header {
		names[i] = columnName(cell)
	}
	for _, added := range []string{"message_id", "pixel_url", "preferences_url"} {
		if slices.Contains(names, added) {
			return c, &FileError{Problem: fmt.Sprintf("the file has a column %s already, which this command adds; remove it or take the original file", added)}
		}
	}
	known := map[string]*int{"sent_at": &c.sentAt, "delivered_at": &c.deliveredAt, "tracking": &c.tracking, "test": &c.test, recipient: &c.recipient}
	for i, name := range names {
		at, ok := known[name]
		if !ok {
			continue
		}
		if *at >= 0 {
			return c, &FileError{Problem: twoColumns(name), Try: "the same with one of them renamed"}
		}
		*at = i
	}
	if c.recipient < 0 {
		return c, &FileError{Problem: "the header row has no column " + printable(recipient) + "; " + describe(header), noRecipients: true}
	}
	for _, name := range o.KeepColumns {
		i := slices.Index(names, columnName(name))
		switch {
		case i < 0:
			return c, &FileError{Problem: "the header row has no column " + printable(name) + " to keep; " + describe(header)}
		case slices.Contains(names[i+1:], names[i]):
			return c, &FileError{Problem: "the header has two columns " + printable(name) + ", so none of them can be kept"}
		case !slices.Contains(c.kept, i):
			c.kept = append(c.kept, i)
		}
	}
	return c, nil
}

func twoColumns(name string) string { return "the header has two columns " + printable(name) }

// describe lists the columns of a header, whose text is not trusted.
func describe(header []string) string {
	text := strings.ToValidUTF8(strings.Join(header, ", "), "\ufffd")
	if runes := []rune(text); len(runes) > 200 {
		text = string(runes[:200]) + "…"
	}
	return "its columns are: " + printable(text)
}

// row checks the cells of a row. It does not store them in the row, since the
// slice belongs to the reader.
func (c *columns) row(cells []string) (row Row, twice bool, reason string) {
	row = c.base
	recipient, err := Normalize(cells[c.recipient])
	if err != nil {
		return row, false, err.Error()
	}
	row.Recipient = recipient
	var again bool
	if row.SentAt, twice, reason = c.seconds(cells, c.sentAt, "sent_at"); reason != "" {
		return row, false, reason
	}
	if row.DeliveredAt, again, reason = c.seconds(cells, c.deliveredAt, "delivered_at"); reason != "" {
		return row, false, reason
	}
	if c.tracking >= 0 && columnName(cells[c.tracking]) != "" {
		if row.Tracking, err = warehouse.ParseTracking(columnName(cells[c.tracking])); err != nil {
			return row, false, "tracking must be one of " + warehouse.TrackingModes
		}
	}
	if c.test >= 0 && columnName(cells[c.test]) != "" {
		test, err := strconv.ParseBool(columnName(cells[c.test]))
		if err != nil {
			return row, false, "test is neither true nor false"
		}
		if test {
			row.Test = warehouse.TestYes
		} else if row.Test == warehouse.TestUnsaid {
			row.Test = warehouse.TestNo
		}
	}
	for _, i := range c.kept {
		switch {
		case len(cells[i]) > MaxAttributeBytes:
			return row, false, fmt.Sprintf("a cell to keep is longer than %d bytes", MaxAttributeBytes)
		case !utf8.ValidString(cells[i]):
			return row, false, "a cell to keep is no UTF-8"
		}
	}
	return row, twice || again, ""
}

// noTime are cells that mean no time in exports.
var noTime = []string{"", "null", `\n`}

// seconds reads the time in a cell; an empty cell gives 0.
func (c *columns) seconds(cells []string, index int, name string) (s Seconds, twice bool, reason string) {
	if index < 0 {
		return 0, false, ""
	}
	text := strings.TrimSpace(cells[index])
	if slices.Contains(noTime, strings.ToLower(text)) {
		return 0, false, ""
	}
	at, err := ParseTime(text, c.zone)
	if err != nil {
		return 0, false, TimeFault(name, err)
	}
	unix := at.Unix()
	if unix <= 0 || unix >= 1<<32 {
		return 0, false, name + " lies before 1970 or after 2106"
	}
	return Seconds(unix), at.Twice, ""
}

// TimeFault returns the text for an error of ParseTime about the time called
// name.
func TimeFault(name string, err error) string {
	switch {
	case errors.Is(err, ErrNoZone):
		return name + " has no zone; write 2026-11-21T09:30:00+01:00, or give the zone of all by --time-zone"
	case errors.Is(err, ErrAmbiguous):
		return name + " may be day/month or month/day; write it like 2026-11-21T09:30:00Z"
	case errors.Is(err, ErrNoClock):
		return name + " has no time of day; write it like 2026-11-21T09:30:00Z"
	case errors.Is(err, ErrSkipped):
		return name + " is a time that no clock showed in --time-zone: they were set forward then"
	}
	return name + " is not a time like 2026-11-21T09:30:00Z"
}

// printable makes a text from a file safe for a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\ufffd'
	}, s)
}

// maxTextBytes is the longest subject or variant name: a subject has one line
// of at most 998 characters (RFC 5322 §2.1.1).
const maxTextBytes = 998

// CheckText returns an error for a text that reports cannot show.
func CheckText(text string) error {
	switch {
	case !utf8.ValidString(text):
		return errors.New("is no UTF-8")
	case len(text) > maxTextBytes:
		return fmt.Errorf("has more than %d bytes", maxTextBytes)
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("has control characters")
	}
	return nil
}
