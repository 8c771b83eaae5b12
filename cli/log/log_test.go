package log_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"glint/cli/internal/app"
	"glint/cli/log"
	"glint/ingest/wal"
)

// lanes makes a log with both lanes; the live one has two segments of two
// records each.
func lanes(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	ctx := context.Background()
	at := func() time.Time { return time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC) }
	l, err := wal.OpenLanes(dir, wal.Options{Now: at}, wal.Options{Now: at}, wal.Options{Now: at})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		r := &wal.Record{ReceivedAt: at(), Source: "fastly", Lines: 1000, Body: []byte("lines\n")}
		if _, err := l.Live.Append(ctx, r); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			if err := l.Live.Seal(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	return dir
}

// damage flips a bit in the first record of the live lane's first segment.
func damage(t *testing.T, dir string) {
	t.Helper()
	name := filepath.Join(dir, "live", "00000001-00000000000000000001.seg")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[200] ^= 4
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	a := &app.App{Out: &out, Err: &errs, Getenv: func(string) string { return "" }}
	cmd := log.NewCmd(a)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetFlagErrorFunc(app.UsageOf)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(append([]string{}, args...)) // nil means those of the test binary
	code = app.Report(&errs, cmd.ExecuteContext(context.Background()))
	return code, out.String(), errs.String()
}

func TestInspectPrintsSegmentsAndTotals(t *testing.T) {
	code, out, errs := run("inspect", lanes(t))
	want := `
LOG    SEGMENT  FIRST RECORD  RECORDS  LINES  BYTES  CREATED AT               STATE   LOST  DAMAGES
live         1             1        2  2,000    392  2026-11-21 09:30:00 UTC  sealed     0        0
live         2             3        2  2,000    392  2026-11-21 09:30:00 UTC  sealed     0        0
total        2                      4  4,000    784                                      0        0
`
	if code != app.ExitDone || out != want[1:] || errs != "" {
		t.Errorf("exit %d, stdout\n%s\nwant\n%s\nstderr %q", code, out, want[1:], errs)
	}
}

func TestVerifyEndsWithThreeForDamageOnly(t *testing.T) {
	dir := lanes(t)
	if code, out, errs := run("verify", dir); code != app.ExitDone || out != "" || errs != "no damage in 4 records\n" {
		t.Errorf("sound log: exit %d, %q, %q", code, out, errs)
	}
	damage(t, dir)
	code, out, errs := run("verify", dir)
	want := `
LOG   FILE                               OFFSET  BYTES  WHAT     RECORDS LOST
live  00000001-00000000000000000001.seg     192     72  damaged  1 (1)
`
	if code != app.ExitProblem || out != want[1:] {
		t.Errorf("damaged log: exit %d, stdout\n%s\nwant\n%s", code, out, want[1:])
	}
	if want := "glint: 1 damage found in " + dir + "\nTry: glint log repair " + dir + "\n"; errs != want {
		t.Errorf("stderr %q, want %q", errs, want)
	}
}

func TestTornEndIsNoDamage(t *testing.T) {
	dir := lanes(t)
	name := filepath.Join(dir, "live", "00000002-00000000000000000003.seg")
	if err := os.Truncate(name, 192+72+30); err != nil {
		t.Fatal(err)
	}
	code, out, errs := run("verify", dir)
	if code != app.ExitDone || out != "" || !strings.Contains(errs, "30 bytes at the end belong to a record that was never acknowledged") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}

