package judge

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

// oldOpens is the number of opens that TestNoReportIsMixed judges again;
// GLINT_RECLASSIFY_OPENS sets more, such as 10000000.
func oldOpens(t *testing.T) int {
	text := os.Getenv("GLINT_RECLASSIFY_OPENS")
	if text == "" {
		return 20_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("GLINT_RECLASSIFY_OPENS=%q is no number of opens", text)
	}
	return n
}

// insertOld inserts campaign 10, of which every message has one open, from a data
// centre, which the rules of its day took for a person's.
func insertOld(t *testing.T, e *enginetest.Warehouse, w *warehouse.Warehouse, messages int) {
	t.Helper()
	const campaign, atATime = 10, 1_000_000
	insert(t, e, w, campaign, messages)
	for from := 0; from < messages; from += atATime {
		text(t, e, fmt.Sprintf(`INSERT INTO opens (campaign_id, message_id, opened_at, event_id, received_at, user_agent, network, as_number, method, class, reason, verdict_version)
			SELECT %[1]d, toUUID(concat('%08[1]x', '-0000-8000-8000-', leftPad(lower(hex(toUInt32(number))), 12, '0'))) AS message,
				toDateTime64('2026-03-04 12:00:00', 3, 'UTC') + toIntervalDay(1 + cityHash64(message) %% 60), number, now64(3), '%[2]s', 'hosting', 24940, 'GET', 'human_direct', 'browser', 65533
			FROM numbers(%[3]d, %[4]d)`, campaign, chrome, from, min(messages-from, atATime)))
	}
}

// TestNoReportIsMixed reads reports in a loop while events arrive and all opens of a
// campaign are judged again.
func TestNoReportIsMixed(t *testing.T) {
	e, w := client.Open(t)
	messages := oldOpens(t)
	insertOld(t, e, w, messages)
	timed := func(name string, kind warehouse.RunKind) *Result {
		began := time.Now()
		r := run(t, w, Options{Kind: kind})
		took := time.Since(began)
		t.Logf("%s: %d opens in %s, %.0f a second, %d changed", name, r.Opens, took.Round(time.Millisecond), float64(r.Opens)/took.Seconds(), r.Changed)
		return r
	}
	if r := timed("judge", warehouse.KindJudge); r.Changed != 0 {
		t.Errorf("judge changes %d opens", r.Changed)
	}
	done := make(chan *Result, 1)
	reports, late := map[string]int{}, uint64(0)
	for finished := false; !finished; {
		select {
		case r := <-done:
			if r.Changed < uint64(messages) {
				t.Errorf("%+v", r)
			}
			finished = true
		default:
		}
		late++ // events arrive meanwhile, of a bot: they change the sum of opens only
		o := open(10, fetch{int(late) % messages, time.Hour, "Googlebot/2.1", "", "none", 3320})
		if err := w.InsertOpens(t.Context(), fmt.Sprint("late-", late), []warehouse.Open{o}); err != nil {
			t.Fatal(err)
		}
		reports[peopleIn(t, w)]++
		if late == 1 {
			go func() { done <- timed("reclassify", warehouse.KindReclassify) }()
		}
	}
	want := map[string]bool{
		fmt.Sprint(messages, " 0 ", messages, " human_direct=", messages, " "):  true,
		fmt.Sprint(0, " ", messages, " ", messages, " unknown=", messages, " "): true,
	}
	for report, n := range reports {
		if !want[report] {
			t.Errorf("%d reports say %s", n, report)
		}
	}
	if len(reports) != 2 {
		t.Errorf("reports: %v", reports)
	}
	t.Logf("%d events arrived, and each was followed by a report", late)

	before := wholeReport(t, w)
	for _, kind := range []warehouse.RunKind{warehouse.KindJudge, warehouse.KindReclassify, warehouse.KindJudge} {
		if r := timed("again", kind); r.Changed != 0 {
			t.Errorf("kind %d changes %d opens", kind, r.Changed)
		}
		if diff := cmp.Diff(before, wholeReport(t, w)); diff != "" {
			t.Errorf("kind %d changes the report:\n%s", kind, diff)
		}
	}
}

// peopleIn returns the numbers of its report without the bots'.
func peopleIn(t *testing.T, w *warehouse.Warehouse) string {
	t.Helper()
	r, err := w.ReportOf(t.Context(), "c10")
	if err != nil {
		t.Fatal(err)
	}
	classes := ""
	for _, c := range r.Classes {
		if c.Class != "bot" {
			classes += fmt.Sprint(c.Class, "=", c.OpensTotal, " ")
		}
	}
	return fmt.Sprint(r.ReliableUniqueOpens, " ", r.UnknownOnly, " ", r.UniqueOpens, " ", classes)
}

// wholeReport returns its report without the times at which it was computed.
func wholeReport(t *testing.T, w *warehouse.Warehouse) *warehouse.Report {
	t.Helper()
	r, err := w.ReportOf(t.Context(), "c10")
	if err != nil {
		t.Fatal(err)
	}
	r.ComputedAt, r.CompleteTo = time.Time{}, time.Time{}
	return r
}
