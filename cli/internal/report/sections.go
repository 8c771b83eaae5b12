package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

// Of returns the report on a campaign. The same data gives the same document.
func Of(d *Data) *Document {
	doc := First(d)
	doc.Beside = append(doc.Beside, against(d.Numbers, d.Earlier)...)
	doc.Sections = append(doc.Sections, rest(d)...)
	return doc
}

// First returns the report as far as d.Numbers has it: the result.
func First(d *Data) *Document {
	r := d.Numbers
	doc := &Document{Title: r.Campaign, Subtitle: subtitle(d), Lead: lead(r), Beside: slices.Concat(incomplete(d), age(r), unseen(r))}
	doc.Sections = append(doc.Sections, result(r))
	if r.Sends > 0 {
		doc.Sections = append(doc.Sections, messages(r))
	}
	doc.Sections = append(doc.Sections, limits(r))
	return doc
}

// Rest returns the sections that First lacks. The comparison with earlier campaigns
// is one of them.
func Rest(d *Data) []Section {
	sections := rest(d)
	if text := against(d.Numbers, d.Earlier); len(text) > 0 {
		sections = append([]Section{{ID: "earlier", Title: "Beside earlier campaigns", Text: text}}, sections...)
	}
	return sections
}

func rest(d *Data) (sections []Section) {
	r := d.Numbers
	add := func(s Section, show bool) {
		if show {
			sections = append(sections, s)
		}
	}
	curve, heat := d.curve(), d.heat()
	add(timeSection(d, curve), r.OpensTotal > 0)
	if heat != nil {
		add(Section{
			ID: "week", Title: "On which weekday, at which hour", Figure: heat, Table: heatTable(heat),
			Text: []string{heatText(heat)},
		}, true)
	}
	add(sliced("providers", "Mailbox providers", "Recipients' mailbox provider", d.Providers, false))
	add(sliced("clients", "Mail clients", "Mail client", d.Clients, false))
	add(sliced("countries", "Countries", "Country", d.Countries, true))
	add(answers(r), r.Delivered > 0)
	add(filtered(d), len(r.Classes) > 0)
	add(trust(d), true)
	add(Section{ID: "next", Title: "What to do next", Steps: nextSteps(d)}, true)
	return sections
}

func subtitle(d *Data) string {
	r := d.Numbers
	var parts []string
	for _, t := range []struct {
		name string
		at   *time.Time
	}{{"sent", r.LastSentAt}, {"last open", r.LastOpenAt}, {"counted", &r.ComputedAt}} {
		if t.at != nil && !t.at.IsZero() {
			parts = append(parts, t.name+" "+moment(*t.at, d.zone()))
		}
	}
	return strings.Join(append(parts, "id "+strconv.FormatUint(r.CampaignID, 10)), " · ")
}

// estimateText maps the names of estimates to short explanations.
var estimateText = map[string]string{
	"bounds":             "from certain to possible, if every verdict is right and every open loads its image",
	"hubspot":            "as HubSpot computes it (MPP-adjusted): without the messages that only Apple Mail fetched; sampling error only",
	"strict":             "messages that Apple Mail did not fetch; sampling error only",
	"visible_recipients": "recipients whose mail Apple Mail did not fetch, now or in 90 days; sampling error only",
	"visible_lambda":     "as visible_recipients, if the other recipients open less or more often",
	"clicks":             "from the share of clicked messages that loaded the image",
}

func result(r *warehouse.Report) Section {
	overall, bounds := r.Estimate("overall"), r.Estimate("bounds")
	s := Section{ID: "result", Title: "Open rate"}
	if r.Measured > 0 && !r.SentUnknown() {
		s.Figure = &Band{Point: overall.Rate, Low: overall.Low, High: overall.High, Certain: bounds.Low, Most: bounds.High}
		certain := fmt.Sprintf("Certain: %s of %s measured messages (%s) were opened, clicked or answered by a person.",
			output.Count(r.ConfirmedUniqueOpens), output.Count(r.Measured), output.Percent(ratio(r.ConfirmedUniqueOpens, r.Measured)))
		if n := hidden(r); n > 0 {
			certain += fmt.Sprintf(" Of another %s (%s) a machine fetched the image in a way that may hide an open.", output.Count(n), output.Percent(ratio(n, r.Measured)))
		}
		s.Text = append(s.Text, certain+" An open that loads no image leaves no trace.")
	}
	if overall.Rate != nil && overall.Assumption != "" {
		s.Text = append(s.Text, "The estimate holds if "+strings.TrimSuffix(overall.Assumption, ".")+".")
	}
	t := &Table{Header: []string{"ESTIMATE", "RATE", "LOW", "HIGH", "SAMPLE", "MEANING"}, Right: []int{1, 2, 3, 4}}
	for _, name := range []string{"overall", "bounds", "hubspot", "strict", "visible_recipients", "visible_lambda", "clicks"} {
		if e := r.Estimate(name); e.Rate != nil || e.Low != nil {
			meaning := estimateText[name]
			if name == "overall" {
				meaning = quotable(r, &e)
			}
			t.Rows = append(t.Rows, []Cell{text(name), share(e.Rate), share(e.Low), share(e.High), count(e.N), text(meaning)})
		}
	}
	if len(t.Rows) == 0 {
		return s
	}
	s.Table = t
	return s
}

