package audit

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/edge/event"
	"glint/edge/token"
	"glint/ingest/audit"
	"glint/ingest/mirrors"
	"glint/ingest/receipts"
	"glint/ingest/repair"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

// sample has a value of its own in each field.
func sample() *audit.Result {
	hour := time.Date(2026, 11, 21, 13, 0, 0, 0, time.UTC)
	until, key, rate, low, high := hour.Add(2*time.Hour), uint8(7), 12e-6, 6.9e-6, 21e-6
	return &audit.Result{
		Since: hour.Add(90 * time.Second), Until: &until,
		Nodes: []audit.NodeSpan{{Node: "/a", Since: hour.Add(90 * time.Second)}, {Node: "/b", Since: hour.Add(time.Hour)}},
		Rows: []audit.Row{
			{Hour: hour, Source: "edge", Node: "/a", Counts: audit.Counts{Accepted: 1023, Events: 1000, Repeats: 2, InOpens: 990, Unresolved: 9, BadTokens: 3, DeadLetters: 4, OverCap: 5, Web: 6, LastOpen: 7, Waiting: 9, Missing: 1, NotKept: 3}},
			{Hour: hour.Add(time.Hour), Source: "=x\x1b", Node: "/b\x1b", Counts: audit.Counts{Accepted: 2, Missing: 2, Unexplained: 2}},
		},
		Total: audit.Counts{
			Accepted: 1025, Events: 1000, Repeats: 2, InOpens: 990, Unresolved: 9, BadTokens: 3, DeadLetters: 4, OverCap: 5, Web: 6, LastOpen: 7,
			Waiting: 9, Missing: 3, Unexplained: 2, NotKept: 3,
		},
		Lost:           []audit.Records{{Node: "/a", Lane: "live", LogID: "live-A", First: 7, Last: 7}},
		WithoutReceipt: []audit.Records{{Node: "/b", Lane: "replay", LogID: "replay-B", First: 8, Last: 9}},
		ReceiptDamages: 1,
		BadTokens:      []warehouse.BadTokenCount{{Fault: "revoked_key", KeyID: &key, Requests: 1234}, {Fault: "signature", Requests: 1}},
		Live: &audit.LiveStream{
			Since: hour, Until: hour.Add(time.Hour), Archived: 1_000_000, NeverArrived: 12, Rate: &rate, Low: &low, High: &high,
			OtherTime: 6, NotComparable: 7,
		},
		Archived: &audit.Archived{Lines: 1_000_000, Absent: 12, Hours: []audit.ArchivedHour{{Hour: hour, Absent: 12}}},
	}
}

// repaired is what --repair may have done.
func repaired() []Repaired {
	hour := time.Date(2026, 11, 21, 13, 0, 0, 0, time.UTC)
	return []Repaired{
		{"warehouse", &repair.Result{Rows: []repair.Row{{Hour: hour, Source: "edge", FromLog: 1200, FromArchive: 1, Left: 1}}, FromLog: 1200, FromArchive: 1, Left: 1}},
	}
}

// written is the output of a result.
func written(t *testing.T, format string, r *audit.Result) (stdout, stderr string) {
	t.Helper()
	return writtenWith(t, format, r, nil, nil)
}

func writtenWith(t *testing.T, format string, r *audit.Result, mirrored []Mirror, repaired []Repaired) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	o := &Options{App: &app.App{Out: &out, Err: &errs}, Format: format}
	if err := o.write(r, mirrored, repaired); err != nil {
		t.Fatal(err)
	}
	return out.String(), errs.String()
}

func TestTable(t *testing.T) {
	got, _ := written(t, "table", sample())
	want := `
HOUR                  SOURCE  NODE  ACCEPTED  EVENTS  REPEATS  IN OPENS  UNRESOLVED  BAD TOKENS  DEAD LETTERS  OVER CAP  WEB  LAST OPEN  WAITING  MISSING
2026-11-21 13:00 UTC  edge    /a       1,023   1,000        2       990           9           3             4         5    6          7        9        1
2026-11-21 14:00 UTC  =x�     /b�          2       0        0         0           0           0             0         0    0          0        0        2
total                                  1,025   1,000        2       990           9           3             4         5    6          7        9        3

not accounted for: 1 event of source "edge" of node /a, received in the hour 2026-11-21 13:00 UTC
not accounted for: 2 events of source "=x\x1b" of node /b�, received in the hour 2026-11-21 14:00 UTC
not accounted for: record 7 of lane live of node /a, neither in the log nor in a receipt; see glint log verify
not accounted for: 2 records of lane replay of node /b (8–9), acknowledged and without receipt
not accounted for: the content of 1 damaged stretch of the receipts
bad tokens that are kept: 1,234 revoked_key of key 7, 1 signature
not kept: 3 dead letters of source "edge", which had used up its room
receipts of node /a cover lines received since 2026-11-21 13:01:30 UTC and before 2026-11-21 15:00:00 UTC
receipts of node /b cover lines received since 2026-11-21 14:00:00 UTC and before 2026-11-21 15:00:00 UTC
live stream: 12 of 1,000,000 archived events never arrived (0.0012 %, 95 % interval 0.0007 % … 0.0021 %)
archive: 12 events are in no table, of the hour 2026-11-21 13:00 UTC; glint replay brings them in
`
	if diff := cmp.Diff(want[1:], got); diff != "" {
		t.Error(diff)
	}
}

