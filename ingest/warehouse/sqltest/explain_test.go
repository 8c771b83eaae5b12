package sqltest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

// TestEveryEventOfAMessageIsFound reads a message whose events lie in three
// tables, beside messages that share its campaign or its id's beginning.
func TestEveryEventOfAMessageIsFound(t *testing.T) {
	w := enginetest.Open(t)
	w.Empty(t)
	owner := client.Connect(t, w, enginetest.WarehouseUser)
	run := func(statement string) { w.Text(t, enginetest.WarehouseUser, statement, nil) }
	const message = "00000000-0000-8000-8000-000000000001"
	run("INSERT INTO campaigns (campaign_id, name, created_at) VALUES (7, 'case', '2026-03-01 00:00:00')")
	send := warehouse.Send{CampaignID: 7, MessageID: uuid.MustParse(message), Recipient: "ada@example.com"}
	other := send
	other.MessageID, other.Recipient = uuid.MustParse("00000000-0000-8000-8000-000000000002"), "bob@example.com"
	if err := owner.InsertSends(t.Context(), "case", []warehouse.Send{send, other}); err != nil {
		t.Fatal(err)
	}
	for _, open := range []string{
		"7, '" + message + "', '2026-03-02 10:00:00', 11, 'human_direct', 'browser', 1",
		"7, '" + message + "', '2026-03-02 10:00:00', 11, 'human_direct', 'browser', 1", // again
		"7, '" + message + "', '2026-04-02 09:00:00', 12, 'security_scanner', 'prefix', 1",
		"7, '" + message + "', '2026-04-02 09:00:00', 12, 'not_image', 'probe', 2", // judged again
		"8, '" + message + "', '2026-03-02 10:00:00', 13, 'human_direct', 'browser', 1",
		"7, '00000000-0000-8000-8000-000000000002', '2026-03-02 10:00:00', 14, 'human_direct', 'browser', 1",
	} {
		run("INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES (" + open + ")")
	}
	run("INSERT INTO unresolved_opens (message_id, opened_at, event_id, received_at, class) VALUES ('" + message + "', '2026-03-02 11:00:00', 15, now(), 'unknown')")
	run("INSERT INTO deliveries (campaign_id, message_id, kind, occurred_at, bounce_type) VALUES (7, '" + message + "', 'bounced', '2026-03-02 08:00:00', 'transient')")
	run("INSERT INTO bad_tokens (opened_at, event_id, received_at, fault, token) VALUES ('2026-03-02 08:00:00', 16, now(), 'signature', 'bad')")

	refs, err := owner.MessagesOf(t.Context(), 7, "ada@example.com")
	if err != nil || len(refs) != 1 || refs[0].MessageID.String() != message {
		t.Fatalf("messages of the recipient: %v, %v", refs, err)
	}
	facts, err := owner.MessageFacts(t.Context(), refs[0])
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range facts.Events {
		got = append(got, fmt.Sprintf("%s %s %d %s %s %s", e.Place, e.At.Format("01-02 15:04"), e.EventID, e.Kind, e.Class, e.Detail))
	}
	want := []string{
		"deliveries 03-02 08:00 0 bounced  transient", "opens 03-02 10:00 11 open human_direct ",
		"waiting 03-02 11:00 15 open unknown ", "opens 04-02 09:00 12 open not_image ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events, want (-), got (+):\n%s", diff)
	}
	if !facts.IsStored || !facts.Measured || !facts.Reliable || facts.Bounced || facts.Opens != 1 || facts.Recipient != "ada@example.com" {
		t.Errorf("the message is %+v", facts)
	}
	if ref, found, err := owner.MessageOfEvent(t.Context(), 12); err != nil || !found || ref != refs[0] {
		t.Errorf("event 12 is of %v, %v, %v", ref, found, err)
	}
	if _, found, err := owner.MessageOfEvent(t.Context(), 99); err != nil || found {
		t.Errorf("event 99 was found: %v", err)
	}
	for _, bad := range []struct {
		token string
		event uint64
		want  int
	}{{"bad", 0, 1}, {"", 16, 1}, {"", 0, 0}, {"other", 17, 0}} {
		if events, err := owner.BadTokenEvents(t.Context(), bad.token, bad.event); err != nil || len(events) != bad.want {
			t.Errorf("token %q or event %d: %d requests, %v; want %d", bad.token, bad.event, len(events), err, bad.want)
		}
	}
	near, err := owner.NearRecipients(t.Context(), 7, "aba@example.com")
	if diff := cmp.Diff([]string{"ada@example.com", "bob@example.com"}, near); err != nil || diff != "" {
		t.Errorf("near recipients: %v %s", err, diff)
	}
}
