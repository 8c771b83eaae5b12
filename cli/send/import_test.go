package send

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glint/cli/internal/app"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

// registered is a running app whose campaign spring has three recipients.
func registered(t *testing.T) (a *app.App, e *enginetest.Warehouse, errs *bytes.Buffer) {
	t.Helper()
	e, errs = enginetest.Open(t), &bytes.Buffer{}
	e.Empty(t)
	a = runningApp(t, &bytes.Buffer{}, errs)
	a.In = strings.NewReader("recipient\nada@example.com\nbob@example.com\neve@example.com\n")
	run(t, a, "register --campaign spring --file - --output - --pixel-base-url https://p.example.com", "")
	errs.Reset()
	return a, e, errs
}

// run is try for those who do not ask for the error.
func run(t *testing.T, a *app.App, args, fault string) {
	t.Helper()
	_ = try(t, a, args, fault)
}

// try runs a command of `glint send`; fault is a part of its error, "": none.
func try(t *testing.T, a *app.App, args, fault string) error {
	t.Helper()
	cmd := NewCmd(a)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(strings.Fields(args))
	err := cmd.ExecuteContext(t.Context())
	if (err == nil) != (fault == "") || err != nil && !strings.Contains(err.Error(), fault) {
		t.Fatalf("glint send %s: %v, want %q", args, err, fault)
	}
	return err
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImportSaysWhatWasStored(t *testing.T) {
	a, e, errs := registered(t)
	at := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	good := fmt.Sprintf("event,at,recipient\nbounced,%s,ada@example.com\nclicked,%s,bob@example.com\nopen,%s,bob@example.com\nbounced,%s,nobody@example.com\n", at, at, at, at)
	file := writeFile(t, good)
	run(t, a, "import --campaign spring --dry-run "+file, "")
	run(t, a, "import --campaign spring "+file, "")
	run(t, a, "import --campaign spring "+file, "")
	for _, want := range []string{
		"3 events could be stored, 0 faulty; left out 1 open of the sender's own (read as csv); nothing was changed (--dry-run)\n",
		"stored 2 events, 0 repeated, 1 waiting for the registration of their messages, 0 faulty; left out 1 open of the sender's own (read as csv)\n",
		"stored 0 events, 3 repeated, 0 waiting for the registration of their messages, 0 faulty; left out 1 open of the sender's own (read as csv)\n",
	} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("%q is missing in %s", want, errs)
		}
	}
	err := try(t, a, "import --campaign spring "+writeFile(t, good+"exploded,x,ada@example.com\ncomplained,"+at+",ada@example.com\n"), "1 row is faulty:\n  line 6: the event is not one of")
	if strings.Contains(err.Error(), "example.com") {
		t.Error("the error repeats an address")
	}
	if n := e.Text(t, enginetest.WarehouseUser, "SELECT count() FROM deliveries FINAL", nil); n != "3\n" {
		t.Errorf("%s rows, want 3: the good rows of a faulty file are stored", n)
	}
	run(t, a, "import "+writeFile(t, good), "3 rows are faulty:")
	run(t, a, "import --format jsonl "+writeFile(t, "{}\nx\n"), "2 rows are faulty, and none is an event:")
	run(t, a, "import "+writeFile(t, "hello\n"), "no known format")
	run(t, a, "import "+writeFile(t, ""), "is empty")
	run(t, a, "import --format csv "+writeFile(t, "a,b\n1,2\n"), "the header row needs")
	sent := "Nov 24 10:00:01 mx postfix/smtp[1]: 4B1C22: to=<ada@example.com>, relay=mx, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (ok)\n"
	run(t, a, "import "+writeFile(t, sent), "nothing was stored: 1 row has a recipient and no campaign")
	run(t, a, "import "+writeFile(t, "\x81\x8d\x8f,\n"), "neither UTF-8 nor")
	run(t, a, "import "+t.TempDir(), "is a directory")
	errs.Reset()
	run(t, a, "import --campaign sprnig "+writeFile(t, sent), "")
	if want := "note: there is no campaign \"sprnig\" yet; "; !strings.Contains(errs.String(), want) {
		t.Errorf("%q is missing in %s", want, errs)
	}
}

func TestImportPrintsJSON(t *testing.T) {
	a, _, _ := registered(t)
	var out bytes.Buffer
	a.Out, a.In = &out, strings.NewReader("event,at,campaign,recipient\nsent,2026-01-02T03:04:05Z,spring,ada@example.com\n")
	run(t, a, "import --summary json -", "")
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got["stored"] != 1.0 || got["format"] != "csv" || len(got) != 9 {
		t.Errorf("%s: %v", out.String(), err)
	}
}

func TestMarkedMessagesCountNoMore(t *testing.T) {
	a, e, errs := registered(t)
	report := func() string {
		t.Helper()
		w := client.Connect(t, e, enginetest.WarehouseUser)
		r, err := w.ReportOf(t.Context(), "spring")
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%d sends, %d tests, %d measured", r.Sends, r.Tests, r.Measured)
	}
	for _, step := range []struct{ args, fault, want string }{
		{"mark --campaign spring --recipient Ada@Example.com --test --dry-run", "", "3 sends, 0 tests, 3 measured"},
		{"mark --campaign spring --recipient Ada@Example.com --test", "", "2 sends, 1 tests, 2 measured"},
		{"mark --campaign spring --recipient Ada@Example.com --test", "", "2 sends, 1 tests, 2 measured"},
		{"mark --campaign spring --file " + writeFile(t, "recipient,why\nbob@example.com,x\nnobody@example.com,y\n") + " --tracking off", "1 message is not registered", "2 sends, 1 tests, 1 measured"},
		{"mark --campaign spring --recipient ada@example.com --test=false", "", "3 sends, 0 tests, 2 measured"},
		{"mark --campaign other --recipient ada@example.com --test", "there is no campaign", "3 sends, 0 tests, 2 measured"},
	} {
		run(t, a, step.args, step.fault)
		if got := report(); got != step.want {
			t.Errorf("%s: %s, want %s", step.args, got, step.want)
		}
	}
	if want := "changed 0 messages of campaign \"spring\"; 1 was so already\n"; !strings.Contains(errs.String(), want) {
		t.Errorf("%q is missing in %s", want, errs)
	}
	for _, args := range []string{"mark", "mark --campaign x --test", "mark --campaign x --recipient y", "import", "import a b", "import --time-zone Local x"} {
		if e, ok := errors.AsType[*app.ExitError](try(t, a, args, " ")); !ok || e.Code != app.ExitUsage {
			t.Errorf("glint send %s is no usage error", args)
		}
	}
}