func TestRepairsAreToldByHourAndSource(t *testing.T) {
	all := append(repaired(), Repaired{"ch:8123", &repair.Result{}})
	got, _ := writtenWith(t, "table", &audit.Result{Since: sample().Since}, nil, all)
	_, got, _ = strings.Cut(got, "\n\n")
	want := `
repaired: 1,201 events of source "edge", received in the hour 2026-11-21 13:00 UTC, in the warehouse: 1,200 from the log, 1 from the archive
not repaired: 1 event of source "edge", received in the hour 2026-11-21 13:00 UTC, in the warehouse: their lines are not in the log, or no key verifies them
nothing was missing in the mirror ch:8123
every accepted event is accounted for
`
	if !strings.HasPrefix(got, want[1:]) {
		t.Error(got)
	}
}

func TestAllIsWellOnlyWithTheNumberOfBadTokens(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "every accepted event is accounted for\n",
		1: "every accepted event is accounted for, but 1 request has a bad token and counts nowhere\n",
		9: "every accepted event is accounted for, but 9 requests have a bad token and count nowhere\n",
	} {
		got, _ := written(t, "table", &audit.Result{Since: sample().Since, Total: audit.Counts{Accepted: 9, BadTokens: n}})
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("%d bad tokens: %s", n, got)
		}
	}
}

func TestTableOfNothing(t *testing.T) {
	since := sample().Since
	got, _ := written(t, "table", &audit.Result{Since: since, Nodes: []audit.NodeSpan{{Since: since}}, Live: &audit.LiveStream{}})
	_, got, _ = strings.Cut(got, "\n\n")
	want := `
every accepted event is accounted for
receipts cover lines received since 2026-11-21 13:01:30 UTC
live stream: no event of the archive was opened in the time that receipts cover
`
	if diff := cmp.Diff(want[1:], got); diff != "" {
		t.Error(diff)
	}
}

func TestCSV(t *testing.T) {
	got, stderr := written(t, "csv", sample())
	rows, err := csv.NewReader(strings.NewReader(got)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{
			"hour", "source", "node", "accepted", "events", "repeats", "in_opens", "unresolved", "bad_tokens", "dead_letters", "over_cap", "web", "last_open", "waiting", "missing",
			"unexplained", "dead_letters_not_kept",
		},
		{"2026-11-21T13:00:00Z", "edge", "/a", "1023", "1000", "2", "990", "9", "3", "4", "5", "6", "7", "9", "1", "0", "3"},
		{"2026-11-21T14:00:00Z", "'=x\x1b", "/b\x1b", "2", "0", "0", "0", "0", "0", "0", "0", "0", "0", "0", "2", "2", "0"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(stderr, "not accounted for: 1 event of") {
		t.Errorf("stderr %q", stderr)
	}
}

// TestJSONIsAsDocumented holds each field against cli/JSON.md.
func TestJSONIsAsDocumented(t *testing.T) {
	contract, err := os.ReadFile("../JSON.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(contract), "## `glint audit --format json`")
	section, _, _ = strings.Cut(section, "\n## ")
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(section, -1) {
		documented[m[1]] = true
	}
	out, _ := writtenWith(t, "json", sample(), []Mirror{{
		Mirror: "ch:8123", Equal: true, Tables: []mirrors.Difference{{Table: "opens", First: 5, Other: 5, Equal: true}},
	}}, repaired())
	var d map[string]any
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatal(err)
	}
	printed := map[string]bool{}
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, value := range v {
				printed[prefix+name] = true
				walk(prefix+name+".", value)
			}
		case []any:
			walk(strings.TrimSuffix(prefix, ".")+"[].", v[0])
		default:
			if name := strings.TrimSuffix(prefix, "."); name != "accounted" && reflect.ValueOf(v).IsZero() && !strings.HasPrefix(name, "rows") {
				t.Errorf("the sample says nothing of %s", name)
			}
		}
	}
	walk("", d)
	if diff := cmp.Diff(documented, printed); diff != "" {
		t.Errorf("-documented +printed:\n%s", diff)
	}
}

