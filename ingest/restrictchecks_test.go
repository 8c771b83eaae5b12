package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"glint/edge/event"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// The checks of the test of restricted messages.

// checkUnheeded registers as a program that read the registered messages before
// another one restricted them: its URLs would say too much, so it is refused.
func (l *restriction) checkUnheeded(t *testing.T) {
	t.Helper()
	var file strings.Builder
	file.WriteString("recipient\n")
	for _, c := range l.cases {
		if c.cause == "column" {
			file.WriteString(c.recipient + "\n")
		}
	}
	recipients, err := sends.ReadRecipients(strings.NewReader(file.String()), sends.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	campaign, err := l.w.CampaignNamed(t.Context(), "column")
	if err != nil {
		t.Fatal(err)
	}
	b := &sends.Batch{Recipients: recipients, BaseURL: "https://pixel.example.com", Style: sends.StyleToken, Ring: testRing(t), Campaign: campaign}
	if err := errors.Join(b.Decide(&sends.Consent{}), b.Derive()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Register(t.Context(), l.w, func(int) {}); !errors.Is(err, sends.ErrRestricted) {
		t.Errorf("registered by a file: %v", err)
	}
}

// damaged posts lines whose tokens lost their end.
func (l *restriction) damaged(t *testing.T) {
	t.Helper()
	var body strings.Builder
	for _, c := range l.cases {
		if c.url == "" || c.cause == "uuid" {
			continue
		}
		line := l.line(c, time.Minute)
		var e event.Event
		if err := e.Parse(strings.TrimSuffix(line, "\n")); err != nil {
			t.Fatal(err)
		}
		e.Token, e.Path, e.TokenStatus = e.Token[:50], "", event.TokenBad
		body.Write(append(e.AppendJSON(nil), '\n'))
	}
	l.send(t, "live", body.String())
}

// messageRows are the rows of one message in the table opens.
type messageRows struct {
	Events, Personal, Agents int
}

// checkRows waits until each message has the rows that its mode allows, of so
// many lines. A line that came while the service did not know is swept later.
func (l *restriction) checkRows(t *testing.T, mode func(*restricted) warehouse.Tracking, lines int) {
	t.Helper()
	want := map[string]messageRows{}
	for _, c := range l.cases {
		switch {
		case mode(c) == warehouse.Identified:
			want[c.message] = messageRows{lines, lines, lines}
		case mode(c) == warehouse.Pseudonymous:
			want[c.message] = messageRows{lines, 0, lines}
		}
	}
	got := map[string]messageRows{}
	differs := func() string {
		clear(got)
		for line := range strings.Lines(l.engine.query(t, `SELECT message_id, uniqExact(event_id) AS Events,
			countIf(ip != toIPv6('::') OR region != '' OR referer_host != '' OR ja4 != '' OR path != '' OR extra != '') AS Personal,
			countIf(user_agent != '') AS Agents FROM glint.opens FINAL GROUP BY message_id FORMAT JSONEachRow SETTINGS output_format_json_quote_64bit_integers = 0`)) {
			var row struct {
				MessageID string `json:"message_id"`
				messageRows
			}
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			got[row.MessageID] = row.messageRows
		}
		var all []string
		for _, c := range l.cases {
			if got[c.message] != want[c.message] {
				all = append(all, fmt.Sprintf("%s, %s then %s: %+v, want %+v", c.cause, c.old, c.new, got[c.message], want[c.message]))
			}
		}
		return strings.Join(all, "\n")
	}
	text := ""
	defer func() {
		if text != "" {
			t.Log(text)
		}
	}()
	eventually(t, "each message to have the rows of its mode", func() bool {
		text = differs()
		return text == "" && maps.Equal(got, want)
	})
}

// checkNothingElse looks for what a mode forbids in all other tables, for the
// dates that last_open keeps, and for how messages are registered.
func (l *restriction) checkNothingElse(t *testing.T) {
	t.Helper()
	registered := l.pairs(t, "SELECT toString(message_id), toString(tracking) FROM glint.sends FINAL")
	personal := l.pairs(t, `SELECT referer_host, toString(count()) FROM (
		SELECT referer_host FROM glint.opens UNION ALL SELECT referer_host FROM glint.unresolved_opens UNION ALL SELECT referer_host FROM glint.bad_tokens)
		GROUP BY referer_host`)
	for _, c := range l.cases {
		if got := registered[c.message]; got != c.want().String() {
			t.Errorf("%s, %s then %s: it is registered as %s", c.cause, c.old, c.new, got)
		}
		if rows := personal[c.name()]; (rows != "") != (c.want() == warehouse.Identified) {
			t.Errorf("%s, %s then %s: %q rows have its referer", c.cause, c.old, c.new, rows)
		}
	}
	want := map[string]string{}
	for _, c := range l.cases {
		if c.want() == warehouse.LastOpen {
			want[c.message] = l.at.Add(-time.Hour).Format(time.DateOnly)
		}
	}
	eventually(t, "the date of the last open of each recipient with a message of the mode last_open, and of no other", func() bool {
		return maps.Equal(want, l.pairs(t, `SELECT toString(message_id), toString(max(opened_on)) FROM glint.last_opens
			INNER JOIN (SELECT message_id, recipient_key FROM glint.sends FINAL) AS messages USING (recipient_key) GROUP BY message_id`))
	})
}

// pairs returns the answer to a query for two texts a row.
func (l *restriction) pairs(t *testing.T, sql string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(l.engine.query(t, sql)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "\t")
		all[key] = value
	}
	return all
}

// campaigns returns the campaigns of the cases.
func (l *restriction) campaigns() (names []string) {
	for _, c := range l.cases {
		if name := c.campaign(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (l *restriction) campaignID(t *testing.T, name string) uint64 {
	t.Helper()
	campaign, err := l.w.CampaignNamed(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return campaign.ID
}

// checkNumbers checks that no number counts more than is measured, and that the
// parts of a number sum up to it.
func (l *restriction) checkNumbers(t *testing.T) {
	t.Helper()
	for _, name := range l.campaigns() {
		id := l.campaignID(t, name)
		if text := l.engine.query(t, fmt.Sprintf(`SELECT * FROM (
			SELECT campaign, unique_opens <= measured AS a, bot_filtered_unique_opens <= measured AS b,
				measured > 0 OR mpp_adjusted_open_rate IS NULL AND open_rate_low IS NULL AND open_rate_high IS NULL AS c,
				measured = (SELECT countIf(tracking IN ('identified', 'pseudonymous')) FROM glint.sends FINAL WHERE campaign_id = %[1]d) AS d,
				unique_opens = (SELECT countIf(opens > 0 AND registered) FROM glint.messages WHERE campaign_id = %[1]d) AS e,
				(SELECT countIf(NOT measured AND opens > 0) FROM glint.messages WHERE campaign_id = %[1]d) = 0 AS f,
				opens_total = (SELECT sum(opens_total) FROM glint.opens_by_class WHERE campaign_id = %[1]d) AS g,
				opens_total = (SELECT sum(opens) FROM glint.opens_by_quarter_hour WHERE campaign_id = %[1]d) AS h,
				unique_opens = (SELECT sum(unique_opens) FROM glint.opens_by_country WHERE campaign_id = %[1]d) AS i,
				unique_opens = (SELECT sum(unique_opens) FROM glint.opens_by_provider WHERE campaign_id = %[1]d) AS j
			FROM glint.campaign_report WHERE campaign_id = %[1]d)
			WHERE NOT (a AND b AND c AND d AND e AND f AND g AND h AND i AND j)`, id)); text != "" {
			t.Errorf("%s: %s", name, text)
		}
		r, err := l.w.ReportOfID(t.Context(), id, false)
		if err != nil {
			t.Fatal(err)
		}
		if r.UniqueOpens > r.Measured {
			t.Errorf("%s: the report has %d unique opens of %d measured messages", name, r.UniqueOpens, r.Measured)
		}
	}
}
