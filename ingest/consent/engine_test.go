package consent

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

func recorder(w Warehouse, now time.Time) *Recorder {
	return &Recorder{
		Warehouse: w, Book: &memoryBook{head: Head{Node: "node"}}, Fate: warehouse.FateCount, Now: func() time.Time { return now },
	}
}

func choose(t *testing.T, r *Recorder, key warehouse.RecipientKey, choice warehouse.Choice, at time.Time) Outcome {
	t.Helper()
	o, err := r.Record(t.Context(), []Change{{Recipient: key, Choice: choice, DecidedAt: at, Method: "form", TextVersion: "1"}})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOlderChoicesNeverOverrideNewerOnes(t *testing.T) {
	_, w := client.Open(t)
	r := recorder(w, testTime)
	key := recipient(1)
	choose(t, r, key, warehouse.Refused, testTime.Add(-time.Hour))
	if o := choose(t, r, key, warehouse.Agreed, testTime.Add(-2*time.Hour)); o.Older != 1 || o.Recorded != 1 {
		t.Errorf("%+v", o)
	}
	if o := choose(t, r, key, warehouse.Agreed, testTime.Add(-2*time.Hour)); o.Known != 1 || o.Recorded != 0 {
		t.Errorf("the same again: %+v", o)
	}
	choose(t, r, recipient(2), warehouse.Agreed, testTime.Add(-time.Hour))
	choose(t, r, recipient(2), warehouse.Refused, testTime.Add(-time.Hour)) // at the same time
	current, err := w.CurrentChoices(t.Context(), PurposeOpens)
	if err != nil || current[key].Choice != warehouse.Refused || current[recipient(2)].Choice != warehouse.Refused || len(current) != 2 {
		t.Errorf("%v, %v", current, err)
	}
	if _, err := r.Record(t.Context(), []Change{{Recipient: key, Choice: warehouse.Undecided, DecidedAt: testTime}}); !errors.Is(err, ErrRemembered) {
		t.Errorf("a refusal becomes unknown: %v", err)
	}
	if _, err := r.Record(t.Context(), []Change{{Recipient: key, Choice: warehouse.Agreed, DecidedAt: testTime.Add(time.Hour)}}); !errors.Is(err, ErrChange) {
		t.Errorf("a choice of the future: %v", err)
	}
}

func TestProofAChangedRowOfTheTableIsFound(t *testing.T) {
	e, w := client.Open(t)
	r := recorder(w, testTime)
	for i := range byte(4) {
		choose(t, r, recipient(i), warehouse.Choice(i), testTime.Add(-time.Minute))
	}
	check := func() error {
		var v Verifier
		if err := w.EachConsent(t.Context(), nil, func(c *warehouse.Consent) error { v.Add(c); return nil }); err != nil {
			t.Fatal(err)
		}
		v.Expect(r.Book.(*memoryBook).head)
		return v.Err()
	}
	if err := check(); err != nil {
		t.Fatal(err)
	}
	text := func(statement string) {
		e.Text(t, enginetest.WarehouseUser, statement, map[string]string{"mutations_sync": "2"})
	}
	for _, change := range []string{
		"choice = 'agreed' WHERE sequence = 3", "text_version = '2' WHERE sequence = 1", "recipient_key = recipient_key + 1 WHERE sequence = 4",
	} {
		text("CREATE TABLE kept AS consents")
		text("INSERT INTO kept SELECT * FROM consents")
		text("ALTER TABLE consents UPDATE " + change)
		if err := check(); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", change, err)
		}
		text("TRUNCATE TABLE consents")
		text("INSERT INTO consents SELECT * FROM kept")
		text("DROP TABLE kept")
	}
	text("ALTER TABLE consents DELETE WHERE sequence = 4")
	if err := check(); !errors.Is(err, ErrDamaged) {
		t.Errorf("the last row is gone: %v", err)
	}
}

