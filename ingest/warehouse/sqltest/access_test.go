package sqltest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/warehouse/enginetest"
	"glint/schema"
)

func TestReadersSeeThePublicViewsOnly(t *testing.T) {
	w := enginetest.Open(t)
	all := w.Text(t, enginetest.WarehouseUser, "SELECT name FROM system.tables WHERE database = currentDatabase()", nil)
	names := strings.Fields(all)
	refused := 0
	for _, name := range names {
		if slices.Contains(schema.PublicViews(), name) {
			w.Text(t, enginetest.ReaderUser, "SELECT * FROM "+name+" LIMIT 1", nil)
			continue
		}
		refused++
		if message := w.Refused(t, enginetest.ReaderUser, "SELECT * FROM "+name+" LIMIT 1"); !strings.Contains(message, "ACCESS_DENIED") {
			t.Errorf("%s: refused for another reason: %s", name, message)
		}
	}
	if want := len(names) - len(schema.PublicViews()); refused != want || refused < 8 {
		t.Errorf("%d tables and inner views refused, want %d", refused, want)
	}
}

func TestViewsRunWithTheRightsOfTheWarehouseUser(t *testing.T) {
	w := enginetest.Open(t)
	for _, view := range append(viewNames(), "message_campaigns_mv") {
		text := w.Text(t, enginetest.WarehouseUser, "SHOW CREATE TABLE "+view, nil)
		if !strings.Contains(text, "DEFINER = "+enginetest.WarehouseUser.Name+" SQL SECURITY DEFINER") {
			t.Errorf("%s does not name its definer: %s", view, text)
		}
	}
}

func TestReportViewsBeginWithTheCampaignAndShareTheirColumns(t *testing.T) {
	w := enginetest.Open(t)
	report := columns(t, w, "campaign_report")
	for _, view := range []string{"unique_opens", "bot_filtered_opens", "mpp_adjusted_opens", "campaign_report"} {
		got := columns(t, w, view)
		if diff := cmp.Diff([]string{"campaign_id UInt64", "campaign String"}, got[:2]); diff != "" {
			t.Errorf("%s: %s", view, diff)
		}
		for _, column := range got {
			if !slices.Contains(report, column) {
				t.Errorf("%s has a column of its own: %s", view, column)
			}
		}
	}
	want := []string{
		"campaign_id UInt64", "campaign String", "sends Int64", "delivered Int64", "opens_total Int64", "unique_opens Int64",
		"bot_filtered_unique_opens Int64", "reliable_unique_opens Int64", "mpp_only Int64",
		"mpp_adjusted_open_rate Nullable(Float64)", "open_rate_low Nullable(Float64)", "open_rate_high Nullable(Float64)",
		"ci_low Nullable(Float64)", "ci_high Nullable(Float64)",
		"first_open_at Nullable(DateTime64(3, 'UTC'))", "last_open_at Nullable(DateTime64(3, 'UTC'))",
		"unregistered_opens_total Int64", "unregistered_unique_opens Int64", "tests Int64",
		"measured Int64", "measured_share Nullable(Float64)", "unknown_only Int64", "confirmed_unique_opens Int64", "bounced Int64",
		"clicked Int64", "click_rate Nullable(Float64)", "complained Int64", "unsubscribed Int64", "replied Int64",
		"first_reliable_open_at Nullable(DateTime64(3, 'UTC'))", "last_reliable_open_at Nullable(DateTime64(3, 'UTC'))",
		"unplaced Int64", "sends_with_time Int64", "first_sent_at Nullable(DateTime64(3, 'UTC'))", "last_sent_at Nullable(DateTime64(3, 'UTC'))",
		"recovered_opens Int64", "bounce_rate Nullable(Float64)", "click_to_open_rate Nullable(Float64)", "complaint_rate Nullable(Float64)",
		"unsubscribe_rate Nullable(Float64)", "reply_rate Nullable(Float64)", "computed_at DateTime64(3, 'UTC')",
	}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Errorf("campaign_report: %s", diff)
	}
}

// ofNoCampaign are the public views that have rows whatever campaigns there are.
var ofNoCampaign = map[string]bool{
	"mailbox_providers": true, "recipient_recency": true, "page_views": true, "page_views_by_day": true, "top_pages": true,
	"top_referrers": true, "custom_events": true, "custom_event_properties": true, "web_campaigns": true,
	"named_bad_tokens": true, "snapshot_marks": true,
}

// ofNoEvents are the public views that read neither opens nor messages.
var ofNoEvents = map[string]bool{
	"campaign_names": true, "campaign_bad_tokens": true, "campaign_snapshots": true, "snapshot_numbers": true, "snapshot_estimates": true,
	"snapshot_breakdowns": true, "judgement_runs": true,
}

// keyRead finds, in the answer of EXPLAIN indexes = 1, a table and the columns
// of its primary key which the condition uses.
var keyRead = regexp.MustCompile(`ReadFromMergeTree \(glint\.(\w+)\)(?s:.*?)PrimaryKey\s+(?:Keys:\s+(\w+)\s+)?Condition`)

