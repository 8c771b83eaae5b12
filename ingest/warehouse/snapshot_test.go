package warehouse

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"glint/ingest/warehouse/enginetest"
)

// fillCampaign writes a campaign of that many messages by SQL, all of them sent at
// a time: half of them opened, some clicked.
func fillCampaign(t *testing.T, e *enginetest.Warehouse, id uint64, messages int, sentAt time.Time) {
	t.Helper()
	at := sentAt.UTC().Format(time.DateTime)
	for _, statement := range []string{
		fmt.Sprintf("INSERT INTO campaigns (campaign_id, name, created_at, id_key) VALUES (%d, 'campaign %d', '%s', 'k')", id, id, at),
		fmt.Sprintf(`INSERT INTO sends (campaign_id, message_id, recipient, recipient_key, sent_at, registered_at)
			SELECT %d, toUUID(leftPad(lower(hex(number)), 32, '0')), 'r', number + 1, '%s', '%s' FROM numbers(%d)`, id, at, at, messages),
		fmt.Sprintf(`INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, path, verdict_version)
			SELECT %d, toUUID(leftPad(lower(hex(number)), 32, '0')), toDateTime64('%s', 3, 'UTC') + number, number, ['human_direct', 'machine_prefetch', 'unknown'][1 + number %% 3],
				if(number %% 3 = 1, 'apple_mpp_relay', 'other'), if(number %% 7 = 0, '/x', ''), 65534 FROM numbers(%d)`, id, at, messages/2),
		fmt.Sprintf(`INSERT INTO deliveries (campaign_id, message_id, kind, occurred_at, class)
			SELECT %d, toUUID(leftPad(lower(hex(number)), 32, '0')), ['clicked', 'complained', 'replied'][1 + number %% 3], toDateTime64('%s', 3, 'UTC') + number, 'human_direct' FROM numbers(%d)`,
			id, at, messages/4),
	} {
		text(t, e, statement)
	}
}

func TestASnapshotHasTheNumbersOfTheLiveReport(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	fillCampaign(t, e, 1, 600, noon.Add(-7*24*time.Hour))
	fillCampaign(t, e, 2, 600, noon)
	for _, id := range []uint64{1, 2} {
		refresh(t, w, id)
		want, err := w.liveReport(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		got := reportOf(t, w, id)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Report{}, "ComputedAt", "CompleteTo", "Ahead"), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
			t.Errorf("campaign %d: live (-), snapshot (+):\n%s", id, diff)
		}
		if again := reportOf(t, w, id); !again.ComputedAt.Equal(got.ComputedAt) || got.OpensTotal != 300 || len(got.Estimates) != 7 || len(got.Classes) != 3 {
			t.Errorf("campaign %d was computed at %v, then at %v: %+v", id, got.ComputedAt, again.ComputedAt, got)
		}
	}
}

// refresh computes a campaign's snapshot: the numbers first, from which the estimates take
// the campaign's start.
func refresh(t *testing.T, w *Warehouse, id uint64) {
	t.Helper()
	if err := errors.Join(w.RefreshNumbers(t.Context(), id), w.RefreshEstimates(t.Context(), id)); err != nil {
		t.Fatal(err)
	}
}

