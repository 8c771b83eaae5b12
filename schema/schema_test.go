package schema_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/schema"
)

func TestTheBinaryHoldsExactlyTheseFiles(t *testing.T) {
	want := []string{
		"migrations/00001_campaigns.sql",
		"migrations/00002_sends.sql",
		"migrations/00003_message_campaigns.sql",
		"migrations/00004_opens.sql",
		"migrations/00005_unresolved_opens.sql",
		"migrations/00006_bad_tokens.sql",
		"migrations/00007_client_facts.sql",
		"migrations/00008_network_list_date.sql",
		"migrations/00009_sound_rows.sql",
		"migrations/00010_deliveries.sql",
		"migrations/00011_unresolved_deliveries.sql",
		"migrations/00012_snapshots.sql",
		"migrations/00013_consent.sql",
		"migrations/00014_judgements.sql",
		"migrations/00015_web_events.sql",
		"migrations/00016_arrivals.sql",
		"migrations/00017_erasures.sql",
		"migrations/00018_last_opens.sql",
		"migrations/00019_deleted_campaigns.sql",
		"migrations/00020_lessened.sql",
		"migrations/00021_web_arrivals.sql",
		"migrations/00022_packed_snapshots.sql",
		"migrations/00023_breakdowns.sql",
		"migrations/00024_one_column.sql",
		"queries/absent_aggregate_opens.sql",
		"queries/absent_bad_tokens.sql",
		"queries/absent_deliveries.sql",
		"queries/absent_opens.sql",
		"queries/absent_unresolved.sql",
		"queries/absent_unresolved_deliveries.sql",
		"queries/absent_web_events.sql",
		"queries/active_run.sql",
		"queries/all_campaign_names.sql",
		"queries/apply_clicks.sql",
		"queries/apply_opens.sql",
		"queries/bad_token_faults.sql",
		"queries/bad_tokens.sql",
		"queries/bad_tokens_page.sql",
		"queries/breakdown.sql",
		"queries/campaign_by_id.sql",
		"queries/campaign_by_name.sql",
		"queries/campaign_key.sql",
		"queries/campaign_lines.sql",
		"queries/campaign_marks.sql",
		"queries/campaign_rows.sql",
		"queries/campaign_sends.sql",
		"queries/campaign_strata.sql",
		"queries/campaigns.sql",
		"queries/campaigns_since.sql",
		"queries/change_marks.sql",
		"queries/choice_list.sql",
		"queries/choices_after.sql",
		"queries/choices_of.sql",
		"queries/cluster_nodes.sql",
		"queries/compare.sql",
		"queries/complete_message_campaigns.sql",
		"queries/complete_recipient_messages.sql",
		"queries/consent_ends.sql",
		"queries/consent_page.sql",
		"queries/consent_tail.sql",
		"queries/counted_sends.sql",
		"queries/current_choices.sql",
		"queries/delete_campaign_rows.sql",
		"queries/delete_withdrawn_last_opens.sql",
		"queries/delete_withdrawn_opens.sql",
		"queries/delete_withdrawn_unresolved.sql",
		"queries/deleted_campaigns.sql",
		"queries/deleted_rows.sql",
		"queries/detach_web_events.sql",
		"queries/detach_withdrawn_web_events.sql",
		"queries/erase_bad_tokens.sql",
		"queries/erase_collect.sql",
		"queries/erase_counts.sql",
		"queries/erase_deliveries.sql",
		"queries/erase_last_opens.sql",
		"queries/erase_message_campaigns.sql",
		"queries/erase_opens.sql",
		"queries/erase_recipient_messages.sql",
		"queries/erase_remember.sql",
		"queries/erase_scan_bad_tokens.sql",
		"queries/erase_scan_web_events.sql",
		"queries/erase_sends.sql",
		"queries/erase_unresolved_deliveries.sql",
		"queries/erase_unresolved_opens.sql",
		"queries/erase_web_events.sql",
		"queries/erase_withdrawals.sql",
		"queries/erased_messages.sql",
		"queries/erasing_events.sql",
		"queries/erasing_messages.sql",
		"queries/expired_recipients.sql",
		"queries/explain_bad_tokens.sql",
		"queries/explain_campaign.sql",
		"queries/explain_event.sql",
		"queries/explain_events.sql",
		"queries/explain_message.sql",
		"queries/explain_recipient.sql",
		"queries/feed_arrivals.sql",
		"queries/feed_events.sql",
		"queries/feed_first_opens.sql",
		"queries/feed_received.sql",
		"queries/feed_standing.sql",
		"queries/fill_recipient_keys.sql",
		"queries/fill_recipient_messages.sql",
		"queries/forget_campaign_keys.sql",
		"queries/forget_last_opens.sql",
		"queries/forget_recipient_messages.sql",
		"queries/forget_recipients.sql",
		"queries/forget_withdrawals.sql",
		"queries/has_messages.sql",
		"queries/identity.sql",
		"queries/judge_bursts.sql",
		"queries/judge_campaigns.sql",
		"queries/judge_clicks.sql",
		"queries/judge_facts.sql",
		"queries/judge_opens.sql",
		"queries/judge_rows.sql",
		"queries/judge_times.sql",
		"queries/judgement_states.sql",
		"queries/keep_deleted_events.sql",
		"queries/keep_forgotten_withdrawals.sql",
		"queries/keep_last_opens.sql",
		"queries/keep_restricted.sql",
		"queries/key_fingerprints.sql",
		"queries/known_messages.sql",
		"queries/known_sends.sql",
		"queries/last_open_recipients.sql",
		"queries/lifetimes.sql",
		"queries/listed_messages.sql",
		"queries/live_messages.sql",
		"queries/live_opens.sql",
		"queries/live_pages.sql",
		"queries/live_referrers.sql",
		"queries/live_web.sql",
		"queries/lookup_messages.sql",
		"queries/lookup_recipients.sql",
		"queries/lookup_registered.sql",
		"queries/mark_all_changes.sql",
		"queries/mark_bad_tokens.sql",
		"queries/mark_moved.sql",
		"queries/mark_moved_deliveries.sql",
		"queries/mark_recent_changes.sql",
		"queries/mark_sends.sql",
		"queries/marked_sends.sql",
		"queries/merge_last_opens.sql",
		"queries/missing_opens.sql",
		"queries/move_deliveries.sql",
		"queries/move_opens.sql",
		"queries/nearest_campaigns.sql",
		"queries/nearest_recipients.sql",
		"queries/note_dropped_views.sql",
		"queries/note_version.sql",
		"queries/note_views.sql",
		"queries/old_parts.sql",
		"queries/opened_messages.sql",
		"queries/parts.sql",
		"queries/person_events.sql",
		"queries/person_rows.sql",
		"queries/plain_tables.sql",
		"queries/posting_facts.sql",
		"queries/present_views.sql",
		"queries/pseudonymize_opens.sql",
		"queries/pseudonymize_unresolved.sql",
		"queries/received_events.sql",
		"queries/recency.sql",
		"queries/recipient_secret.sql",
		"queries/refresh_breakdowns.sql",
		"queries/refresh_campaign.sql",
		"queries/refresh_estimates.sql",
		"queries/registration_messages.sql",
		"queries/registration_start.sql",
		"queries/registration_state.sql",
		"queries/registration_steps.sql",
		"queries/registrations.sql",
		"queries/replaced_last_opens.sql",
		"queries/replica_state.sql",
		"queries/replicated_tables.sql",
		"queries/report.sql",
		"queries/report_bad_tokens.sql",
		"queries/report_estimates.sql",
		"queries/reports_digest.sql",
		"queries/resolvable_opens.sql",
		"queries/restore_clicks.sql",
		"queries/restore_opens.sql",
		"queries/restrict_messages.sql",
		"queries/revoke_sends.sql",
		"queries/server_start.sql",
		"queries/shard_form.sql",
		"queries/show_message.sql",
		"queries/silent_columns.sql",
		"queries/snapshot_delays.sql",
		"queries/snapshot_dimensions.sql",
		"queries/snapshot_estimates.sql",
		"queries/snapshot_history.sql",
		"queries/snapshot_mark.sql",
		"queries/snapshot_numbers.sql",
		"queries/snapshot_states.sql",
		"queries/snapshot_timeline.sql",
		"queries/stratum_open.sql",
		"queries/table_definitions.sql",
		"queries/table_uuids.sql",
		"queries/tables.sql",
		"queries/time_to_open.sql",
		"queries/timeline.sql",
		"queries/trend.sql",
		"queries/unfilled_recipient_keys.sql",
		"queries/unresolved_events.sql",
		"queries/waiting_deliveries.sql",
		"queries/waiting_page.sql",
		"queries/waiting_rows.sql",
		"queries/withdraw_opens.sql",
		"queries/withdraw_sends.sql",
		"queries/withdrawal_state.sql",
		"queries/withdrawn_last_opens.sql",
		"queries/withdrawn_messages.sql",
		"queries/withdrawn_rows.sql",
		"views/aggregate_counts.sql",
		"views/arrived_events.sql",
		"views/arrived_web_events.sql",
		"views/bot_filtered_opens.sql",
		"views/breakdown_counts.sql",
		"views/campaign_bad_tokens.sql",
		"views/campaign_counts.sql",
		"views/campaign_estimates.sql",
		"views/campaign_names.sql",
		"views/campaign_report.sql",
		"views/campaign_snapshots.sql",
		"views/campaign_starts.sql",
		"views/custom_event_properties.sql",
		"views/custom_events.sql",
		"views/estimate_counts.sql",
		"views/event_arrivals.sql",
		"views/fate_order.sql",
		"views/forbidden_last_opens.sql",
		"views/judged_deliveries.sql",
		"views/judged_opens.sql",
		"views/judgement_runs.sql",
		"views/mailbox_providers.sql",
		"views/measured_and_rest.sql",
		"views/message_events.sql",
		"views/message_facts.sql",
		"views/message_first_opens.sql",
		"views/message_opens.sql",
		"views/message_recipients.sql",
		"views/messages.sql",
		"views/mpp_adjusted_opens.sql",
		"views/named_bad_tokens.sql",
		"views/opens_by_class.sql",
		"views/opens_by_client.sql",
		"views/opens_by_country.sql",
		"views/opens_by_dimension.sql",
		"views/opens_by_provider.sql",
		"views/opens_by_quarter_hour.sql",
		"views/page_views.sql",
		"views/page_views_by_day.sql",
		"views/quarter_hour_counts.sql",
		"views/recipient_history.sql",
		"views/recipient_recency.sql",
		"views/resolvable_deliveries.sql",
		"views/snapshot_breakdowns.sql",
		"views/snapshot_estimates.sql",
		"views/snapshot_marks.sql",
		"views/snapshot_numbers.sql",
		"views/time_to_open.sql",
		"views/top_pages.sql",
		"views/top_referrers.sql",
		"views/unique_opens.sql",
		"views/web_campaigns.sql",
	}
	if diff := cmp.Diff(want, files(t)); diff != "" {
		t.Error(diff)
	}
}

