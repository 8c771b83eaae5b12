// Package schema holds the warehouse as SQL text: tables, views and queries of
// ClickHouse. README.md draws how they hang together.
//
// It only carries the text. Package migrate applies it to a database; the caller of a
// query brings the connection. Every file opens with its purpose,
// grain, units, engine and key, and stands for itself in ClickHouse's own
// dialect: nothing is templated, values are server-side parameters.
package schema

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// FS holds migrations/*.sql (for goose), views/*.sql and queries/*.sql.
//
//go:embed migrations/*.sql views/*.sql queries/*.sql
var FS embed.FS

//go:embed columns.txt
var columnText string

// ColumnComment returns the definition of a table's column, as columns.txt has it; ""
// for a column that it lacks.
func ColumnComment(table, column string) string {
	for _, name := range []string{table + "." + column, column} {
		if comment, ok := columnComments()[name]; ok {
			return comment
		}
	}
	return ""
}

// columnComments returns the lines of columns.txt, and the comments of the columns of
// campaign_report, which campaign_totals keeps.
var columnComments = sync.OnceValue(func() map[string]string {
	comments := map[string]string{}
	for _, match := range columnLine.FindAllStringSubmatch(mustRead("views/campaign_report.sql"), -1) {
		comments[match[1]] = match[2]
	}
	for line := range strings.Lines(columnText) {
		if name, comment, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.HasPrefix(line, "#") {
			comments[name] = comment
		}
	}
	return comments
})

// columnLine is a column of a view with its comment.
var columnLine = regexp.MustCompile(`(?m)^    ([a-z_]+) .* COMMENT '(.*)',?$`)

// View is one view of the database.
type View struct {
	Name string
	SQL  string // CREATE OR REPLACE VIEW …, without a COMMENT of the view
}

// Purpose returns the first line of the view's text: its definition in a
// sentence, for people who see the view in a tool of theirs.
func (v View) Purpose() string {
	line, _, _ := strings.Cut(v.SQL, "\n")
	return strings.TrimPrefix(line, "-- Purpose: ")
}

// Comment returns the view's comment for tools: its purpose, and the tables and views
// that it is computed from.
func (v View) Comment() string {
	return strings.TrimSuffix(v.Purpose(), ".") + ". Source: " + v.source()
}

// Create returns the statement that creates the view, with its comment and with the
// view's source in the comment of each of its columns.
func (v View) Create() string {
	head, body, _ := strings.Cut(v.SQL, "\n)\n")
	source := ". Source: " + v.source() + "'"
	lines := strings.Split(head, "\n")
	for i, line := range lines {
		if text, ok := strings.CutSuffix(strings.TrimSuffix(line, ","), "'"); ok && strings.Contains(line, " COMMENT '") {
			lines[i] = text + source + strings.TrimPrefix(line, text+"'")
		}
	}
	return strings.Join(lines, "\n") + "\n)\n" + body + "\nCOMMENT " + Literal(v.Comment())
}

// reading finds the tables and views that a query reads.
var reading = regexp.MustCompile(`\b(?:FROM|JOIN) ([a-z_]+)\b`)

// source names what the view reads: tables and views, or "constants".
func (v View) source() string {
	var names []string
	for line := range strings.Lines(v.SQL) {
		if strings.HasPrefix(line, "--") {
			continue
		}
		for _, match := range reading.FindAllStringSubmatch(line, -1) {
			if known := slices.Contains(viewOrder, match[1]) || slices.Contains(tables(), match[1]); known && !slices.Contains(names, match[1]) {
				names = append(names, match[1])
			}
		}
	}
	if len(names) == 0 {
		return "constants"
	}
	return strings.Join(names, ", ")
}

// creation finds the tables in the text of migrations.
var creation = regexp.MustCompile(`CREATE TABLE IF NOT EXISTS ([a-z_]+)`)

// tables returns the names of all tables.
var tables = sync.OnceValue(func() []string {
	var names []string
	paths, _ := fs.Glob(FS, "migrations/*.sql") // the pattern is right
	for _, path := range paths {
		for _, match := range creation.FindAllStringSubmatch(mustRead(path), -1) {
			names = append(names, match[1])
		}
	}
	return names
})

