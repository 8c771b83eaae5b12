package warehouse

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// Old rows do not lead to a person, and their withdrawals still apply.
func TestWithdrawalsOutliveTheRecipientsOfTheirMessages(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	old, young := noon.Add(-400*24*time.Hour).Format(time.DateTime), noon.Format(time.DateTime)
	message := func(n int) uuid.UUID { return uuid.UUID{15: byte(n)} }
	for _, m := range []struct {
		n, key int
		at     string
	}{{1, 11, old}, {2, 12, old}, {3, 13, old}, {4, 11, young}, {5, 14, old}} {
		text(t, e, fmt.Sprintf(`INSERT INTO sends (campaign_id, message_id, recipient, recipient_key, sent_at, registered_at)
			VALUES (9, '%s', 'r%d@example.com', %d, '%s', '%s')`, message(m.n), m.key, m.key, m.at, m.at))
	}
	all := uuid.UUID{}
	changed := noon.Add(-time.Hour).UTC()
	if err := w.InsertWithdrawals(t.Context(), "choices", []Withdrawal{
		{RecipientKey{11}, all, FateCount, changed}, {RecipientKey{12}, message(2), FateDrop, changed}, {RecipientKey{14}, all, FateKeep, changed},
	}); err != nil {
		t.Fatal(err)
	}
	withdrawn := func() map[uuid.UUID]Fate {
		t.Helper()
		found := map[uuid.UUID]Fate{}
		if err := w.WithdrawnMessages(t.Context(), time.Time{}, func(id uuid.UUID, fate Fate) {
			if fate != FateKeep {
				found[id] = fate
			}
		}); err != nil {
			t.Fatal(err)
		}
		return found
	}
	before := withdrawn()
	if want := (map[uuid.UUID]Fate{message(1): FateCount, message(2): FateDrop, message(4): FateCount}); !cmp.Equal(want, before) {
		t.Fatalf("before: %v, want %v", before, want)
	}
	for range 2 {
		if _, err := w.ForgetRecipients(t.Context(), noon.Add(-390*24*time.Hour), noon.Add(-390*24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, withdrawn()); diff != "" {
			t.Errorf("forgotten messages, before (-) and after (+):\n%s", diff)
		}
	}
	for statement, want := range map[string]string{
		"SELECT count() FROM withdrawals WHERE message_id != toUUID('00000000-0000-0000-0000-000000000000') AND recipient_key != 0": "0\n",
		"SELECT count() FROM withdrawals FINAL WHERE recipient_key = 0":                                                             "2\n",
		"SELECT count() FROM withdrawals FINAL WHERE recipient_key IN (11, 14)":                                                     "2\n", // the refusals themselves stay
		"SELECT message_id FROM recipient_messages":                                                                                 message(4).String() + "\n",
	} {
		if got := text(t, e, statement); got != want {
			t.Errorf("%s: %q, want %q", statement, got, want)
		}
	}
}