func TestEveryFileOpensWithItsPurposeGrainAndUnits(t *testing.T) {
	for _, path := range files(t) {
		lines := strings.Split(readFile(t, path), "\n")
		last := "-- Engine:  "
		if strings.HasPrefix(path, "queries/") {
			last = "-- Reads:   "
		}
		for i, prefix := range []string{"-- Purpose: ", "-- Grain:   ", "-- Units:   "} {
			if !strings.HasPrefix(lines[i], prefix) {
				t.Errorf("%s:%d does not begin %q", path, i+1, prefix)
			}
		}
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, last) }) {
			t.Errorf("%s has no line that begins %q", path, last)
		}
	}
}

func TestViewsAreListedAfterThoseTheyRead(t *testing.T) {
	paths := files(t)
	var listed []string
	for _, view := range schema.Views() {
		if !strings.Contains(view.SQL, "CREATE OR REPLACE VIEW "+view.Name+"\n(\n") ||
			!strings.Contains(view.SQL, "\n)\nDEFINER = CURRENT_USER SQL SECURITY DEFINER\nAS\n") {
			t.Errorf("views/%s.sql does not create its view with the rights of its creator", view.Name)
		}
		for _, later := range schema.Views()[len(listed):] {
			if strings.Contains(view.SQL, "FROM "+later.Name+"\n") {
				t.Errorf("%s reads %s, which is created later", view.Name, later.Name)
			}
		}
		listed = append(listed, view.Name)
		if !slices.Contains(paths, "views/"+view.Name+".sql") {
			t.Errorf("%s has no file", view.Name)
		}
	}
	for _, path := range paths {
		if name, ok := strings.CutPrefix(path, "views/"); ok && !slices.Contains(listed, strings.TrimSuffix(name, ".sql")) {
			t.Errorf("%s is never created", path)
		}
	}
	for _, name := range schema.OwnerViews() {
		if !slices.Contains(listed, name) {
			t.Errorf("view %s of a role does not exist", name)
		}
	}
}

