package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

// Of returns the report on a campaign. The same data gives the same document.
func Of(d *Data) *Document {
	r := d.Numbers
	doc := &Document{Title: r.Campaign, Subtitle: subtitle(d), Lead: lead(r), Beside: against(r, d.Earlier)}
	add := func(s Section, show bool) {
		if show {
			doc.Sections = append(doc.Sections, s)
		}
	}
	add(result(r), true)
	add(messages(r), r.Sends > 0)
	add(limits(r), true)
	curve, heat := d.curve(), d.heat()
	add(timeSection(d, curve), r.OpensTotal > 0)
	if heat != nil {
		add(Section{
			ID: "week", Title: "On which weekday, at which hour", Figure: heat, Table: heatTable(heat),
			Text: []string{"First opens by people, by the clocks of " + heat.Zone + "."},
		}, true)
	}
	add(sliced("providers", "Mailbox providers", "Recipients' mailbox provider", d.Providers, false))
	add(sliced("clients", "Mail clients", "Mail client", d.Clients, false))
	add(sliced("countries", "Countries", "Country", d.Countries, true))
	add(answers(r), r.Delivered > 0)
	add(filtered(d), len(r.Classes) > 0)
	add(trust(d), true)
	add(Section{ID: "next", Title: "What to do next", Steps: nextSteps(d)}, true)
	return doc
}

func subtitle(d *Data) string {
	parts := []string{"id " + strconv.FormatUint(d.Numbers.CampaignID, 10)}
	if last := d.Numbers.LastOpenAt; last != nil {
		parts = append(parts, "last open "+moment(*last, d.zone()))
	}
	return strings.Join(parts, " · ")
}

// estimateText says in a few words what an estimate is.
var estimateText = map[string]string{
	"overall":            "the one to quote",
	"bounds":             "if every verdict is right and every open loads its image",
	"hubspot":            "MPP-adjusted open rate: without the messages that only Apple Mail fetched",
	"strict":             "messages that no Apple Mail fetched",
	"visible_recipients": "recipients whose mail no Apple Mail fetched for 90 days",
	"visible_lambda":     "they, and the others 0.75 to 1.33 times as often",
	"clicks":             "from the share of clicked messages that loaded the image",
}

func result(r *warehouse.Report) Section {
	overall, bounds := r.Estimate("overall"), r.Estimate("bounds")
	s := Section{ID: "result", Title: "Open rate"}
	if r.Measured > 0 && !r.SentUnknown() {
		s.Figure = &Band{Point: overall.Rate, Low: overall.Low, High: overall.High, Certain: bounds.Low, Most: bounds.High}
		s.Text = append(s.Text, fmt.Sprintf("Certain: %s of %s measured messages (%s) were opened, clicked or answered by a person. Another %s may hide an open.",
			output.Count(r.ConfirmedUniqueOpens), output.Count(r.Measured), output.Percent(ratio(r.ConfirmedUniqueOpens, r.Measured)), hiding(r)))
	}
	if overall.Rate != nil && overall.Assumption != "" {
		s.Text = append(s.Text, "The estimate holds if "+strings.TrimSuffix(overall.Assumption, ".")+".")
	}
	t := &Table{Header: []string{"ESTIMATE", "RATE", "LOW", "HIGH", "MESSAGES", "MEANING"}, Right: []int{1, 2, 3, 4}}
	for _, name := range []string{"overall", "bounds", "hubspot", "strict", "visible_recipients", "visible_lambda", "clicks"} {
		if e := r.Estimate(name); e.Rate != nil || e.Low != nil {
			t.Rows = append(t.Rows, []Cell{text(name), share(e.Rate), share(e.Low), share(e.High), count(e.N), text(estimateText[name])})
		}
	}
	if len(t.Rows) == 0 {
		return s
	}
	s.Table = t
	return s
}

// hiding returns the number of messages that may hide an open.
func hiding(r *warehouse.Report) string {
	n := r.MPPOnly + r.UnknownOnly
	return fmt.Sprintf("%s (%s)", output.Count(n), output.Percent(ratio(n, r.Measured)))
}

