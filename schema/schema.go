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
	"strings"
)

// FS holds migrations/*.sql (for goose), views/*.sql and queries/*.sql.
//
//go:embed migrations/*.sql views/*.sql queries/*.sql
var FS embed.FS

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
}

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
		"opens_by_class",
		"opens_by_client",
		"opens_by_country",
		"opens_by_dimension",
		"opens_by_provider",
		"opens_by_quarter_hour",
		"page_views",
		"page_views_by_day",
		"recipient_recency",
		"time_to_open",
		"top_pages",
		"top_referrers",
		"unique_opens",
		"web_campaigns",
	}
}

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