// send registers a message of a recipient and stores an open of it.
func send(t *testing.T, w *warehouse.Warehouse, address string) (key warehouse.RecipientKey, message uuid.UUID) {
	t.Helper()
	hasher, err := w.RecipientHasher(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	message = uuid.New()
	if err := w.InsertSends(t.Context(), "send-"+message.String(), []warehouse.Send{{CampaignID: 7, MessageID: message, Recipient: address, URLStyle: warehouse.StyleToken}}); err != nil {
		t.Fatal(err)
	}
	for i := range uint64(3) {
		openAgain(t, w, message, i)
	}
	return hasher.Key(address), message
}

func openAgain(t *testing.T, w *warehouse.Warehouse, message uuid.UUID, n uint64) {
	t.Helper()
	at := testTime.Add(-time.Duration(n) * time.Minute)
	err := w.InsertOpens(t.Context(), uuid.NewString(), []warehouse.Open{{
		CampaignID: 7, MessageID: message, Class: 1, Reason: "mail_app", Client: "Thunderbird", VerdictVersion: 5,
		Facts: warehouse.Facts{OpenedAt: at, EventID: uint64(message.ID()) + n, ReceivedAt: at, UserAgent: "PERSON", Country: "DE"},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWithdrawalReachesOpensThatAreStored(t *testing.T) {
	for _, c := range []struct {
		fate     warehouse.Fate
		tracking string
		rows     string
	}{
		{warehouse.FateCount, "aggregate", "7 human_direct \n"},
		{warehouse.FateAnonymous, "aggregate", "7 human_direct Thunderbird\n"},
		{warehouse.FateDrop, "off", "0 unknown \n"},
	} {
		e, w := client.Open(t)
		text := func(statement string) string {
			return e.Text(t, enginetest.WarehouseUser, statement+" FORMAT TSVRaw", nil)
		}
		key, message := send(t, w, "ann@example.com")
		_, other := send(t, w, "bob@example.com")
		r := recorder(w, testTime)
		r.Fate = c.fate
		if o := choose(t, r, key, warehouse.Withdrawn, testTime); o.Swept.Opens != 3 || o.Swept.Messages != 1 || o.Withdrawn != 1 {
			t.Errorf("%v: %+v", c.fate, o)
		}
		if got := text("SELECT DISTINCT message_id FROM opens"); got != other.String()+"\n" {
			t.Errorf("%v: opens of %s", c.fate, got)
		}
		if got := text("SELECT DISTINCT concat(toString(campaign_id), ' ', toString(class), ' ', client) FROM aggregate_opens FINAL"); got != c.rows {
			t.Errorf("%v: %q", c.fate, got)
		}
		if got := text("SELECT count() FROM aggregate_opens FINAL"); got != "3\n" {
			t.Errorf("%v: %s aggregate opens", c.fate, got)
		}
		if got := text(fmt.Sprintf("SELECT tracking FROM sends FINAL WHERE message_id = '%s'", message)); got != c.tracking+"\n" {
			t.Errorf("%v: tracking is %s", c.fate, got)
		}
		openAgain(t, w, message, 9) // was being stored meanwhile
		if done, err := w.ApplyWithdrawals(t.Context(), time.Time{}); err != nil || done.Opens != 1 || done.Messages != 0 {
			t.Errorf("%v: %+v, %v", c.fate, done, err)
		}
		if done, err := w.ApplyWithdrawals(t.Context(), time.Time{}); err != nil || done != (warehouse.Swept{}) {
			t.Errorf("%v: again: %+v, %v", c.fate, done, err)
		}
		for _, table := range []string{"opens", "aggregate_opens"} {
			if got := text("SELECT * FROM " + table); strings.Count(got, "PERSON") != map[string]int{"opens": 3}[table] {
				t.Errorf("%v: %s:\n%s", c.fate, table, got)
			}
		}
	}
}

func TestAnAgreementAfterAWithdrawalConcernsLaterMail(t *testing.T) {
	_, w := client.Open(t)
	key, message := send(t, w, "ann@example.com")
	f := NewFollower(&Set{}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	if err := f.Load(t.Context(), w); err != nil || f.Set.Len() != 0 {
		t.Fatalf("%d, %v", f.Set.Len(), err)
	}
	var again time.Time
	look := func(want warehouse.Fate) {
		t.Helper()
		if err := f.look(t.Context(), w, testTime, &again); err != nil || f.Set.Fate(message) != want {
			t.Errorf("%v, want %v: %v", f.Set.Fate(message), want, err)
		}
	}
	look(warehouse.FateKeep)
	choose(t, recorder(w, testTime), key, warehouse.Withdrawn, testTime)
	look(warehouse.FateCount)
	choose(t, recorder(w, testTime.Add(time.Second)), key, warehouse.Agreed, testTime.Add(time.Second))
	look(warehouse.FateCount)
	_, message = send(t, w, "ann@example.com")
	if err := f.whole(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	look(warehouse.FateKeep)
	if f.Set.Len() != 1 {
		t.Errorf("%d messages are withdrawn", f.Set.Len())
	}
}