// limits says what the numbers cannot know, and what weakens these.
func limits(r *warehouse.Report) Section {
	s := Section{ID: "unknown", Title: "What is not known"}
	s.Text = append(s.Text, "An open is no reading: a person who reads without images, or a summary of the mail, is not seen.")
	if r.MPPOnly > 0 && !r.SentUnknown() {
		s.Text = append(s.Text, fmt.Sprintf("%s (%s of measured): Apple Mail fetched the image by itself, opened or not.",
			output.Plural(int(r.MPPOnly), "message", "messages"), output.Percent(ratio(r.MPPOnly, r.Measured))))
	}
	for _, w := range warningsOf(r) {
		s.Steps = append(s.Steps, "warning: "+w.Text)
	}
	return s
}

func messages(r *warehouse.Report) Section {
	unseen := r.Measured - min(r.Measured, r.ReliableUniqueOpens+r.MPPOnly+r.UnknownOnly)
	s := Section{ID: "messages", Title: "Where the messages went", Figure: &Stack{[]Part{
		{"opened by a person", r.ReliableUniqueOpens, Certain},
		{"Apple Mail hides it", r.MPPOnly, Masked},
		{"unknown client", r.UnknownOnly, Unknown},
		{"no open seen", unseen, Nothing},
		{"not measured", r.Delivered - min(r.Delivered, r.Measured), Apart},
		{"bounced", r.Bounced, Apart},
	}}}
	t := &Table{Header: []string{"MESSAGES", "COUNT", "SHARE", "OF"}, Right: []int{1, 2}}
	t.Rows = append(t.Rows, []Cell{text("sends"), count(r.Sends), {}, {}})
	for _, row := range []struct {
		name    string
		n, base uint64
		of      string
	}{
		{"delivered", r.Delivered, r.Sends, "sends"},
		{"measured", r.Measured, r.Delivered, "delivered"},
		{"unique opens", r.UniqueOpens, r.Measured, "measured"},
		{"bot-filtered unique opens", r.BotFilteredUniqueOpens, r.Measured, "measured"},
		{"reliable unique opens", r.ReliableUniqueOpens, r.Measured, "measured"},
		{"confirmed unique opens", r.ConfirmedUniqueOpens, r.Measured, "measured"},
		{"Apple Mail only", r.MPPOnly, r.Measured, "measured"},
		{"unknown only", r.UnknownOnly, r.Measured, "measured"},
	} {
		if r.SentUnknown() {
			row.base = 0
		}
		t.Rows = append(t.Rows, []Cell{text(row.name), count(row.n), share(ratio(row.n, row.base)), text(row.of)})
	}
	s.Table = t
	return s
}

func timeSection(d *Data, c *Curve) Section {
	s := Section{ID: "time", Title: "When it was opened"}
	r := d.Numbers
	if c != nil {
		s.Figure, s.Table = c, curveTable(c)
		if c.HalfLife > 0 {
			s.Text = append(s.Text, "Half of the opens by people came within "+hours(c.HalfLife)+" of the send.")
		}
		s.Text = append(s.Text, earlierHalves(d)...)
	} else {
		s.Text = append(s.Text, "The time since the send is not known: register sent_at, or send with --send-at.")
	}
	s.Text = append(s.Text, "First open by a person: "+at(r.FirstReliableOpenAt, d.zone()).Text+"; last: "+at(r.LastReliableOpenAt, d.zone()).Text+".")
	return s
}