// quotable returns whether to quote the estimate overall, in agreement with the lead.
func quotable(r *warehouse.Report, overall *warehouse.Estimate) string {
	switch {
	case overall.Rate == nil:
		return "no single rate can be told: quote the range"
	case noFetch(r):
		return "not to be quoted yet: no pixel was fetched"
	case r.Measured < few:
		return "not to be quoted: too few messages"
	}
	return "the one to quote"
}

// hidden returns the number of messages with an undecidable state: Apple Mail or an
// unknown client fetched them, and no person is known to have opened, clicked or
// answered them.
func hidden(r *warehouse.Report) uint64 {
	n := r.MPPOnly + r.UnknownOnly
	if most := r.Estimate("bounds").High; most != nil {
		possible := uint64(math.Round(*most * float64(r.Measured)))
		n = possible - min(possible, r.ConfirmedUniqueOpens)
	}
	return n
}

// limits returns the section about the limits of all numbers, and the weaknesses of these.
func limits(r *warehouse.Report) Section {
	s := Section{ID: "unknown", Title: "What is not known"}
	s.Text = append(s.Text, "An open does not prove that a person read the mail. A person who reads it without images, or reads a summary of it, is not seen.")
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
	confirmed, hides := max(r.ConfirmedUniqueOpens, r.ReliableUniqueOpens), hidden(r)
	unknown := min(r.UnknownOnly, hides) // some of them may have been clicked
	s := Section{ID: "messages", Title: "Where the messages went", Figure: &Stack{[]Part{
		{"opened by a person", r.ReliableUniqueOpens, Certain},
		{"clicked or answered", confirmed - r.ReliableUniqueOpens, Answered},
		{"Apple Mail hides it", hides - unknown, Masked},
		{"unknown client", unknown, Unknown},
		{"no open seen", r.Measured - min(r.Measured, confirmed+hides), Nothing},
		{"not measured", r.Delivered - min(r.Delivered, r.Measured), Apart},
		{"bounced", r.Bounced, Apart},
	}}}
	t := &Table{Header: []string{"MESSAGES", "COUNT", "SHARE", "OF", "MEANING"}, Right: []int{1, 2}}
	t.Rows = append(t.Rows, []Cell{text("sends"), count(r.Sends), {}, {}, text("registered, without tests")})
	for _, row := range []struct {
		name    string
		n, base uint64
		of      string
		meaning string
	}{
		{"delivered", r.Delivered, r.Sends, "sends", "not known to have bounced"},
		{"measured", r.Measured, r.Delivered, "delivered", "tracked individually"},
		{"unique opens", r.UniqueOpens, r.Sends, "sends", "fetched by any client, machines and bounced messages included"},
		{"bot-filtered unique opens", r.BotFilteredUniqueOpens, r.Measured, "measured", "without scanners and bots, with Apple Mail's own fetches"},
		{"reliable unique opens", r.ReliableUniqueOpens, r.Measured, "measured", "opened by a person"},
		{"confirmed unique opens", r.ConfirmedUniqueOpens, r.Measured, "measured", "opened, clicked or answered by a person"},
		{"Apple Mail only", r.MPPOnly, r.Measured, "measured", "Apple Mail fetched it, and no open by a person was seen"},
		{"unknown only", r.UnknownOnly, r.Measured, "measured", "only a client of unknown kind fetched it"},
	} {
		if r.SentUnknown() {
			row.base = 0
		}
		t.Rows = append(t.Rows, []Cell{text(row.name), count(row.n), share(ratio(row.n, row.base)), text(row.of), text(row.meaning)})
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
			s.Text = append(s.Text, "Half of the opens by people came within "+hours(c.HalfLife)+" of the send. The chart ends after "+hours(c.Hours)+
				", by when at least 95 % had come.")
		}
		s.Text = append(s.Text, earlierHalves(d)...)
	} else {
		s.Text = append(s.Text, noCurve(r))
	}
	s.Text = append(s.Text, "First open by a person: "+at(r.FirstReliableOpenAt, d.zone()).Text+"; last: "+at(r.LastReliableOpenAt, d.zone()).Text+".")
	return s
}

