package web

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"glint/cli/internal/output"
	"glint/cli/internal/report"
	"glint/ingest/warehouse"
)

// liveView is what the live page shows at a time. It is not changed once it is made.
type liveView struct {
	at             time.Time
	lead           string
	minutes, hours report.Section
	figures        string // JSON for the script: the lead, and the figures by their section
	tables         string // JSON: the rows of their tables
	rows           []liveRow
}

// liveRow is an open as a row of the table, for each role.
type liveRow struct {
	serial        uint64
	viewer, owner []report.Cell
}

func (r *liveRow) of(role Role) []report.Cell {
	if role == Owner {
		return r.owner
	}
	return r.viewer
}

// The parts of a column, in the order of warehouse.Fetcher.
var fetcherParts = []report.ColumnPart{
	{Label: "by people", Tone: report.Certain}, {Label: "hidden (Apple Mail, unknown clients)", Tone: report.Masked}, {Label: "by machines", Tone: report.Apart},
}

var fetcherNames = [warehouse.Fetchers]string{"person", "hidden", "machine"}

// publish makes a view of what is known now, and wakes the streams.
func (l *live) publish() {
	now := l.server.now().UTC()
	l.mu.Lock()
	seen := l.seen()
	stored, last := l.stored, slices.Clone(l.last)
	l.mu.Unlock()
	of := func(minute int64) [warehouse.Fetchers]uint64 {
		n, more := stored[minute], seen[minute]
		add(&n, &more)
		return n
	}
	v := &liveView{at: now}
	thisMinute, thisHour := now.Unix()/60, now.Unix()/3600
	minutes := &report.Columns{Title: "Opens per minute", Parts: fetcherParts, Axis: []string{"60 minutes ago", "now"}}
	var hour [warehouse.Fetchers]uint64
	for m := thisMinute - liveMinutes + 1; m <= thisMinute; m++ {
		n := of(m)
		add(&hour, &n)
		minutes.Items = append(minutes.Items, report.Column{Label: time.Unix(m*60, 0).UTC().Format("15:04"), N: n[:]})
	}
	hours := &report.Columns{Title: "Opens per hour", Parts: fetcherParts, Axis: []string{"7 days ago", "now"}}
	for h := thisHour - liveHours + 1; h <= thisHour; h++ {
		var n [warehouse.Fetchers]uint64
		for m := h * 60; m < h*60+60; m++ {
			one := of(m)
			add(&n, &one)
		}
		hours.Items = append(hours.Items, report.Column{Label: time.Unix(h*3600, 0).UTC().Format("Mon 2 Jan 15:04"), N: n[:]})
	}
	total := hour[warehouse.ByPerson] + hour[warehouse.ByHidden] + hour[warehouse.ByMachine]
	v.lead = fmt.Sprintf("%s in the last hour, %s by people", output.Plural(int(total), "open", "opens"), output.Count(hour[warehouse.ByPerson]))
	v.minutes = report.Section{ID: "minutes", Title: "Per minute, the last hour", Wide: true, Figure: minutes, Table: columnTable("MINUTE", minutes)}
	v.hours = report.Section{ID: "hours", Title: "Per hour, 7 days", Wide: true, Figure: hours, Table: columnTable("HOUR", hours)}
	for _, o := range slices.Backward(last) {
		if o.resolved {
			v.rows = append(v.rows, o.row())
		}
	}
	v.render()
	l.mu.Lock()
	l.view = v
	close(l.next)
	l.next = make(chan struct{})
	l.mu.Unlock()
}

// columnTable has the numbers of columns, the latest first.
func columnTable(step string, c *report.Columns) *report.Table {
	t := &report.Table{Header: []string{step, "BY PEOPLE", "HIDDEN", "BY MACHINES"}, Right: []int{1, 2, 3}, Hidden: true}
	for _, item := range slices.Backward(c.Items) {
		t.Rows = append(t.Rows, []report.Cell{text(item.Label), count(item.N[0]), count(item.N[1]), count(item.N[2])})
	}
	return t
}

// render makes what the streams send.
func (v *liveView) render() {
	figures, tables := map[string]string{"lead": v.lead}, map[string]string{}
	for _, section := range []*report.Section{&v.minutes, &v.hours} {
		figures[section.ID] = report.FigureHTML(section.ID, section.Figure)
		tables[section.ID] = rowsHTML(section.Table)
	}
	v.figures, v.tables = asJSON(figures), asJSON(tables)
}

func rowsHTML(t *report.Table) string {
	rows, err := report.RowsHTML(t)
	if err != nil {
		panic(err) // an error of the template
	}
	return rows
}

// asJSON writes texts as JSON, in one line.
func asJSON(texts any) string {
	b, err := json.Marshal(texts)
	if err != nil {
		panic(err) // texts can be written
	}
	return string(b)
}

// liveHeader are the columns of the table of the last opens.
func liveHeader(role Role) []string {
	header := []string{"TIME", "CAMPAIGN", "BY", "CLIENT", "DEVICE", "COUNTRY"}
	if role == Owner {
		header = append(header, "RECIPIENT")
	}
	return header
}

func (o *liveOpen) row() liveRow {
	campaign := text("–")
	if o.campaign != "" {
		campaign = report.Cell{Text: o.campaign, Link: campaignPath(o.key.CampaignID)}
	}
	device := o.device
	if o.os != "" && o.os != o.device { // a proxy hides both by the same words
		device += " (" + o.os + ")"
	}
	cells := []report.Cell{
		text(o.at.UTC().Format("15:04:05")), campaign, text(fetcherNames[o.kind]), text(orDash(o.client)), text(orDash(device)), text(orDash(o.country)),
	}
	recipient := o.addressee.Recipient
	switch {
	case !o.known:
		recipient = "(not registered)"
	case recipient == "":
		recipient = "(pseudonymous)"
	case o.addressee.Test:
		recipient += " (test)"
	}
	return liveRow{o.serial, cells, append(slices.Clone(cells), text(recipient))}
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// current returns the last view, or nil, and a channel that is closed when
// another one is there.
func (l *live) current() (*liveView, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.view, l.next
}

// rowsSince renders the rows after a serial number, the latest first.
func (v *liveView) rowsSince(serial uint64, role Role) (*report.Table, uint64) {
	t := &report.Table{Header: liveHeader(role)}
	latest := serial
	for i := range v.rows {
		if v.rows[i].serial > serial {
			t.Rows = append(t.Rows, v.rows[i].of(role))
			latest = max(latest, v.rows[i].serial)
		}
	}
	return t, latest
}