// TestCommentsNameTheirSource holds the statements that create views.
func TestCommentsNameTheirSource(t *testing.T) {
	columns := 0
	for _, view := range schema.Views() {
		head, _, _ := strings.Cut(view.Create(), "\n)\n")
		_, head, _ = strings.Cut(head, "\n(\n")
		before := ""
		for line := range strings.Lines(head) {
			if line = before + line; strings.Count(line, "(") > strings.Count(line, ")") {
				before = line // a type of several lines
				continue
			}
			before = ""
			columns++
			if _, comment, ok := strings.Cut(line, " COMMENT '"); !ok || len(comment) < 10 || !strings.Contains(comment, ". Source: ") || !strings.HasSuffix(strings.TrimRight(line, ",\n"), "'") {
				t.Errorf("%s: %s", view.Name, line)
			}
		}
		if !strings.Contains(view.Create(), "\nCOMMENT '") || strings.HasSuffix(view.Comment(), "Source: ") {
			t.Errorf("%s says %q", view.Name, view.Comment())
		}
	}
	if columns < 300 {
		t.Errorf("%d columns", columns)
	}
	for name, want := range map[string]string{
		"messages": "message_opens", "mailbox_providers": "constants", "message_events": "judged_opens, judged_deliveries",
		"campaign_names": "campaigns", "judged_opens": "judgements, opens",
	} {
		for _, view := range schema.Views() {
			if _, source, _ := strings.Cut(view.Comment(), ". Source: "); view.Name == name && source != want {
				t.Errorf("%s: source %q, want %q", name, source, want)
			}
		}
	}
}

