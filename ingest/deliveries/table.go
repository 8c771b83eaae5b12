package deliveries

import (
	"errors"
	"io"
	"strings"

	"glint/ingest/sends"
	"glint/ingest/sheet"
)

// column is the meaning of a column.
type column int

const (
	columnNone column = iota
	columnEvent
	columnAt
	columnMessage
	columnCampaign
	columnRecipient
	columnURL
	columnAgent
	columnIP
	columnBounceType
	columnAutomatic
	columnStatus
	columnCount
)

// columnNames are the names of the columns, letters only, the usual name first.
var columnNames = map[string]column{}

func init() {
	for names, c := range map[string]column{
		"event eventtype type eventname activity action kind sttext lastevent":                                                                                  columnEvent,
		"at time timestamp date datetime occurredat eventtime eventdate eventat eventtimestamp createdat processed happenedat lasteventtime ts tsevent tsepoch": columnAt,
		"messageid glintmessageid xglintmessageid":                                                                                                              columnMessage,
		"campaign campaignname glintcampaign":                                                                                                                   columnCampaign,
		"recipient email emailaddress to address rcpt rcptto recipientemail toemail subscriber subscriberemail mail":                                            columnRecipient,
		"url link clickedurl linkurl href targeturl":                                                                                                            columnURL,
		"useragent agent ua":                             columnAgent,
		"ip ipaddress clientip remoteip":                 columnIP,
		"bouncetype bounceclass bouncecategory severity": columnBounceType,
		"automatic auto autoreply autosubmitted":         columnAutomatic,
		"dsn statuscode enhancedstatus smtpcode status":  columnStatus,
	} {
		for name := range strings.FieldsSeq(names) {
			columnNames[name] = c
		}
	}
}

// columnOf returns the meaning of a column or field of that name.
func columnOf(name string) column {
	if c, ok := columnNames[name]; ok { // nearly always
		return c
	}
	return columnNames[onlyLetters(name)]
}

// row is a row of a table before it becomes an event.
type row struct {
	line  int
	cells [columnCount]string
}

// set stores a cell. The first non-empty one counts, but for a time without a
// zone beside one in seconds since 1970.
func (w *row) set(c column, text string) {
	switch {
	case c == columnNone:
	case w.cells[c] == "", c == columnAt && text != "" && strings.Trim(text, "0123456789") == "" && lacksZone(w.cells[c]):
		w.cells[c] = text
	}
}

func lacksZone(text string) bool {
	_, err := sends.ParseTime(text, nil)
	return errors.Is(err, sends.ErrNoZone)
}

// table reads a CSV file.
func (r *reader) table(in io.Reader) error {
	t, err := sheet.Open(in, sheet.Options{Encoding: r.Encoding, IsHeader: isHeader})
	if errors.Is(err, sheet.ErrEmpty) {
		return ErrEmpty
	}
	if err != nil {
		return err
	}
	defer func() { _ = t.Close() }()
	columns, has := make([]column, len(t.Header)), [columnCount]bool{}
	for i, name := range t.Header {
		columns[i] = columnOf(strings.TrimSpace(name))
		has[columns[i]] = true
	}
	if !has[columnEvent] && has[columnStatus] { // "status" is the event if no other column is
		for i := range columns {
			if columns[i] == columnStatus {
				columns[i], has[columnEvent] = columnEvent, true
			}
		}
	}
	if !has[columnEvent] && r.Format != Listmonk || !has[columnAt] {
		return ErrColumns
	}
	for {
		sheetRow, err := t.Next()
		if fault, ok := errors.AsType[*sheet.RowError](err); ok {
			if err := r.fault(fault.Line, fault.Reason); err != nil {
				return err
			}
			continue
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		w := row{line: sheetRow.Line}
		for i, cell := range sheetRow.Cells {
			w.set(columns[i], cell)
		}
		if r.Format == Listmonk && w.cells[columnEvent] == "" && w.cells[columnURL] != "" {
			w.cells[columnEvent] = "click"
		}
		if err := r.row(&w); err != nil {
			return err
		}
	}
}

// isHeader reports whether the cells of a row are names of an event's columns,
// and no event.
func isHeader(cells []string) bool {
	known := map[column]bool{}
	for _, cell := range cells {
		if strings.Contains(cell, "@") {
			return false
		}
		if c := columnOf(strings.TrimSpace(cell)); c != columnNone {
			known[c] = true
		}
	}
	return len(known) >= 2
}

// ErrColumns is returned for a table without the columns that every event needs.
var ErrColumns = errors.New("deliveries: the header row needs the columns event and at, and message_id or campaign and recipient")

// row converts a row into an event.
func (r *reader) row(w *row) error {
	c := &w.cells
	e := Event{
		Line: w.line, Campaign: c[columnCampaign], Recipient: c[columnRecipient],
		URL: c[columnURL], UserAgent: c[columnAgent], IP: c[columnIP], Status: c[columnStatus],
	}
	word := strings.TrimSpace(c[columnEvent])
	m, ok := meaningOf(word)
	switch {
	case word == "":
		return r.fault(w.line, "the event is missing")
	case !ok:
		return r.fault(w.line, "the event is not one of sent, delivered, deferred, bounced, complained, clicked, unsubscribed, replied, converted")
	case !e.mean(m):
		return r.left(w.line, m.left)
	}
	if text := strings.TrimSpace(c[columnMessage]); text != "" {
		// Providers' exports have a message_id of their own, often no UUID.
		e.Message, ok = messageID(text)
		known := e.Recipient != "" && (e.Campaign != "" || r.Campaign != "")
		switch {
		case known && (!ok || e.Message.Version() != ownVersion):
			e.Message = none
		case !ok:
			return r.fault(w.line, "message_id is not a UUID")
		}
	}
	var reason string
	if e.At, reason = r.time(c[columnAt]); reason != "" {
		return r.fault(w.line, reason)
	}
	switch onlyLetters(c[columnAutomatic]) {
	case "true", "yes", "y", "autoreplied", "autogenerated":
		e.Automatic = true
	case "":
		e.Automatic = e.Automatic || strings.TrimSpace(c[columnAutomatic]) == "1"
	}
	e.typed(bounceTypeOf(c[columnBounceType]))
	return r.event(e)
}
