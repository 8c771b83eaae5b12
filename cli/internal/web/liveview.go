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

// liveView is the content of the live page at one time. It never changes.
type liveView struct {
	at                     time.Time
	lead                   string
	counted                bool // the warehouse has counted
	web                    bool // a site has sent something in the days that are shown
	minutes, hours         report.Section
	webMinutes, webHours   report.Section
	pages, referrers       report.Section
	figures, lists, tables string // JSON for the script: what the sections show, by their IDs
	opened, visited        []liveRow
}

// chart is the part of a tally that a figure shows.
type chart struct {
	id, title string // of its sections
	first     warehouse.LiveKind
	parts     []report.ColumnPart
	header    []string
}

var openChart = chart{
	"", "Opens", warehouse.OpenByPerson,
	[]report.ColumnPart{
		{Label: "by people", Tone: report.Certain}, {Label: "hidden", Tone: report.Masked}, {Label: "by machines", Tone: report.Apart},
	},
	[]string{"BY PEOPLE", "HIDDEN", "BY MACHINES"},
}

var webChart = chart{
	"web", "Page views and events", warehouse.PageView,
	[]report.ColumnPart{
		{Label: "page views", Tone: report.Certain}, {Label: "events", Tone: report.Answered}, {Label: "by machines", Tone: report.Apart},
	},
	[]string{"PAGE VIEWS", "EVENTS", "BY MACHINES"},
}

// known is the state of the counts at one time.
type known struct {
	counted
	seen             map[int64]warehouse.LiveTally // by minute, not yet counted by the warehouse
	pages, referrers []pageCount
	last             []liveOpen
	visits           []liveVisit
}

// known copies the current state.
func (l *live) known() *known {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := &known{
		counted: l.stored, seen: map[int64]warehouse.LiveTally{}, last: slices.Clone(l.last), visits: slices.Clone(l.visits),
		pages: l.pages.most(l.stored.pages, l.stored.until), referrers: l.referrers.most(l.stored.referrers, l.stored.until),
	}
	for b, counts := range l.counts {
		if b.received >= l.stored.until {
			n := k.seen[b.minute]
			n.Add(counts)
			k.seen[b.minute] = n
		}
	}
	return k
}

// tally returns the counts of some minutes from one on.
func (k *known) tally(minute, minutes int64) (sum warehouse.LiveTally) {
	for m := minute; m < minute+minutes; m++ {
		stored, seen := k.minutes[m], k.seen[m]
		sum.Add(&stored)
		sum.Add(&seen)
	}
	return sum
}

// publish makes a view of the current state, and wakes the streams.
func (l *live) publish() {
	v := newLiveView(l.known(), l.server.now().UTC())
	l.mu.Lock()
	l.view = v
	close(l.next)
	l.next = make(chan struct{})
	l.mu.Unlock()
}

func newLiveView(k *known, now time.Time) *liveView {
	v := &liveView{at: now}
	var minutes, hours []warehouse.LiveTally
	var lastHour, lastDays warehouse.LiveTally
	thisMinute, thisHour := now.Unix()/60, now.Unix()/3600
	for m := thisMinute - liveMinutes + 1; m <= thisMinute; m++ {
		minutes = append(minutes, k.tally(m, 1))
		lastHour.Add(&minutes[len(minutes)-1])
	}
	for h := thisHour - liveHours + 1; h <= thisHour; h++ {
		hours = append(hours, k.tally(h*60, 60))
		lastDays.Add(&hours[len(hours)-1])
	}
	v.web = lastDays[warehouse.PageView]+lastDays[warehouse.CustomEvent]+lastDays[warehouse.WebByMachine] > 0
	opens := lastHour[warehouse.OpenByPerson] + lastHour[warehouse.OpenHidden] + lastHour[warehouse.OpenByMachine]
	v.counted = k.until > 0
	v.lead = fmt.Sprintf("%s in the last hour, %s by people", output.Plural(int(opens), "open", "opens"), output.Count(lastHour[warehouse.OpenByPerson]))
	if v.web {
		v.lead += fmt.Sprintf("; %s, %s", output.Plural(int(lastHour[warehouse.PageView]), "page view", "page views"),
			output.Plural(int(lastHour[warehouse.CustomEvent]), "event", "events"))
	}
	if !v.counted {
		v.lead = "Counting the last 7 days"
	}
	minuteLabel := func(i int) string {
		return time.Unix((thisMinute-liveMinutes+1+int64(i))*60, 0).UTC().Format("15:04")
	}
	hourLabel := func(i int) string {
		return time.Unix((thisHour-liveHours+1+int64(i))*3600, 0).UTC().Format("Mon 2 Jan 15:04")
	}
	v.minutes, v.hours = openChart.minutes(minutes, minuteLabel), openChart.hours(hours, hourLabel)
	v.webMinutes, v.webHours = webChart.minutes(minutes, minuteLabel), webChart.hours(hours, hourLabel)
	v.pages = pageSection("pages", "Top pages", "PAGE", k.pages)
	v.referrers = pageSection("referrers", "Top referrers", "REFERRER", k.referrers)
	for _, o := range slices.Backward(k.last) {
		if o.resolved {
			v.opened = append(v.opened, o.row())
		}
	}
	for _, visit := range slices.Backward(k.visits) {
		v.visited = append(v.visited, visit.row())
	}
	v.render()
	return v
}