// TestAFateConcernsTheSameMessagesInEveryQuery compares the list of messages in all
// queries that apply a fate. A view cannot hold the list: its join reads every message,
// where the sub-queries read only the keys of changed withdrawals.
func TestAFateConcernsTheSameMessagesInEveryQuery(t *testing.T) {
	const begin, end = "SELECT campaign_id, message_id FROM recipient_messages", "message_id != toUUID('00000000-0000-0000-0000-000000000000'))"
	lists := map[string][]string{}
	for _, path := range files(t) {
		text := strings.Join(strings.Fields(readFile(t, path)), " ")
		if !strings.Contains(text, "WHERE fate = {fate:String}") {
			continue
		}
		_, rest, _ := strings.Cut(text, begin)
		list, _, ok := strings.Cut(rest, end)
		if !ok || strings.Contains(rest[len(list)+len(end):], "WHERE fate = {fate:String}") {
			t.Errorf("%s has another form", path)
		}
		lists[list] = append(lists[list], path)
	}
	if len(lists) != 1 {
		t.Errorf("the lists differ: %q", lists)
	}
}

func TestAnUnknownQueryPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	schema.Query("no_such_query")
}

func files(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := fs.WalkDir(schema.FS, ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := fs.ReadFile(schema.FS, path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