func TestRepairWritesWhatItDid(t *testing.T) {
	dir := lanes(t)
	damage(t, dir)
	_, table, _ := run("verify", dir)
	for _, step := range []struct {
		args         []string
		out, errs    string
		verifiedCode int
	}{
		{[]string{"repair", "--dry-run", dir}, table, "to be moved to quarantine: 1 damage\n", app.ExitProblem},
		{[]string{"repair", dir}, table, "moved to quarantine: 1 damage\n", app.ExitDone},
		{[]string{"repair", dir}, "", "nothing to put into quarantine\n", app.ExitDone},
	} {
		code, out, errs := run(step.args...)
		if code != app.ExitDone || out != step.out || errs != step.errs {
			t.Errorf("%v: exit %d, %q, %q", step.args, code, out, errs)
		}
		if code, _, _ := run("verify", dir); code != step.verifiedCode {
			t.Errorf("verify after %v: exit %d, want %d", step.args, code, step.verifiedCode)
		}
	}
	want := filepath.Join(dir, "live") + ": 1 file with 72 bytes in quarantine; they stay until you delete them\n"
	if code, _, errs := run("inspect", dir); code != app.ExitDone || errs != want {
		t.Errorf("inspect: exit %d, %q, want %q", code, errs, want)
	}
	kept, err := os.ReadFile(filepath.Join(dir, "live", "quarantine", "00000001-000000000192.bytes"))
	if err != nil || len(kept) != 72 {
		t.Errorf("%d bytes in quarantine, %v, want 72", len(kept), err)
	}
}

func TestRepairLeavesARunningLogAlone(t *testing.T) {
	dir := lanes(t)
	l, err := wal.Open(wal.Options{Dir: filepath.Join(dir, "live")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close(context.Background()) }()
	code, _, errs := run("repair", dir)
	if code != app.ExitFailed || !strings.Contains(errs, "in use by another process") || !strings.Contains(errs, "Try: stop process") {
		t.Errorf("exit %d, %q", code, errs)
	}
}

func TestJSONHasAListForEveryField(t *testing.T) {
	_, out, _ := run("inspect", "--format", "json", lanes(t))
	var logs []map[string]any
	if err := json.Unmarshal([]byte(out), &logs); err != nil {
		t.Fatal(err)
	}
	if len(logs) != 3 || logs[0]["lane"] != "live" || len(logs[0]["segments"].([]any)) != 2 {
		t.Errorf("%s", out)
	}
	for _, field := range []string{"segments", "damages"} {
		if _, ok := logs[1][field].([]any); !ok {
			t.Errorf("%s of an empty log is %v, want []", field, logs[1][field])
		}
	}
}

func TestMistakesInTheCommandLine(t *testing.T) {
	empty := t.TempDir()
	for _, tc := range []struct {
		name string
		args []string
		code int
		errs string
	}{
		{"two folders", []string{"verify", empty, empty}, app.ExitUsage, "want at most one argument"},
		{"no folder, and no log in the home", []string{"verify"}, app.ExitFailed, "there is no log in log\n"},
		{"no log there", []string{"verify", empty}, app.ExitFailed, "there is no log in"},
		{"no such folder", []string{"inspect", filepath.Join(empty, "no")}, app.ExitFailed, "there is no log in"},
		{"unknown format", []string{"inspect", "--format", "xml", empty}, app.ExitUsage, "is not one of table, json"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if code, _, errs := run(tc.args...); code != tc.code || !strings.Contains(errs, tc.errs) {
				t.Errorf("exit %d, %q, want %d, %q", code, errs, tc.code, tc.errs)
			}
		})
	}
}

// TestContractHasTheFieldsOfTheCode holds cli/JSON.md against what is printed.
func TestContractHasTheFieldsOfTheCode(t *testing.T) {
	text, err := os.ReadFile("../JSON.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "## `glint log inspect`")
	if !found {
		t.Fatal("cli/JSON.md has no section of glint log")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	_, out, _ := run("inspect", "--format", "json", lanes(t))
	var logs []map[string]any
	if err := json.Unmarshal([]byte(out), &logs); err != nil {
		t.Fatal(err)
	}
	fields := slices.Collect(maps.Keys(logs[0]))
	for field := range logs[0]["segments"].([]any)[0].(map[string]any) {
		fields = append(fields, "segments[]."+field)
	}
	for damage := range reflect.TypeFor[wal.Damage]().Fields() {
		name, _, _ := strings.Cut(damage.Tag.Get("json"), ",")
		fields = append(fields, "damages[]."+name)
	}
	for _, field := range fields {
		if !strings.Contains(section, "\n| `"+field+"` | ") {
			t.Errorf("cli/JSON.md lacks %s", field)
		}
	}
	if got := strings.Count(section, "\n| `"); got != len(fields) {
		t.Errorf("cli/JSON.md has %d fields, the output %d", got, len(fields))
	}
}
