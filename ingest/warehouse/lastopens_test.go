package warehouse

import (
	"testing"
	"time"
)

// Replaced dates are looked for at first and after an insert, and withdrawn ones always.
func TestLastOpensAreTidiedAfterAnInsert(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	rows := func() string {
		t.Helper()
		if err := w.TidyLastOpens(t.Context()); err != nil {
			t.Fatal(err)
		}
		return text(t, e, "SELECT count(), max(opened_on) FROM last_opens")
	}
	text(t, e, "SYSTEM STOP MERGES last_opens")
	t.Cleanup(func() { text(t, e, "SYSTEM START MERGES last_opens") })
	foreign := func(day string) {
		text(t, e, "INSERT INTO last_opens (recipient_key, opened_on) VALUES (1, '"+day+"')")
	}
	foreign("2026-03-01")
	foreign("2026-03-02")
	text(t, e, "SYSTEM START MERGES last_opens")
	if got := rows(); got != "1\t2026-03-02\n" {
		t.Errorf("at first %q", got)
	}
	text(t, e, "SYSTEM STOP MERGES last_opens")
	foreign("2026-03-03")
	if got := rows(); got != "2\t2026-03-03\n" {
		t.Errorf("without an insert %q", got)
	}
	text(t, e, "SYSTEM START MERGES last_opens")
	day := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	if err := w.InsertLastOpens(t.Context(), "a date", []LastOpenDate{{RecipientKey{15: 2}, day}}); err != nil {
		t.Fatal(err)
	}
	if got := rows(); got != "2\t2026-03-04\n" { // one for each of the two recipients
		t.Errorf("after an insert %q", got)
	}
	text(t, e, "INSERT INTO withdrawals (recipient_key, message_id, fate, changed_at) SELECT recipient_key, toUUID('00000000-0000-0000-0000-000000000000'), 'count', now64(3) FROM last_opens WHERE opened_on = '2026-03-04'")
	if got := rows(); got != "1\t2026-03-03\n" {
		t.Errorf("after a withdrawal %q", got)
	}
	const message = "11111111-2222-8333-8444-5555555555"
	for _, n := range []string{"1", "2"} { // two messages to the first recipient
		text(t, e, "INSERT INTO sends (campaign_id, message_id, recipient, recipient_key, tracking) VALUES (7, '"+message+"0"+n+"', 'a', 1, 'last_open')")
	}
	for _, n := range []string{"1", "2"} {
		if got := rows(); got != "1\t2026-03-03\n" {
			t.Errorf("before message %s is restricted %q", n, got)
		}
		text(t, e, "INSERT INTO sends (campaign_id, message_id, recipient, recipient_key, tracking, registered_at) VALUES (7, '"+message+"0"+n+"', 'a', 1, 'off', now64(3) + 1)")
		text(t, e, "INSERT INTO withdrawals (recipient_key, message_id, fate, changed_at) VALUES (1, '"+message+"0"+n+"', 'drop', now64(3))")
	}
	if got := rows(); got != "0\t1970-01-01\n" {
		t.Errorf("after both are restricted %q", got)
	}
}
