package judge

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/edge/classify"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

// office is 30 recipients behind one data centre, fetched within 3 s.
func office(network string, as uint32, after time.Duration) []fetch {
	var all []fetch
	for i := range 30 {
		all = append(all, fetch{i, after + time.Duration(i)*100*time.Millisecond, chrome, "198.51.100.0", network, as})
	}
	return all
}

func TestRunsAreUndoneByRuns(t *testing.T) {
	e, w := client.Open(t)
	insert(t, e, w, 7, 40, append(office("hosting", 24940, time.Hour),
		fetch{35, -time.Minute, chrome, "203.0.113.0", "none", 3320}, // before it was sent
		fetch{36, time.Hour, chrome, "203.0.113.0", "none", 3320},
		fetch{37, 3 * time.Second, chrome, "192.0.2.0", "none", 22843}, // a gateway, at once
		fetch{38, 5 * time.Second, gmPre, "", "unknown", 0}, fetch{38, time.Hour, gmail, "", "unknown", 0},
	)...)
	before := verdicts(t, e, 7)
	dry := run(t, w, Options{DryRun: true})
	if verdicts(t, e, 7) != before || text(t, e, "SELECT count() FROM judgements") != "0\n" {
		t.Fatal("a dry run has changed something")
	}
	first := run(t, w, Options{})
	after := verdicts(t, e, 7)
	for _, want := range []string{"\tsecurity_scanner\tburst\n", "\tsecurity_scanner\tpre_delivery\n", "\tsecurity_scanner\tfast_open\n", "\tmachine_prefetch\tgmail_pair\n", "\thuman_direct\tbrowser\n"} {
		if !strings.Contains(after, want) {
			t.Errorf("no %q in\n%s", want, after)
		}
	}
	if first.Run != 1 || first.Changed != 33 || dry.Changed != 33 || len(first.Campaigns) != 1 {
		t.Errorf("run %d changed %d opens, the dry one %d: %+v", first.Run, first.Changed, dry.Changed, first.Changes)
	}
	if diff := cmp.Diff(dry.Changes, first.Changes, cmp.AllowUnexported(Change{})); diff != "" {
		t.Errorf("dry (-), real (+):\n%s", diff)
	}
	if ids := text(t, e, "SELECT DISTINCT campaign_id FROM opens WHERE judged_run = 1"); ids != "7\n" {
		t.Errorf("run 1 changed campaigns %s", ids)
	}
	c := first.Campaigns[0]
	if c.Before.Reliable != 3 || c.After.Reliable != 2 || c.Before.UnknownOnly-c.After.UnknownOnly != 31 {
		t.Errorf("%+v", c)
	}
	r, err := w.ReportOf(t.Context(), "c7")
	if err != nil || r.ReliableUniqueOpens != 2 || r.UnknownOnly != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if again := run(t, w, Options{}); again.Changed != 0 {
		t.Errorf("the same run changes %d opens", again.Changed)
	}
	if r := run(t, w, Options{Kind: warehouse.KindReclassify}); r.Changed != 0 || verdicts(t, e, 7) != after {
		t.Errorf("reclassify by the same rules changes %d opens", r.Changed)
	}
	off := Default()
	off.Without = Rules()
	if r := run(t, w, Options{Settings: off}); r.Changed != 33 || verdicts(t, e, 7) != before {
		t.Errorf("without rules %d opens change:\n%s", r.Changed, cmp.Diff(before, verdicts(t, e, 7)))
	}
	if run(t, w, Options{}); verdicts(t, e, 7) != after {
		t.Error("with the rules again they are not as before")
	}
}