// noCurve returns the reason why there is no time since the send.
func noCurve(r *warehouse.Report) string {
	switch {
	case r.LastSentAt == nil:
		return "The time since the send is unknown: register sent_at, or register with --send-at."
	case r.ReliableUniqueOpens == 0:
		return "No open by a person was seen yet."
	}
	return "The times of the opens contradict those of their messages, so none is shown: an open before its URL was made, or after it was received."
}

// earlierHalves returns a sentence with the time in which half of the opens of earlier campaigns arrived.
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

func heatText(h *Heat) string {
	most, _, _ := h.most()
	return fmt.Sprintf("First opens by people, by the hour in %s. Darker means more: at most %s in an hour. A single campaign reflects its time of sending rather than the best hour.",
		h.Zone, output.Count(most))
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

// shownSlices is the maximum number of bars of a dimension; the rest is one bar.
const shownSlices = 9

// sliced returns a section of messages by a dimension: the most frequent value first,
// undecidable values last.
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
	s := Section{ID: id, Title: title, Figure: bars, Text: []string{"Messages opened by a person, each by its first such open, and the share. Opens that Apple Mail hides are not included."}}
	if countries {
		s.Text = []string{"Messages opened by a person. Behind the image proxies of Gmail, Yahoo and others, only the proxy's country is visible; the person's cannot be told."}
	}
	return s, true
}

func answers(r *warehouse.Report) Section {
	t := &Table{Header: []string{"AFTER DELIVERY", "COUNT", "SHARE", "OF"}, Right: []int{1, 2}}
	known, answered := false, r.Clicked+r.Replied+r.Complained+r.Unsubscribed > 0
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
		s.Text = []string{"No click, reply or bounce is known. Import them from your mail provider: they show the share of opens that load no image."}
		return s
	}
	if !answered {
		s.Text = []string{"No click or answer is known. If you have not imported any, import them: they show the share of opens that load no image."}
	}
	s.Table = t
	return s
}

// counted are the classes of opens that are, or may be, a person's.
var counted = []string{"human_direct", "proxy_human", "unknown"}

func filtered(d *Data) Section {
	r := d.Numbers
	t := &Table{Header: []string{"CLASS", "REQUESTS", "MESSAGES", "MEANING"}, Right: []int{1, 2}}
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
	s.Text = []string{fmt.Sprintf("%s of %s for the pixel came from machines and count for no person.",
		output.Count(machine), output.Plural(int(all), "request", "requests"))}
	if r.MPPOnly > 0 {
		s.Text[0] += " Those of Apple Mail may hide a person's open."
	}
	if bars := reasons(d.Reasons); bars != nil {
		s.Figure = bars
		s.Text = append(s.Text, "Messages by the rule that classified their first request; a filled bar is a rule for persons.")
	}
	return s
}

// reasons returns the chart of messages by the rule that decided.
func reasons(of []warehouse.ValueCount) *Bars {
	sorted := slices.Clone(of)
	slices.SortStableFunc(sorted, func(a, b warehouse.ValueCount) int {
		return cmp.Or(cmp.Compare(b.UniqueOpens, a.UniqueOpens), strings.Compare(a.Value, b.Value))
	})
	bars := &Bars{Of: "Messages by the rule that classified their first open"}
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
	row("is every event accounted for?", "not checked by a report", "glint audit")
	row("requests with a bad token, 7 days", output.Count(r.BadTokens), "glint keys list")
	row("messages with a time of sending", output.Percent(ratio(r.SendsWithTime, r.Sends)), "glint send register --send-at TIME")
	if d.Ruleset > 0 {
		row("version of the rules", strconv.Itoa(d.Ruleset), "glint classify --explain")
	}
	for _, l := range d.Lists {
		finding := "none (a CDN needs none)" // its lines name the network
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
	add(silentSince(r), "Check that opens still arrive: glint doctor URL-OF-THE-PIXEL")
	add(r.Measured > r.ReliableUniqueOpens, "List the recipients without an open, except those whom Apple Mail hides: glint nonopeners %s --format csv", name)
	add(len(d.Earlier) > 0, "Compare with an earlier campaign: glint report %s %s", earlierName(d), name)
	add(slices.Contains(r.Weaknesses, "no_clicks"), "Import clicks and bounces, which narrows the range: glint send import FILE")
	add(r.Sends > r.SendsWithTime, "Register the time of sending: glint send register --campaign %s --send-at TIME …", name)
	add(r.Unplaced > 0, "Fetch Apple's list of networks: glint networks update")
	add(r.Sends > 0 && r.OpensTotal == 0, "Check that the mail contains the pixel: glint lint mail.eml")
	add(r.Sends == 0, "Register the recipients: glint send register --campaign %s --file recipients.csv --output urls.csv", name)
	add(true, "Share this report as a page: glint report %s --format html --output report.html", name)
	return steps
}

func earlierName(d *Data) string {
	if len(d.Earlier) == 0 {
		return ""
	}
	return output.Quote(d.Earlier[0].Campaign)
}