// earlierHalves compares the time in which half of the opens came.
func earlierHalves(d *Data) []string {
	var parts []string
	for _, e := range d.Earlier {
		if e.Opened != nil && e.Opened.Messages >= few {
			parts = append(parts, fmt.Sprintf("%s (%s)", hours(halfLife(e.Opened)), e.Campaign))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return []string{"Earlier campaigns: half within " + strings.Join(parts, ", ") + "."}
}

func curveTable(c *Curve) *Table {
	t := &Table{Header: []string{"SINCE SEND", "SHARE"}, Right: []int{1}, Hidden: true}
	for _, p := range c.Points {
		t.Rows = append(t.Rows, []Cell{{Text: hours(p.Hours), Raw: strconv.FormatFloat(p.Hours, 'g', 6, 64)}, share(&p.Share)})
	}
	return t
}

func heatTable(h *Heat) *Table {
	t := &Table{Header: []string{"HOUR"}, Hidden: true}
	for d, day := range weekdays {
		t.Header, t.Right = append(t.Header, strings.ToUpper(day)), append(t.Right, d+1)
	}
	for hour := range 24 {
		row := []Cell{text(fmt.Sprintf("%02d", hour))}
		for d := range h.Cells {
			row = append(row, count(h.Cells[d][hour]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// shownSlices bounds the bars of a dimension; the rest is one bar.
const shownSlices = 9

// sliced is a section of messages by a dimension, the most frequent value first,
// what cannot be told last.
func sliced(id, title, column string, of []warehouse.ValueCount, countries bool) (Section, bool) {
	var untold, total, rest uint64
	var known []warehouse.ValueCount
	for _, s := range of {
		total += s.ReliableUniqueOpens
		if s.Value == "" || s.Value == "unknown" || s.Value == "none" || s.Value == warehouse.CannotBeTold || strings.HasPrefix(s.Value, "unknown behind ") {
			untold += s.ReliableUniqueOpens
		} else if s.ReliableUniqueOpens > 0 {
			known = append(known, s)
		}
	}
	if total == 0 {
		return Section{}, false
	}
	slices.SortStableFunc(known, func(a, b warehouse.ValueCount) int {
		return cmp.Or(cmp.Compare(b.ReliableUniqueOpens, a.ReliableUniqueOpens), strings.Compare(a.Value, b.Value))
	})
	others := 0
	if len(known) > shownSlices {
		for _, s := range known[shownSlices-1:] {
			rest += s.ReliableUniqueOpens
			others++
		}
		known = known[:shownSlices-1]
	}
	bars := &Bars{Of: "Messages opened by a person, by " + strings.ToLower(column[:1]) + column[1:]}
	add := func(label string, n uint64, uncertain bool) {
		bars.Items = append(bars.Items, Bar{label, n, ratio(n, total), uncertain})
	}
	for _, s := range known {
		add(s.Value, s.ReliableUniqueOpens, false)
	}
	if rest > 0 {
		add(fmt.Sprintf("%d others", others), rest, false)
	}
	if untold > 0 || countries {
		add(warehouse.CannotBeTold, untold, true)
	}
	s := Section{ID: id, Title: title, Figure: bars, Text: []string{"Messages opened by a person, each by its first such open."}}
	if countries {
		s.Text = []string{"Messages opened by a person. Behind the image proxies of Gmail, Yahoo and others the country is the proxy's and cannot be told."}
	}
	return s, true
}

func answers(r *warehouse.Report) Section {
	t := &Table{Header: []string{"AFTER DELIVERY", "COUNT", "SHARE", "OF"}, Right: []int{1, 2}}
	known := false
	for _, row := range []struct {
		name    string
		n, base uint64
		of      string
	}{
		{"clicked", r.Clicked, r.Delivered, "delivered"},
		{"replied", r.Replied, r.Delivered, "delivered"},
		{"complained", r.Complained, r.Delivered, "delivered"},
		{"unsubscribed", r.Unsubscribed, r.Delivered, "delivered"},
		{"bounced", r.Bounced, r.Sends, "sends"},
	} {
		known = known || row.n > 0
		t.Rows = append(t.Rows, []Cell{text(row.name), count(row.n), share(ratio(row.n, row.base)), text(row.of)})
	}
	s := Section{ID: "answers", Title: "Clicks and bounces"}
	if !known {
		s.Text = []string{"No click, reply or bounce is known. Import them from your mail provider: they show how many opens load no image."}
		return s
	}
	s.Table = t
	return s
}

// counted are the classes of opens that are, or may be, a person's.
var counted = []string{"human_direct", "proxy_human", "unknown"}

func filtered(d *Data) Section {
	r := d.Numbers
	t := &Table{Header: []string{"CLASS", "OPENS", "MESSAGES", "MEANING"}, Right: []int{1, 2}}
	var machine, all uint64
	for _, k := range r.Classes {
		all += k.OpensTotal
		if !slices.Contains(counted, k.Class) {
			machine += k.OpensTotal
		}
		t.Rows = append(t.Rows, []Cell{text(k.Class), count(k.OpensTotal), count(k.UniqueOpens), text(classMeaning[k.Class])})
	}
	t.Rows = append(t.Rows, []Cell{text("all"), count(r.OpensTotal), count(r.UniqueOpens), {}})
	s := Section{ID: "filtered", Title: "What was filtered, and why", Table: t}
	s.Text = []string{fmt.Sprintf("%s of %s were fetched by machines and count for no person.",
		output.Count(machine), output.Plural(int(all), "open", "opens"))}
	if bars := reasons(d.Reasons); bars != nil {
		s.Figure = bars
	}
	return s
}

// reasons are the rules that decided, by messages.
func reasons(of []warehouse.ValueCount) *Bars {
	sorted := slices.Clone(of)
	slices.SortStableFunc(sorted, func(a, b warehouse.ValueCount) int {
		return cmp.Or(cmp.Compare(b.UniqueOpens, a.UniqueOpens), strings.Compare(a.Value, b.Value))
	})
	bars := &Bars{Of: "Messages by the rule that judged their first open"}
	for _, s := range sorted {
		if s.UniqueOpens > 0 && len(bars.Items) < shownSlices {
			bars.Items = append(bars.Items, Bar{Label: s.Value, N: s.UniqueOpens, Uncertain: s.ReliableUniqueOpens == 0})
		}
	}
	if len(bars.Items) == 0 {
		return nil
	}
	return bars
}

func trust(d *Data) Section {
	r := d.Numbers
	s := Section{ID: "trust", Title: "Can I trust it"}
	t := &Table{Header: []string{"QUESTION", "FINDING", "ASK"}}
	row := func(question, finding, ask string) {
		t.Rows = append(t.Rows, []Cell{text(question), text(finding), text(ask)})
	}
	row("is every event accounted for?", "ask the audit", "glint audit")
	row("requests with a bad token, 7 days", output.Count(r.BadTokens), "glint keys list")
	row("messages with a time of sending", output.Percent(ratio(r.SendsWithTime, r.Sends)), "glint send register --send-at TIME")
	if d.Ruleset > 0 {
		row("version of the rules", strconv.Itoa(d.Ruleset), "glint classify --explain")
	}
	for _, l := range d.Lists {
		finding := "missing"
		if !l.Date.IsZero() {
			finding = "of " + l.Date.UTC().Format(time.DateOnly)
		}
		row("list of networks: "+l.Name, finding, "glint networks list")
	}
	for _, v := range []struct{ text, view string }{
		{"these numbers", "campaign_report"}, {"the estimates", "campaign_estimates"}, {"the opens by class", "opens_by_class"},
	} {
		s.Steps = append(s.Steps, fmt.Sprintf("SQL for %s: SELECT * FROM %s WHERE campaign_id = %d", v.text, v.view, r.CampaignID))
	}
	s.Table = t
	return s
}

func nextSteps(d *Data) (steps []string) {
	r, name := d.Numbers, output.Quote(d.Numbers.Campaign)
	add := func(show bool, format string, args ...any) {
		if show {
			steps = append(steps, fmt.Sprintf(format, args...))
		}
	}
	add(r.OpensTotal > 0, "List the openers: glint openers %s --format csv", name)
	add(r.Measured > r.ReliableUniqueOpens, "List the recipients who did not open: glint nonopeners %s --likely --format csv", name)
	add(len(d.Earlier) > 0, "Compare with an earlier campaign: glint report %s %s", earlierName(d), name)
	add(slices.Contains(r.Weaknesses, "no_clicks"), "Import clicks and bounces, which narrows the range: glint send import FILE")
	add(r.Sends > r.SendsWithTime, "Register the time of sending: glint send register --campaign %s --send-at TIME …", name)
	add(r.Unplaced > 0, "Fetch Apple's list of networks: glint networks update")
	add(r.Sends > 0 && r.OpensTotal == 0, "Look whether the mail holds the pixel: glint lint mail.eml")
	add(r.Sends == 0, "Register the recipients: glint send register --campaign %s --file recipients.csv --output urls.csv", name)
	add(true, "Hand this report on as a page: glint report %s --format html --output report.html", name)
	return steps
}

func earlierName(d *Data) string {
	if len(d.Earlier) == 0 {
		return ""
	}
	return output.Quote(d.Earlier[0].Campaign)
}