func TestAFilterOnTheIDReachesTheKeysOfTheTables(t *testing.T) {
	w := enginetest.Open(t)
	w.Empty(t)
	w.Text(t, enginetest.WarehouseUser, `INSERT INTO sends (campaign_id, message_id, recipient)
		SELECT number % 100, generateUUIDv4(number), 'r' FROM numbers(200000)`, nil)
	w.Text(t, enginetest.WarehouseUser, `INSERT INTO opens (campaign_id, message_id, opened_at, event_id)
		SELECT number % 100, generateUUIDv4(number), toDateTime64('2026-03-01 00:00:00', 3, 'UTC'), number FROM numbers(200000)`, nil)
	w.Text(t, enginetest.WarehouseUser, `INSERT INTO deliveries (campaign_id, message_id, kind, occurred_at)
		SELECT number % 100, generateUUIDv4(number), 'clicked', toDateTime64('2026-03-01 00:00:00', 3, 'UTC') FROM numbers(200000)`, nil)
	w.Text(t, enginetest.WarehouseUser, `INSERT INTO aggregate_opens (campaign_id, stratum_id, opened_hour, event_id)
		SELECT number % 100, generateUUIDv4(number), toDateTime('2026-03-01 00:00:00', 'UTC'), number FROM numbers(200000)`, nil)
	for _, view := range schema.PublicViews() {
		if ofNoEvents[view] || ofNoCampaign[view] {
			continue // reads none of them
		}
		plan := w.Text(t, enginetest.WarehouseUser, "EXPLAIN indexes = 1 SELECT * FROM "+view+" WHERE campaign_id = 42 FORMAT TSVRaw", nil)
		plan = strings.NewReplacer("│", " ", "├", " ", "└", " ", "─", " ").Replace(plan)
		keys := map[string]string{}
		for _, match := range keyRead.FindAllStringSubmatch(plan, -1) {
			// History is read by the keys that a join finds when it runs.
			if view != "campaign_estimates" || match[2] != "" {
				keys[match[1]] = match[2]
			}
		}
		delete(keys, "campaigns")
		delete(keys, "registrations")
		delete(keys, "recipient_messages")
		delete(keys, "strata")
		want := map[string]string{"opens": "campaign_id", "sends": "campaign_id", "deliveries": "campaign_id"}
		if view == "aggregate_counts" {
			want = map[string]string{"aggregate_opens": "campaign_id", "sends": "campaign_id"}
		}
		if diff := cmp.Diff(want, keys); diff != "" {
			t.Errorf("%s: table and used key, want (-), got (+):\n%s\n%s", view, diff, plan)
		}
	}
}

// TestSettingsOfAReaderChangeNoNumber covers settings whose default differs
// between versions, and others that clients send.
func TestSettingsOfAReaderChangeNoNumber(t *testing.T) {
	w := enginetest.Open(t)
	w.Empty(t)
	runStatements(t, w, "testdata/judged_again/input.sql")
	settings := []string{
		"join_use_nulls=1", "group_by_use_nulls=1", "prefer_column_name_to_alias=1", "union_default_mode=DISTINCT",
		"optimize_move_to_prewhere_if_final=1", "do_not_merge_across_partitions_select_final=0", "final=1",
		"optimize_aggregation_in_order=1", "enable_analyzer=0", "use_query_condition_cache=0", "transform_null_in=1",
		"least_greatest_legacy_null_behavior=1", "use_variant_as_common_type=1", "cast_keep_nullable=1", "max_threads=1",
	}
	for _, query := range []string{"report", "report_estimates"} {
		want := reportText(t, w, query, "7")
		for _, setting := range settings {
			if query == "report_estimates" && !strings.Contains(setting, "null") && setting != "enable_analyzer=0" && setting != "final=1" {
				continue // the others are about single tables
			}
			name, value, _ := strings.Cut(setting, "=")
			got := w.Text(t, enginetest.ReaderUser, schema.Query(query),
				map[string]string{"param_campaign_id": "7", "default_format": "Vertical", name: value})
			if diff := cmp.Diff(want, timeless(got)); diff != "" {
				t.Errorf("%s with %s: want (-), got (+):\n%s", query, setting, diff)
			}
		}
	}
}

func TestOpensOfACampaignWithoutARowDoNotShow(t *testing.T) {
	w := enginetest.Open(t)
	w.Empty(t)
	w.Text(t, enginetest.WarehouseUser, `INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class)
		VALUES (5, '00000000-0000-0000-0000-000000000001', '2026-03-01 00:00:00', 1, 'human_direct')`, nil)
	for _, view := range schema.PublicViews() {
		if ofNoCampaign[view] {
			continue
		}
		if rows := w.Text(t, enginetest.ReaderUser, "SELECT * FROM "+view, nil); rows != "" {
			t.Errorf("%s: %s", view, rows)
		}
	}
}

func viewNames() []string {
	var names []string
	for _, view := range schema.Views() {
		names = append(names, view.Name)
	}
	return names
}

// columns returns "name type" of each column, in order.
func columns(t *testing.T, w *enginetest.Warehouse, view string) []string {
	t.Helper()
	text := w.Text(t, enginetest.WarehouseUser,
		"SELECT concat(name, ' ', type) FROM system.columns WHERE database = currentDatabase() AND table = '"+view+"' ORDER BY position FORMAT TSVRaw", nil)
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}