// TestReclassifyJudgesOldRowsByTodaysRules has rows that older rules took for people.
func TestReclassifyJudgesOldRowsByTodaysRules(t *testing.T) {
	e, w := client.Open(t)
	insert(t, e, w, 8, 10,
		fetch{1, 2 * time.Hour, "curl/8.4.0", "", "none", 3320}, fetch{2, 2 * time.Hour, chrome, "", "none", 3320}, fetch{3, 2 * time.Hour, chrome, "", "hosting", 24940},
		fetch{4, 2 * time.Hour, chrome, "", "hosting", 24940})
	text(t, e, `INSERT INTO opens SELECT * REPLACE (65533 AS verdict_version, 2 AS ruleset_version, 'human_direct' AS class, 'browser' AS reason, 'Old Name' AS client,
		if(message_id = '00000008-0000-8000-8000-000000000004', '', user_agent) AS user_agent, if(message_id = '00000008-0000-8000-8000-000000000004', '', network) AS network,
		if(message_id = '00000008-0000-8000-8000-000000000004', '', method) AS method, if(message_id = '00000008-0000-8000-8000-000000000004', 0, as_number) AS as_number)
		FROM opens FINAL WHERE campaign_id = 8`)
	own := open(8, fetch{5, time.Hour, chrome, "", "none", 3320})
	own.Class, own.Reason = int8(classify.NotImage), "ignored_network"
	if err := w.InsertOpens(t.Context(), "own", []warehouse.Open{own}); err != nil {
		t.Fatal(err)
	}
	r := run(t, w, Options{Kind: warehouse.KindReclassify})
	if r.Changed != 2 || r.Relabeled != 3 || r.Expired != 1 || r.Ignored != 1 {
		t.Errorf("%+v", r)
	}
	want := "1\thttp_library\thttp_library\n2\thuman_direct\tbrowser\n3\tunknown\thosting\n4\thuman_direct\tbrowser\n5\tnot_image\tignored_network\n"
	if got := verdicts(t, e, 8); got != want {
		t.Errorf("%s", cmp.Diff(want, got))
	}
	if got := text(t, e, "SELECT count() FROM judged_opens WHERE client = 'Old Name'"); got != "1\n" { // the expired one
		t.Errorf("%s opens have the old name", got)
	}
	if run(t, w, Options{}); verdicts(t, e, 8) != want {
		t.Error("judge has forgotten what reclassify found")
	}
	if r := run(t, w, Options{Kind: warehouse.KindReclassify, Since: noon.Add(24 * time.Hour)}); r.Opens != 0 {
		t.Errorf("%d opens since tomorrow", r.Opens)
	}
}

