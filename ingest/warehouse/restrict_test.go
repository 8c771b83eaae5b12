package warehouse

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"glint/ingest/warehouse/enginetest"
)

// strictness is the order of the fates, the least strict first.
var strictness = []Fate{FateKeep, FatePseudonymous, FateLastOpen, FateAnonymous, FateCount, FateDrop}

func TestFatesOfModes(t *testing.T) {
	for _, withdrawn := range []Fate{FateCount, FateAnonymous, FateDrop} {
		for tracking := Identified; tracking <= Off; tracking++ {
			if f := FateOf(tracking, withdrawn); f.Tracking() != tracking {
				t.Errorf("%v, configured %v: %v, which is %v", tracking, withdrawn, f, f.Tracking())
			}
		}
		if f := FateOf(withdrawn.Tracking(), withdrawn); f != withdrawn {
			t.Errorf("configured %v: %v", withdrawn, f)
		}
	}
}

// fatesOf returns the fates of all messages, read from a time on.
func fatesOf(t *testing.T, w *Warehouse, since time.Time) map[uuid.UUID]Fate {
	t.Helper()
	all := map[uuid.UUID]Fate{}
	err := w.WithdrawnMessages(t.Context(), since, func(message uuid.UUID, fate Fate) {
		if _, twice := all[message]; twice {
			t.Errorf("message %s comes twice", message)
		}
		all[message] = fate
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestOfAllRowsOfAMessageTheStrictestHolds gives each message every pair of a fate
// of its recipient and one of its own, in both orders and with either changed
// last, restricts it once more, and sweeps.
func TestOfAllRowsOfAMessageTheStrictestHolds(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	hasher, err := w.RecipientHasher(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	want, again := map[uuid.UUID]int{}, []Restriction{}
	var sends []Send
	var rows [2][]Withdrawal
	for recipients := range strictness {
		if f := strictness[recipients]; f == FatePseudonymous || f == FateLastOpen {
			continue // a recipient has none of these
		}
		for own := range strictness {
			for last := range strictness {
				for order := range 2 {
					address := fmt.Sprintf("r%d-%d-%d-%d@example.com", recipients, own, last, order)
					id := uuid.New()
					sends = append(sends, Send{CampaignID: 7, MessageID: id, Recipient: address, RegisteredAt: before})
					for i, row := range []Withdrawal{
						{Recipient: hasher.Key(address), Fate: strictness[recipients]},
						{Recipient: hasher.Key(address), Fate: strictness[own], Message: id},
					} {
						row.ChangedAt = before.Add(time.Duration((i+order)%2) * time.Minute)
						rows[(i+order)%2] = append(rows[(i+order)%2], row)
					}
					want[id] = max(recipients, own, last)
					if strictness[last] != FateKeep {
						again = append(again, Restriction{id, strictness[last]})
					}
				}
			}
		}
	}
	if err := w.InsertSends(t.Context(), "restricted", sends); err != nil {
		t.Fatal(err)
	}
	for i, part := range rows {
		if err := w.InsertWithdrawals(t.Context(), fmt.Sprint("rows", i), part); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // again it changes nothing
		if _, err := w.Restrict(t.Context(), 7, again); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string, since time.Time) {
		t.Helper()
		got := fatesOf(t, w, since)
		for id, strict := range want {
			if got[id] != strictness[strict] {
				t.Errorf("%s: the fate is %v, want %v", when, got[id], strictness[strict])
			}
		}
	}
	check("all read", time.Time{})
	if _, err := w.ApplyWithdrawals(t.Context(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	check("swept", time.Time{})
	known, err := w.KnownSends(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	for id, strict := range want {
		if got, _ := known.Tracking(id); got != strictness[strict].Tracking() {
			t.Errorf("registered as %v, want %v", got, strictness[strict].Tracking())
		}
	}
	text(t, e, "OPTIMIZE TABLE withdrawals FINAL")
	check("merged", time.Time{})
	if done, err := w.ApplyWithdrawals(t.Context(), time.Time{}); err != nil || done != (Swept{}) {
		t.Errorf("a second sweep: %+v, %v", done, err)
	}
	// After the retention period no row leads to a recipient, and the fates still apply.
	for range 2 {
		if _, err := w.ForgetRecipients(t.Context(), time.Now().Add(time.Hour), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	for id, strict := range want {
		if strictness[strict] == FateKeep {
			delete(want, id)
		}
	}
	check("forgotten", time.Time{})
	if n := strings.TrimSpace(text(t, e, "SELECT count() FROM withdrawals FINAL WHERE recipient_key != 0 AND message_id != toUUID('00000000-0000-0000-0000-000000000000')")); n != "0" {
		t.Errorf("%s rows of messages still name a recipient", n)
	}
}

// TestStoredOpensFollowTheStricterMode stores opens and web events of a message,
// restricts it, and looks at what is left of them, also after a late insert.
func TestStoredOpensFollowTheStricterMode(t *testing.T) {
	e, w := engine(t)
	for _, c := range []struct {
		fate Fate
		want string // opens with and without personal facts, aggregate opens with and without a client, withheld ones, dates
	}{
		{FatePseudonymous, "0 3 0 0 0 0"},
		{FateLastOpen, "0 0 0 0 3 1"},
		{FateAnonymous, "0 0 3 0 0 0"},
		{FateCount, "0 0 0 3 0 0"},
		{FateDrop, "0 0 0 0 3 0"},
	} {
		e.Empty(t)
		message := uuid.New()
		if err := w.InsertSends(t.Context(), "one", []Send{{CampaignID: 7, MessageID: message, Recipient: "ann@example.com", URLStyle: StyleBoth}}); err != nil {
			t.Fatal(err)
		}
		store := func(n uint64) {
			o := fullOpen()
			o.CampaignID, o.MessageID, o.EventID, o.Class, o.TimeSuspect = 7, message, n, 1, SuspectNone
			o.ReceivedAt = time.Now() // waiting rows have a lifetime
			if err := w.InsertOpens(t.Context(), uuid.NewString(), []Open{o}); err != nil {
				t.Fatal(err)
			}
			if err := w.InsertUnresolved(t.Context(), uuid.NewString(), []Open{o}); err != nil {
				t.Fatal(err)
			}
			bought := WebEvent{Site: "shop", Name: "bought", EventID: n, OccurredAt: o.ReceivedAt, ReceivedAt: o.ReceivedAt, CampaignID: 7, MessageID: message}
			if err := w.InsertWebEvents(t.Context(), uuid.NewString(), []WebEvent{bought}); err != nil {
				t.Fatal(err)
			}
		}
		store(1)
		store(2)
		at, err := w.Restrict(t.Context(), 7, []Restriction{{message, c.fate}})
		if err != nil {
			t.Fatal(err)
		}
		for n := range uint64(2) {
			if n == 1 {
				store(3) // was being stored meanwhile
			}
			if done, err := w.ApplyWithdrawals(t.Context(), at); err != nil || done.Opens == 0 {
				t.Errorf("%v: %+v, %v", c.fate, done, err)
			}
		}
		if done, err := w.ApplyWithdrawals(t.Context(), at); err != nil || done != (Swept{}) {
			t.Errorf("%v: again: %+v, %v", c.fate, done, err)
		}
		got := e.Text(t, enginetest.WarehouseUser, `SELECT
			(SELECT count() FROM opens FINAL WHERE ip != toIPv6('::') OR referer_host != ''), (SELECT count() FROM opens FINAL WHERE ip = toIPv6('::')),
			(SELECT countIf(client != '') FROM aggregate_opens FINAL WHERE campaign_id = 7), (SELECT countIf(client = '') FROM aggregate_opens FINAL WHERE campaign_id = 7),
			(SELECT count() FROM aggregate_opens FINAL WHERE campaign_id = 0), (SELECT count() FROM last_opens FINAL)`, nil)
		if got = strings.ReplaceAll(strings.TrimSpace(got), "\t", " "); got != c.want {
			t.Errorf("%v: %s, want %s", c.fate, got, c.want)
		}
		waiting := text(t, e, "SELECT count(), countIf(ip != toIPv6('::') OR region != '' OR referer_host != '' OR ja4 != '' OR path != '' OR extra != '') FROM unresolved_opens FINAL")
		if want := map[bool]string{true: "3\t0\n", false: "0\t0\n"}[c.fate == FatePseudonymous]; waiting != want {
			t.Errorf("%v: %q wait, want %q", c.fate, waiting, want)
		}
		if web := text(t, e, "SELECT count(), countIf(campaign_id != 0 OR message_id != toUUID('00000000-0000-0000-0000-000000000000')) FROM web_events FINAL"); web != "3\t0\n" {
			t.Errorf("%v: %q web events, and with the message", c.fate, web)
		}
	}
}

func TestLesserSendsAreThoseMeasuredLess(t *testing.T) {
	_, w := engine(t)
	var messages []Send
	for mode := Identified; mode <= Off; mode++ {
		for range 3 {
			messages = append(messages, Send{CampaignID: 7, MessageID: uuid.New(), Recipient: uuid.NewString(), Tracking: mode, URLStyle: StyleToken})
		}
	}
	if err := w.InsertSends(t.Context(), "lesser", messages); err != nil {
		t.Fatal(err)
	}
	for mode := Identified; mode <= Off; mode++ {
		lesser, err := w.LesserSends(t.Context(), 7, mode)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			if got, known := lesser.Tracking(m.MessageID); known != (m.Tracking > mode) || known && got != m.Tracking {
				t.Errorf("of less than %s: %s is known %v, as %s", mode, m.Tracking, known, got)
			}
		}
	}
}