func TestJSONOfNothing(t *testing.T) {
	got, _ := written(t, "json", &audit.Result{Since: sample().Since, Live: &audit.LiveStream{}})
	for _, want := range []string{
		`"accounted": true`, `"until": null`, `"loss_rate": null`, `"ci_low": null`, `"since": "2026-11-21T13:01:30Z"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if got, _ := written(t, "json", &audit.Result{}); !strings.Contains(got, `"live_stream": null`) {
		t.Errorf("without an archive: %s", got)
	}
}

func TestPercent(t *testing.T) {
	for p, want := range map[float64]string{0: "0.0000 %", 0.0000012: "0.0001 %", 0.00099: "0.0990 %", 0.0594: "5.94 %", 1: "100.00 %"} {
		if got := percent(p); got != want {
			t.Errorf("%v: %s, want %s", p, got, want)
		}
	}
}

// command runs glint audit with a home of its own.
func command(h home.Home, run func(context.Context, *Options) error, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	a := &app.App{Out: &out, Err: &errs, Getenv: func(string) string { return "" }, Home: h}
	cmd := NewCmd(a, run)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append([]string{}, args...)) // nil means those of the test binary
	code = app.Report(&errs, cmd.ExecuteContext(context.Background()))
	return code, out.String(), errs.String()
}

func TestFlags(t *testing.T) {
	var got *Options
	take := func(_ context.Context, o *Options) error { got = o; return nil }
	code, _, errs := command("", take, "--since", "2026-11-21T10:30:00+01:00", "--until", "2026-11-22", "--archive", "a", "--archive", "b,c",
		"--format", "csv", "--warehouse", "http://host", "--node", "h", "--node", "i,j")
	want := &Options{
		App: got.App, Since: time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC), Until: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
		Archive: []string{"a", "b,c"}, Format: "csv", DSN: "http://host", Nodes: []string{"h", "i,j"},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b *app.App) bool { return a == b })); code != app.ExitDone || diff != "" {
		t.Errorf("exit %d, %s: %s", code, errs, diff)
	}
	before := time.Now()
	if command("", take, "--since", "24h"); got.Since.After(time.Now().Add(-24*time.Hour)) || got.Since.Before(before.Add(-24*time.Hour-time.Millisecond)) {
		t.Errorf("since %v", got.Since)
	}
	for _, args := range [][]string{
		{"--node", "h", "--repair"}, {"--since", "yesterday"}, {"--until", "-1h"}, {"--since", "2026-11-22", "--until", "2026-11-21"}, {"x"},
	} {
		if code, _, errs := command("", take, args...); code != app.ExitUsage || !strings.Contains(errs, "Try: ") {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
}

// received is the time at which events came: one for all, since events of two hours
// would stand in two rows.
var received = time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)

// stage is a home with receipts of ten events, and a warehouse that has them.
func stage(t *testing.T) (h home.Home, e *enginetest.Warehouse, dsn string) {
	t.Helper()
	h = home.Home(filepath.Join(t.TempDir(), "home"))
	if err := h.Make(); err != nil {
		t.Fatal(err)
	}
	e, w := client.Open(t)
	var opens []warehouse.Open
	r := receipts.Receipt{LogID: "live-A", Record: 1, ReceivedAt: received, Lane: "live", Source: "edge", Lines: 10}
	for key := uint64(1); key <= 10; key++ {
		opens = append(opens, warehouse.Open{CampaignID: 1, MessageID: uuid.New(), Facts: warehouse.Facts{OpenedAt: received, EventID: key, ReceivedAt: received}})
		r.Events = append(r.Events, key)
	}
	b, err := receipts.OpenWriter(receipts.Options{
		Dir: filepath.Join(h.LogDir(), receipts.Folder), Now: func() time.Time { return received.Add(-time.Hour) },
	})
	if err == nil {
		err = errors.Join(b.Append([]receipts.Receipt{r}), b.Close(), w.InsertOpens(t.Context(), "ten", opens))
	}
	if err != nil {
		t.Fatal(err)
	}
	return h, e, e.Address(enginetest.WarehouseUser)
}

func TestExitCodeTellsWhetherAllIsThere(t *testing.T) {
	h, e, dsn := stage(t)
	code, out, errs := command(h, nil, "--warehouse", dsn)
	if code != app.ExitDone || !strings.Contains(out, "\nevery accepted event is accounted for\n") || errs != "" {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	e.Text(t, enginetest.WarehouseUser, "ALTER TABLE opens DELETE WHERE event_id IN (3, 4)", map[string]string{"mutations_sync": "2"})
	code, out, errs = command(h, nil, "--warehouse", dsn)
	if code != app.ExitProblem || !strings.Contains(out, `not accounted for: 2 events of source "edge", received in the hour `) ||
		!strings.HasPrefix(errs, "glint: not every accepted event is accounted for\nTry: glint audit --repair") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	code, out, _ = command(h, nil, "--warehouse", dsn, "--since", "10m")
	if code != app.ExitDone || strings.Contains(out, "edge") {
		t.Errorf("of the last ten minutes: exit %d, %s", code, out)
	}
}

// TestNodesInOneCommand: what a second node has received is looked for in the same
// warehouse, and the advice names the node that lacks something.
func TestNodesInOneCommand(t *testing.T) {
	h, e, dsn := stage(t)
	other := home.Home(filepath.Join(t.TempDir(), "other"))
	if err := os.CopyFS(string(other), os.DirFS(string(h))); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(h, nil, "--warehouse", dsn, "--node", string(other))
	if code != app.ExitDone || !regexp.MustCompile(`(?m)^total +20 `).MatchString(out) || strings.Count(out, "\nreceipts of node ") != 2 {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	more := receipts.Receipt{LogID: "live-B", Record: 1, ReceivedAt: received, Lane: "live", Source: "edge", Lines: 1, Events: []uint64{11}}
	b, err := receipts.OpenWriter(receipts.Options{
		Dir: filepath.Join(other.LogDir(), receipts.Folder), Now: func() time.Time { return received },
	})
	if err == nil {
		err = errors.Join(b.Append([]receipts.Receipt{more}), b.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	code, out, errs = command(h, nil, "--warehouse", dsn, "--node", string(other))
	if code != app.ExitProblem || !strings.Contains(out, `not accounted for: 1 event of source "edge" of node `+string(other)+",") ||
		!strings.Contains(errs, "Try: on node "+string(other)+": glint audit --repair") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	e.Text(t, enginetest.WarehouseUser, "ALTER TABLE opens DELETE WHERE event_id = 3", map[string]string{"mutations_sync": "2"})
	if _, out, _ = command(h, nil, "--warehouse", dsn, "--node", string(other)); strings.Count(out, "\nnot accounted for: ") != 2 {
		t.Error(out)
	}
}

func TestArchive(t *testing.T) {
	h, _, dsn := stage(t)
	file := filepath.Join(t.TempDir(), "archive")
	line := event.Event{ID: event.ID{15: 11}, OpenedAt: time.Now().Add(-time.Hour).UTC(), Kind: event.KindUUID, Token: uuid.NewString()}
	if err := os.WriteFile(file, line.AppendJSON(nil), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--warehouse", dsn, "--archive", file}
	if code, _, errs := command(h, nil, args...); code != app.ExitFailed || !strings.Contains(errs, "there are no pixel keys in ") {
		t.Errorf("without keys: exit %d, %s", code, errs)
	}
	if _, err := h.UpdateKeys(func([]token.Key) ([]token.Key, error) { return []token.Key{home.NewKey(1)}, nil }); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(h, nil, args...)
	if code != app.ExitDone || !strings.Contains(out, "\nlive stream: 1 of 1 archived event never arrived (100.00 %, 95 % interval 20.65 % … 100.00 %)\n") ||
		!strings.Contains(out, "\narchive: 1 event is in no table, of the hour ") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	if code, _, errs := command(h, nil, "--archive", file+".none"); code != app.ExitFailed || !strings.Contains(errs, "no such file") {
		t.Errorf("no such archive: exit %d, %s", code, errs)
	}
}

func TestWithoutReceiptsOrWarehouse(t *testing.T) {
	_, _, dsn := stage(t)
	empty := home.Home(t.TempDir())
	if code, _, errs := command(empty, nil, "--warehouse", dsn); code != app.ExitFailed || !strings.Contains(errs, "no receipts in") || !strings.Contains(errs, "Try: start glint") {
		t.Errorf("exit %d, %s", code, errs)
	}
	if code, _, errs := command(empty, nil); code != app.ExitFailed || errs != "glint: glint is not running\nTry: glint up\n" {
		t.Errorf("exit %d, %s", code, errs)
	}
}
