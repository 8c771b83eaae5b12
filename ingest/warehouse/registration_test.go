package warehouse

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
)

// messageOf returns the id of the n-th message of a test.
func messageOf(n int) uuid.UUID { return uuid.NewSHA1(uuid.Nil, fmt.Append(nil, n)) }

// registerPart registers the messages first to last-1 of a campaign, and
// completes the registration if complete is set.
func registerPart(t *testing.T, w *Warehouse, campaign uint64, first, last int, complete bool, change func(*Send)) Registration {
	t.Helper()
	r, err := w.BeginRegistration(t.Context(), campaign, last-first)
	if err != nil {
		t.Fatal(err)
	}
	written := insertPart(t, w, r, first, last, change)
	if complete {
		if err := w.CompleteRegistration(t.Context(), r, written); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// insertPart inserts the new and changed rows, and returns the number of new ones.
func insertPart(t *testing.T, w *Warehouse, r Registration, first, last int, change func(*Send)) (written int) {
	t.Helper()
	known, err := w.KnownSends(t.Context(), r.CampaignID)
	if err != nil {
		t.Fatal(err)
	}
	var rows []Send
	for n := first; n < last; n++ {
		s := Send{MessageID: messageOf(n), Recipient: fmt.Sprintf("r%d@example.com", n), URLStyle: StyleToken}
		if change != nil {
			change(&s)
		}
		if row, write := r.Merge(known, s); write {
			rows = append(rows, row)
			if row.Registration == r.ID {
				written++
			}
		}
	}
	if err := w.InsertSends(t.Context(), fmt.Sprint(time.Now().UnixNano()), rows); err != nil {
		t.Fatal(err)
	}
	return written
}

// counts returns the sends and tests of a campaign as its report has them.
func counts(t *testing.T, w *Warehouse, name string) (sends, tests uint64) {
	t.Helper()
	report, err := w.ReportOf(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return report.Sends, report.Tests
}

func wantSends(t *testing.T, w *Warehouse, after string, want uint64) {
	t.Helper()
	if got, _ := counts(t, w, "case"); got != want {
		t.Errorf("after %s: %d sends, want %d", after, got, want)
	}
}

func newCase(t *testing.T, w *Warehouse) uint64 {
	t.Helper()
	c, err := w.EnsureCampaign(t.Context(), "case")
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// TestARegistrationThatWasCutOffIsInNoRate interrupts a registration of 1,000 at 600, of
// new and of known messages, and repeats it with the same file.
func TestARegistrationThatWasCutOffIsInNoRate(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	campaign := newCase(t, w)
	registerPart(t, w, campaign, 0, 600, false, nil)
	wantSends(t, w, "a stop at 600 of 1,000", 0)
	registerPart(t, w, campaign, 0, 1000, true, nil)
	wantSends(t, w, "the whole file", 1000)
	registerPart(t, w, campaign, 0, 600, false, nil)
	wantSends(t, w, "600 of them again, not complete", 1000)
	registerPart(t, w, campaign, 400, 1400, false, func(s *Send) { s.SentAt = noon })
	wantSends(t, w, "a longer file with other times, not complete", 1000)
	registerPart(t, w, campaign, 0, 1400, true, nil)
	wantSends(t, w, "the longer file", 1400)
	text(t, e, "OPTIMIZE TABLE sends FINAL")
	text(t, e, "OPTIMIZE TABLE registrations FINAL")
	wantSends(t, w, "merges", 1400)
}

func TestOpensOfAnUnfinishedRegistrationWait(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	campaign := newCase(t, w)
	r := registerPart(t, w, campaign, 0, 10, false, nil)
	open := fullOpen()
	open.CampaignID, open.MessageID, open.Class, open.TimeSuspect = campaign, messageOf(3), 1, SuspectNone
	if err := w.InsertOpens(t.Context(), "o", []Open{open}); err != nil {
		t.Fatal(err)
	}
	report, err := w.ReportOf(t.Context(), "case")
	if err != nil || report.Sends != 0 || report.OpensTotal != 0 || report.UnregisteredOpensTotal != 1 || report.FirstOpenAt != nil {
		t.Errorf("before: %+v, %v", report, err)
	}
	if err := w.CompleteRegistration(t.Context(), r, 10); err != nil {
		t.Fatal(err)
	}
	report, err = w.ReportOf(t.Context(), "case")
	if err != nil || report.Sends != 10 || report.ReliableUniqueOpens != 1 || report.UnregisteredOpensTotal != 0 || report.FirstOpenAt == nil {
		t.Errorf("after: %+v, %v", report, err)
	}
}

func TestARegistrationThatIsOvertakenChangesNothing(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	campaign := newCase(t, w)
	old, err := w.BeginRegistration(t.Context(), campaign, 100)
	if err != nil {
		t.Fatal(err)
	}
	early, err := w.KnownSends(t.Context(), campaign)
	if err != nil {
		t.Fatal(err)
	}
	registerPart(t, w, campaign, 0, 100, true, func(s *Send) { s.State = StateBounced })
	// The old program continues, without knowing of the new registration.
	var rows []Send
	for n := range 150 {
		row, write := old.Merge(early, Send{MessageID: messageOf(n), Recipient: fmt.Sprintf("r%d@example.com", n)})
		if !write {
			t.Fatal("an unknown message is not written")
		}
		rows = append(rows, row)
	}
	if err := w.InsertSends(t.Context(), "late", rows); err != nil {
		t.Fatal(err)
	}
	if err := w.CompleteRegistration(t.Context(), old, len(rows)); !errors.Is(err, ErrSuperseded) {
		t.Errorf("the old one ended with %v", err)
	}
	wantSends(t, w, "the old one", 100)
	if got := text(t, e, "SELECT state, count() FROM sends FINAL WHERE registration IN (SELECT registration_id FROM registrations FINAL WHERE state = 'complete') GROUP BY ALL"); got != "bounced\t100\n" {
		t.Errorf("states are %s", got)
	}
}

// TestOfTwoThatEndAtOnceOneKnows completes a registration just after another has read the
// open ones.
func TestOfTwoThatEndAtOnceOneKnows(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	campaign := newCase(t, w)
	first := registerPart(t, w, campaign, 0, 10, false, nil)
	second := Registration{ID: randomID(), CampaignID: campaign, StartedAt: first.StartedAt.Add(time.Second)}
	// The second has read that the first is open; the first ends; the second writes.
	complete := registrationStep{Registration: first, step: stepComplete, state: registrationComplete, completedAt: time.Now(), written: 10}
	superseded := registrationStep{Registration: first, step: stepSupersede, state: registrationSuperseded}
	if err := errors.Join(w.insertStep(t.Context(), complete), w.insertStep(t.Context(), superseded)); err != nil {
		t.Fatal(err)
	}
	wantSends(t, w, "both", 0)
	if err := w.reinstate(t.Context(), superseded); err != nil {
		t.Fatal(err)
	}
	wantSends(t, w, "the second has looked again", 10)
	if err := w.CompleteRegistration(t.Context(), second, 0); err != nil {
		t.Error(err)
	}
}

func TestMessagesThatAreNotThereKeepARegistrationOpen(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	campaign := newCase(t, w)
	r := registerPart(t, w, campaign, 0, 9, false, nil)
	if err := w.CompleteRegistration(t.Context(), r, 10); !errors.Is(err, ErrRowsMissing) || !Retryable(err) {
		t.Errorf("%v", err)
	}
	wantSends(t, w, "9 of 10", 0)
}

func TestRegisteringAgainKeepsWhatIsKnown(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	campaign := newCase(t, w)
	registerPart(t, w, campaign, 0, 1, true, func(s *Send) {
		s.SentAt, s.State, s.Tracking, s.Attributes = noon, StateBounced, Pseudonymous, map[string]string{"a": "1", "b": "2"}
	})
	rows := func() string { return text(t, e, "SELECT count() FROM sends") }
	row := func() string {
		return text(t, e, "SELECT sent_at, delivered_at, state, tracking, test, url_style, mapSort(attributes) FROM sends FINAL FORMAT TSVRaw")
	}
	for _, test := range []struct {
		name   string
		change func(*Send)
		rows   string
		row    string
	}{
		{"the same", nil, "1\n", "2026-03-04 12:00:00\t1970-01-01 00:00:00\tbounced\tpseudonymous\t0\ttoken\t{'a':'1','b':'2'}\n"},
		{
			"what is known already",
			func(s *Send) {
				s.SentAt, s.Tracking, s.Attributes, s.Test = noon, Identified, map[string]string{"a": "1"}, TestNo
			},
			"1\n", "2026-03-04 12:00:00\t1970-01-01 00:00:00\tbounced\tpseudonymous\t0\ttoken\t{'a':'1','b':'2'}\n",
		},
		{
			"a time of delivery", func(s *Send) { s.DeliveredAt = noon.Add(time.Minute) },
			"2\n", "2026-03-04 12:00:00\t2026-03-04 12:01:00\tbounced\tpseudonymous\t0\ttoken\t{'a':'1','b':'2'}\n",
		},
		{
			"less tracking, the other style", func(s *Send) { s.Tracking, s.URLStyle = Aggregate, StyleUUID },
			"3\n", "2026-03-04 12:00:00\t2026-03-04 12:01:00\tbounced\taggregate\t0\tboth\t{'a':'1','b':'2'}\n",
		},
		{
			"another attribute", func(s *Send) { s.Attributes = map[string]string{"b": "3", "c": "4"} },
			"4\n", "2026-03-04 12:00:00\t2026-03-04 12:01:00\tbounced\taggregate\t0\tboth\t{'a':'1','b':'3','c':'4'}\n",
		},
		{
			"a test", func(s *Send) { s.Test = TestYes },
			"5\n", "2026-03-04 12:00:00\t2026-03-04 12:01:00\tbounced\taggregate\t1\tboth\t{'a':'1','b':'3','c':'4'}\n",
		},
		{"nothing", nil, "5\n", "2026-03-04 12:00:00\t2026-03-04 12:01:00\tbounced\taggregate\t1\tboth\t{'a':'1','b':'3','c':'4'}\n"},
	} {
		registerPart(t, w, campaign, 0, 1, true, test.change)
		if got := rows(); got != test.rows {
			t.Errorf("%s: %s rows, want %s", test.name, got, test.rows)
		}
		if got := row(); got != test.row {
			t.Errorf("%s: got %s want %s", test.name, got, test.row)
		}
	}
	if sends, tests := counts(t, w, "case"); sends != 0 || tests != 1 {
		t.Errorf("%d sends and %d tests, want 0 and 1", sends, tests)
	}
}

// TestAClockThatLagsDoesNotHideAChange has rows that are registered in the future.
func TestAClockThatLagsDoesNotHideAChange(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	campaign := newCase(t, w)
	ahead := Send{CampaignID: campaign, MessageID: messageOf(0), Recipient: "r0@example.com", RegisteredAt: time.Now().AddDate(1, 0, 0)}
	if err := w.InsertSends(t.Context(), "ahead", []Send{ahead}); err != nil {
		t.Fatal(err)
	}
	registerPart(t, w, campaign, 0, 1, true, func(s *Send) { s.SentAt = noon })
	if got := text(t, e, "SELECT sent_at FROM sends FINAL"); got != "2026-03-04 12:00:00\n" {
		t.Errorf("sent at %s", got)
	}
}

// BenchmarkKnownSends reads a campaign that was registered before.
func BenchmarkKnownSends(b *testing.B) {
	e, w := engine(b)
	e.Empty(b)
	text(b, e, "INSERT INTO sends (campaign_id, message_id, recipient, recipient_key, state, url_style) "+
		"SELECT 1, generateUUIDv4(number), toString(number), number + 1, 'registered', 'token' FROM numbers(1000000)")
	for b.Loop() {
		if k, err := w.KnownSends(b.Context(), 1); err != nil || k.Len() != 1_000_000 {
			b.Fatalf("%d known, %v", k.Len(), err)
		}
	}
}

// TestMessagesOfACutInsertAreCompleted: an insert into sends that was cut off has rows
// there, and none in the tables that its views fill.
func TestMessagesOfACutInsertAreCompleted(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	for campaign := range uint64(2) {
		registerPart(t, w, campaign+1, int(campaign)*100, int(campaign)*100+100, true, func(s *Send) { s.URLStyle = StyleUUID })
	}
	all := func() string {
		return text(t, e, "SELECT uniqExact(message_id, campaign_id, url_style) FROM message_campaigns") +
			text(t, e, "SELECT uniqExact(recipient_key, campaign_id, message_id) FROM recipient_messages")
	}
	const whole = "200\n200\n"
	if got := all(); got != whole {
		t.Fatalf("before: %q", got)
	}
	if err := w.CompleteSends(t.Context(), 1); err != nil || all() != whole {
		t.Errorf("nothing was missing: %q, %v", all(), err)
	}
	for _, lost := range []string{"message_campaigns", "recipient_messages"} {
		text(t, e, "DELETE FROM "+lost+" WHERE campaign_id = 1 AND cityHash64(message_id) % 3 = 0 SETTINGS lightweight_deletes_sync = 2")
	}
	if got := all(); got == whole {
		t.Fatal("nothing was lost")
	}
	if err := w.CompleteSends(t.Context(), 2); err != nil || all() == whole {
		t.Errorf("another campaign was completed: %v", err)
	}
	if err := w.CompleteSends(t.Context(), 1); err != nil || all() != whole {
		t.Errorf("after it: %q, %v, want %q", all(), err, whole)
	}
}