// Literal quotes a text of ours for SQL.
func Literal(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

// viewOrder names the views so that each stands after those it reads.
var viewOrder = []string{
	"campaign_names",
	"judgement_runs",
	"judged_opens",
	"judged_deliveries",
	"message_facts",
	"message_opens",
	"campaign_counts",
	"campaign_report",
	"campaign_snapshots",
	"snapshot_numbers",
	"snapshot_estimates",
	"snapshot_marks",
	"snapshot_breakdowns",
	"unique_opens",
	"bot_filtered_opens",
	"mpp_adjusted_opens",
	"opens_by_class",
	"mailbox_providers",
	"message_first_opens",
	"breakdown_counts",
	"opens_by_dimension",
	"opens_by_client",
	"opens_by_country",
	"opens_by_provider",
	"quarter_hour_counts",
	"opens_by_quarter_hour",
	"time_to_open",
	"recipient_recency",
	"campaign_starts",
	"recipient_history",
	"estimate_counts",
	"campaign_estimates",
	"named_bad_tokens",
	"campaign_bad_tokens",
	"page_views",
	"page_views_by_day",
	"top_pages",
	"top_referrers",
	"custom_events",
	"custom_event_properties",
	"web_campaigns",
	"aggregate_counts",
	"measured_and_rest",
	"resolvable_deliveries",
	"fate_order",
	"forbidden_last_opens",
	"messages",
	"message_events",
	"arrived_events",
	"arrived_web_events",
	"event_arrivals",
	"message_recipients",
}

// MailboxProvider returns the provider of a domain's mailboxes, as the view
// mailbox_providers lists it; "" for other domains.
func MailboxProvider(domain string) string { return mailboxProviders()[domain] }

// mailboxProviders returns the provider of each domain.
var mailboxProviders = sync.OnceValue(func() map[string]string {
	providers := map[string]string{}
	for _, match := range providerLine.FindAllStringSubmatch(mustRead("views/mailbox_providers.sql"), -1) {
		for domain := range strings.FieldsSeq(match[2]) {
			providers[domain] = match[1]
		}
	}
	return providers
})

// providerLine is a provider with its domains.
var providerLine = regexp.MustCompile(`(?m)^        \('([^']+)', '([^']+)'\)`)

// Views returns every view in the order of creation.
func Views() []View {
	views := make([]View, 0, len(viewOrder))
	for _, name := range viewOrder {
		views = append(views, View{Name: name, SQL: mustRead("views/" + name + ".sql")})
	}
	return views
}

// PublicViews returns the names of the views that people may read. The others,
// and all tables, hold recipients or are our own business.
func PublicViews() []string {
	return []string{
		"aggregate_counts",
		"bot_filtered_opens",
		"campaign_bad_tokens",
		"campaign_counts",
		"campaign_estimates",
		"campaign_names",
		"campaign_report",
		"campaign_snapshots",
		"campaign_starts",
		"custom_event_properties",
		"custom_events",
		"judgement_runs",
		"mailbox_providers",
		"measured_and_rest",
		"mpp_adjusted_opens",
		"named_bad_tokens",
		"opens_by_class",
		"opens_by_client",
		"opens_by_country",
		"opens_by_dimension",
		"opens_by_provider",
		"opens_by_quarter_hour",
		"page_views",
		"page_views_by_day",
		"recipient_recency",
		"snapshot_breakdowns",
		"snapshot_estimates",
		"snapshot_marks",
		"snapshot_numbers",
		"time_to_open",
		"top_pages",
		"top_referrers",
		"unique_opens",
		"web_campaigns",
	}
}

// AnalystViews returns the names of the views that an analyst may read: the public
// ones, and messages and events one by one, without recipients, addresses or keys.
func AnalystViews() []string {
	return append(PublicViews(), "arrived_events", "arrived_web_events", "event_arrivals", "message_events", "messages")
}

// OwnerViews returns the names of all views that people may read, recipients included.
func OwnerViews() []string { return append(AnalystViews(), "message_recipients") }

// Query returns the text of queries/<name>.sql. It panics on a name that is not
// there, which is an error of the program and not of its user.
func Query(name string) string { return mustRead("queries/" + name + ".sql") }

func mustRead(path string) string {
	text, err := fs.ReadFile(FS, path)
	if err != nil {
		panic(fmt.Sprintf("schema: %v", err))
	}
	return string(text)
}