func (c *chart) minutes(tallies []warehouse.LiveTally, label func(int) string) report.Section {
	return c.section("minutes", c.title+" per minute, the last hour", "MINUTE", "60 minutes ago", tallies, label)
}

func (c *chart) hours(tallies []warehouse.LiveTally, label func(int) string) report.Section {
	return c.section("hours", c.title+" per hour, 7 days", "HOUR", "7 days ago", tallies, label)
}

// section has a chart, and the numbers in it, the latest first.
func (c *chart) section(id, title, step, begin string, tallies []warehouse.LiveTally, label func(int) string) report.Section {
	figure := &report.Columns{Title: title, Parts: c.parts, Axis: []string{begin, "now"}}
	table := &report.Table{Header: append([]string{step}, c.header...), Right: []int{1, 2, 3}, Hidden: true}
	for i := range tallies {
		figure.Items = append(figure.Items, report.Column{Label: label(i), N: tallies[i][c.first : int(c.first)+len(c.parts)]})
	}
	for _, item := range slices.Backward(figure.Items) {
		table.Rows = append(table.Rows, []report.Cell{text(item.Label), count(item.N[0]), count(item.N[1]), count(item.N[2])})
	}
	return report.Section{ID: c.id + id, Title: title, Figure: figure, Table: table}
}

// pageSection is a list of pages with their views.
func pageSection(id, title, of string, pages []pageCount) report.Section {
	table := &report.Table{Header: []string{of, "SITE", "VIEWS"}, Right: []int{2}}
	for _, p := range pages {
		table.Rows = append(table.Rows, []report.Cell{text(p.Host + p.Path), text(siteName(p.Site)), count(p.views)})
	}
	return report.Section{ID: id, Title: title + ", 7 days", Table: table}
}

// siteName returns the name of a site as a page shows it.
func siteName(site string) string {
	if site == "" {
		return "(not configured)"
	}
	return site
}

// sections returns the sections of the page, for a role.
func (v *liveView) sections(role Role) []report.Section {
	opened, visited, _ := v.since(0, role)
	last := report.Section{ID: "opened", Title: "Latest opens; a sample if there are many", Wide: true, Table: opened}
	if !v.web {
		return []report.Section{v.minutes, v.hours, last}
	}
	lastWeb := report.Section{ID: "visited", Title: "Latest page views and events; a sample if there are many", Wide: true, Table: visited}
	return []report.Section{v.minutes, v.webMinutes, v.hours, v.webHours, v.pages, v.referrers, last, lastWeb}
}

// render renders the parts that the streams send.
func (v *liveView) render() {
	figures, lists, tables := map[string]string{"lead": v.lead}, map[string]string{}, map[string]string{}
	charts := []*report.Section{&v.minutes, &v.hours}
	if v.web {
		charts = append(charts, &v.webMinutes, &v.webHours)
		lists[v.pages.ID], lists[v.referrers.ID] = rowsHTML(v.pages.Table), rowsHTML(v.referrers.Table)
	}
	for _, section := range charts {
		figures[section.ID] = report.FigureHTML(section.ID, section.Figure)
		tables[section.ID] = rowsHTML(section.Table)
	}
	v.figures, v.lists, v.tables = asJSON(figures), asJSON(lists), asJSON(tables)
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

// current returns the last view, or nil, and a channel that is closed when
// another one is there.
func (l *live) current() (*liveView, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.view, l.next
}