// TestARunThatWasCutOffShowsNothing also checks that the next run undoes its rows.
func TestARunThatWasCutOffShowsNothing(t *testing.T) {
	e, w := client.Open(t)
	insert(t, e, w, 9, 40, office("hosting", 24940, time.Hour)...)
	insertClicks(t, e, 9)
	before, clicks := verdicts(t, e, 9), text(t, e, "SELECT class, reason FROM judged_deliveries ORDER BY ALL")
	cut := &warehouse.Run{Kind: warehouse.KindReclassify, RulesetVersion: 60000}
	if err := w.BeginRun(t.Context(), cut); err != nil {
		t.Fatal(err)
	}
	var rows []warehouse.OpenVerdict
	for i := range 30 {
		rows = append(rows, warehouse.OpenVerdict{
			CampaignID: 9, MessageID: messageID(9, i), OpenedAt: noon.Add(time.Hour + time.Duration(i)*100*time.Millisecond).UnixMilli(), EventID: events - 29 + uint64(i),
			Class: 5, Reason: "wrong", RequestClass: 5, RequestReason: "wrong", Client: "Wrong", Again: true,
		})
	}
	if err := errors.Join(w.WriteOpenVerdicts(t.Context(), cut, 60000, rows), w.WriteClickVerdicts(t.Context(), cut, []warehouse.ClickVerdict{
		{CampaignID: 9, MessageID: messageID(9, 39), OccurredAt: noon.Add(time.Minute).UnixMilli(), LinkHash: 1, Class: 5, Reason: "wrong"},
	})); err != nil {
		t.Fatal(err)
	}
	if n := text(t, e, "SELECT countIf(reason = 'wrong') FROM opens FINAL"); n != "30\n" {
		t.Fatalf("%s rows were written", n)
	}
	if got := verdicts(t, e, 9); got != before {
		t.Errorf("a run that is not applied shows:\n%s", cmp.Diff(before, got))
	}
	if n := text(t, e, "SELECT count() FROM judged_opens WHERE client = 'Wrong' OR ruleset_version = 60000"); n != "0\n" {
		t.Errorf("%s clients of it show", n)
	}
	if _, err := Run(t.Context(), w, Options{Kind: warehouse.KindJudge, Settings: Default()}); !errors.Is(err, warehouse.ErrRunGoesOn) {
		t.Fatalf("beside a run that is alive: %v", err)
	}
	text(t, e, "INSERT INTO judgements SELECT * REPLACE (step + 1 AS step, touched_at - INTERVAL 1 HOUR AS touched_at) FROM judgements FINAL")
	off := Default()
	off.Without = Rules()
	r := run(t, w, Options{Settings: off})
	if r.Run != 2 || r.Changed != 0 {
		t.Errorf("%+v", r)
	}
	if got := verdicts(t, e, 9); got != before || text(t, e, "SELECT class, reason FROM judged_deliveries ORDER BY ALL") != clicks {
		t.Errorf("after the next run:\n%s", cmp.Diff(before, got))
	}
	if n := text(t, e, "SELECT count() FROM opens FINAL WHERE reason = 'wrong' OR request_reason = 'wrong' OR client = 'Wrong' OR ruleset_version = 60000"); n != "0\n" {
		t.Errorf("%s rows of the dead run are left", n)
	}
	if err := w.TouchRun(t.Context(), cut); err == nil {
		t.Error("the dead run may go on")
	}
}

// insertClicks gives message 39 three clicks at once, and message 38 one.
func insertClicks(t *testing.T, e *enginetest.Warehouse, campaign uint64) {
	t.Helper()
	for i, link := range []int{1, 2, 3, 1} {
		m := messageID(campaign, 39-i/3)
		text(t, e, fmt.Sprintf(`INSERT INTO deliveries (campaign_id, message_id, kind, occurred_at, link_hash, received_at, url)
			VALUES (%d, '%s', 'clicked', '2026-03-04 12:01:0%d', %d, '2026-03-04 13:00:00', 'https://example.com/%d')`, campaign, m, i%3, link, link))
	}
}

func TestSweepsOfClicksAreAMachines(t *testing.T) {
	e, w := client.Open(t)
	insert(t, e, w, 11, 40, fetch{39, 50 * time.Second, chrome, "", "none", 3320}, fetch{39, 3 * time.Hour, chrome, "", "none", 3320}, fetch{38, 50 * time.Second, chrome, "", "none", 3320})
	insertClicks(t, e, 11)
	r := run(t, w, Options{})
	if r.Reclicked != 3 || r.Changed != 1 {
		t.Errorf("%+v", r)
	}
	if got, want := text(t, e, "SELECT class, reason, count() FROM judged_deliveries GROUP BY ALL ORDER BY ALL"), "unknown\t\t1\nsecurity_scanner\tclick_sweep\t3\n"; got != want {
		t.Errorf("%s", cmp.Diff(want, got))
	}
	report, err := w.ReportOf(t.Context(), "c11")
	if err != nil || report.Clicked != 1 || report.ReliableUniqueOpens != 2 {
		t.Errorf("%+v, %v", report, err)
	}
	pot := Default()
	pot.Without, pot.Honeypots = []string{RuleClickSweep}, []string{"https://example.com/2"}
	run(t, w, Options{Settings: pot})
	if got, want := text(t, e, "SELECT class, reason, count() FROM judged_deliveries GROUP BY ALL ORDER BY ALL"), "unknown\t\t1\nsecurity_scanner\thoneypot\t3\n"; got != want {
		t.Errorf("%s", cmp.Diff(want, got))
	}
}