func reportOf(t *testing.T, w *Warehouse, id uint64) *Report {
	t.Helper()
	r, err := w.ReportOf(t.Context(), fmt.Sprint(id))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNumbersAreKeptWithTheEstimatesOfBefore(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	fillCampaign(t, e, 1, 400, noon)
	if err := w.RefreshNumbers(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if got := text(t, e, "SELECT count() FROM campaign_snapshots"); got != "0\n" {
		t.Errorf("%s snapshots without estimates", got)
	}
	refresh(t, w, 1)
	text(t, e, "INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class) VALUES (1, toUUID('000000000000000000000000000000f0'), '2026-03-04 13:00:00', 777, 'human_direct')")
	if err := w.RefreshNumbers(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ numbers, want string }{
		{"opens_total, is_current, estimates_are_current", "201\t1\t0\n"},
		{"reliable_unique_opens - round(estimates[1].rate * (measured - mpp_only))", "1\n"},
	} {
		if got := text(t, e, "SELECT "+c.numbers+" FROM campaign_snapshots"); got != c.want {
			t.Errorf("%s: %s, want %s", c.numbers, got, c.want)
		}
	}
	if got := reportOf(t, w, 1); *got.Estimate("hubspot").Rate != *got.MPPAdjustedOpenRate {
		t.Errorf("the report of a small account has old estimates: %+v", got)
	}
}

// parts are the breakdowns of campaign 1.
type parts struct {
	Timeline   *Timeline
	TimeToOpen *TimeToOpen
	Of         map[string][]ValueCount
}

func partsOf(t *testing.T, w *Warehouse, fresh bool) (p parts) {
	t.Helper()
	const id = 1
	var faults [3]error
	p.Timeline, faults[0] = w.Timeline(t.Context(), id, fresh)
	p.TimeToOpen, faults[1] = w.TimeToOpen(t.Context(), id, fresh)
	p.Of, faults[2] = w.Breakdowns(t.Context(), id, fresh, "client", "class", "reason", "country", "provider")
	if err := errors.Join(faults[:]...); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStoredBreakdownsAreThoseThatWouldBeComputed(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	fillCampaign(t, e, 1, 600, noon)
	text(t, e, `INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, time_suspect) SELECT 1, toUUID(leftPad(lower(hex(450 + number)), 32, '0')),
		'2026-03-09 00:00:00', 1000 + number, 'human_direct', 'before_token' FROM numbers(9)`)
	refresh(t, w, 1)
	if err := w.RefreshBreakdowns(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	want := partsOf(t, w, true)
	if diff := cmp.Diff(want, partsOf(t, w, false)); diff != "" {
		t.Errorf("computed (-), stored (+):\n%s", diff)
	}
	if len(want.Timeline.Quarters) != 2 || want.TimeToOpen.Messages == 0 || want.TimeToOpen.Untimed != 9 || len(want.Of["class"]) != 3 {
		t.Errorf("%+v", want)
	}
	// A mutation leaves no mark: what is stored counts as current.
	text(t, e, "ALTER TABLE opens DELETE WHERE event_id = 0 SETTINGS mutations_sync = 1")
	if diff := cmp.Diff(want, partsOf(t, w, false)); diff != "" {
		t.Errorf("before (-), after a mutation (+):\n%s", diff)
	}
	fresh := partsOf(t, w, true)
	if cmp.Equal(want, fresh) {
		t.Error("what is asked for fresh is read from its snapshot")
	}
	if err := w.Touched(t.Context(), []uint64{1}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fresh, partsOf(t, w, false)); diff != "" {
		t.Errorf("fresh (-), after a change of a small campaign (+):\n%s", diff)
	}
	// A large one may be shown as it was some seconds ago.
	text(t, e, "INSERT INTO campaign_breakdowns SELECT * REPLACE (now64(3, 'UTC') AS computed_at, now64(3, 'UTC') - 20 AS read_at, 200000 AS campaign_rows) FROM campaign_breakdowns FINAL")
	if diff := cmp.Diff(want, partsOf(t, w, false)); diff != "" {
		t.Errorf("stored (-), 20 s later (+):\n%s", diff)
	}
}

// TestEveryInsertShowsAtOnce inserts by SQL into each table on which a report depends, as
// any program may.
func TestEveryInsertShowsAtOnce(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	fillCampaign(t, e, 1, 400, noon.Add(-7*24*time.Hour))
	fillCampaign(t, e, 2, 400, noon)
	fillCampaign(t, e, 3, 400, noon.Add(24*time.Hour))
	for _, id := range []uint64{1, 3, 2} {
		refresh(t, w, id)
	}
	for _, c := range []struct {
		name, statement string
		shows           bool
	}{
		{"an open", "INSERT INTO opens (campaign_id, message_id, opened_at, event_id) VALUES (2, toUUID('00000000000000000000000000000001'), '2026-03-04 13:00:00', 777)", true},
		{"a message", "INSERT INTO sends (campaign_id, message_id, recipient) VALUES (2, generateUUIDv4(), 'x')", true},
		{"a click", "INSERT INTO deliveries (campaign_id, message_id, kind, occurred_at, class) VALUES (2, toUUID('000000000000000000000000000000f0'), 'clicked', '2026-03-04 13:00:00', 'human_direct')", true},
		{"a registration", "INSERT INTO registrations (campaign_id, registration_id, step, state) VALUES (2, 9, 2, 'complete')", true},
		{"its subject", "INSERT INTO campaigns (campaign_id, name, subject, created_at, id_key) VALUES (2, 'campaign 2', 's', '2026-03-04 12:00:00', 'k')", true},
		{"a verdict on older mail", "INSERT INTO opens (campaign_id, message_id, opened_at, event_id, class, reason, verdict_version) VALUES (1, toUUID('000000000000000000000000000000c7'), '2026-03-04 13:00:00', 9, 'machine_prefetch', 'apple_mpp_relay', 70000)", true},
		{"an open of later mail", "INSERT INTO opens (campaign_id, message_id, opened_at, event_id) VALUES (3, toUUID('00000000000000000000000000000001'), '2026-03-05 13:00:00', 778)", false},
	} {
		refresh(t, w, 2)
		before := reportOf(t, w, 2)
		text(t, e, c.statement)
		got := reportOf(t, w, 2)
		if got.ComputedAt.After(before.ComputedAt) != c.shows {
			t.Errorf("%s: computed at %v, then at %v", c.name, before.ComputedAt, got.ComputedAt)
		}
		want, err := w.liveReport(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Report{}, "ComputedAt", "CompleteTo", "Ahead")); diff != "" {
			t.Errorf("%s: live (-), got (+):\n%s", c.name, diff)
		}
	}
	refresh(t, w, 2)
	if err := w.Touched(t.Context(), []uint64{2}); err != nil {
		t.Fatal(err)
	}
	before := reportOf(t, w, 2)
	if after := reportOf(t, w, 2); !after.ComputedAt.After(before.ComputedAt) {
		t.Error("a campaign that was touched is read from its snapshot")
	}
}

func TestLostMarksAreMadeUpForAfterAStart(t *testing.T) {
	e, w := engine(t)
	e.Empty(t)
	at := time.Now().UTC() // in one month, whichever month it is by the end of the test
	fillCampaign(t, e, 1, 100, at)
	refresh(t, w, 1)
	// The rows of an insert without its mark, as a kill between the two leaves them.
	text(t, e, "CREATE TABLE aside AS opens")
	defer text(t, e, "DROP TABLE aside")
	text(t, e, "INSERT INTO aside (campaign_id, message_id, opened_at, event_id, received_at) SELECT 1, generateUUIDv4(), at, 5000, at FROM (SELECT toDateTime64('"+at.Format(time.DateTime)+"', 3, 'UTC') AS at)")
	text(t, e, "ALTER TABLE opens ATTACH PARTITION ID '"+at.Format("200601")+"' FROM aside")
	if err := w.MarkRecentChanges(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := reportOf(t, w, 1); got.UnregisteredOpensTotal != 1 {
		t.Errorf("the open of an unregistered message does not show: %+v", got)
	}
}

func TestLargeCampaignsMayBeSecondsOld(t *testing.T) {
	for _, c := range []struct {
		name string
		s    snapshot
		want bool
	}{
		{"current", snapshot{isCurrent: true, estimatesAreCurrent: true, age: time.Hour}, true},
		{"small and behind", snapshot{estimatesAreCurrent: true, report: Report{Sends: 100_000, OpensTotal: 99_999}}, false},
		{"large by opens of unregistered messages", snapshot{estimatesAreCurrent: true, age: 50 * time.Second, report: Report{Sends: 100_000, UnregisteredOpensTotal: 100_000}}, true},
		{"large and behind for 50 s", snapshot{estimatesAreCurrent: true, age: 50 * time.Second, report: Report{Sends: 1_000_000, OpensTotal: 900_000}}, true},
		{"large and behind for 70 s", snapshot{estimatesAreCurrent: true, age: 70 * time.Second, report: Report{Sends: 1_000_000, OpensTotal: 900_000}}, false},
		{"five times as large", snapshot{estimatesAreCurrent: true, age: 4 * time.Minute, report: Report{Sends: 5_000_000, OpensTotal: 5_000_000}}, true},
		{"current in a small account whose older mail is opened", snapshot{isCurrent: true, accountRows: 2_999_999}, false},
		{"in a large one", snapshot{isCurrent: true, accountRows: 3_000_000}, true},
		{"small and behind for 4 s in a large one", snapshot{age: 4 * time.Second, accountRows: 3_000_000, report: Report{Sends: 1000}}, true},
		{"small and behind for 6 s in a large one", snapshot{age: 6 * time.Second, accountRows: 3_000_000, report: Report{Sends: 1000}}, false},
	} {
		if got := c.s.recent(); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
