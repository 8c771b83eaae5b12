package send

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/cli/internal/app"
	"glint/ingest/sends"
	"glint/ingest/sheet"
	"glint/ingest/warehouse"
)

func TestParsingOfRegister(t *testing.T) {
	required := []string{"--campaign", "spring", "--file", "in.csv", "--output", "out.csv"}
	for _, c := range []struct {
		name  string
		args  []string
		want  registerOptions
		fault string
	}{
		{"the least", required, registerOptions{campaign: "spring", file: "in.csv", output: "out.csv", style: sends.StyleToken}, ""},
		{
			"all", append([]string{
				"--send-at", "2026-11-21 10:30", "--time-zone", "Europe/Berlin", "--pixel-base-url", "https://p.example/", "--url-style", "uuid", "--warehouse", "http://h",
				"--recipient-column", "Email", "--encoding", "windows-1251", "--keep-columns", "a,b", "--duplicates", "first", "--subject", "Hello", "--variant", "B",
				"--tracking", "off", "--test", "--allow-private-host",
			}, required...),
			registerOptions{
				campaign: "spring", file: "in.csv", output: "out.csv", style: sends.StyleUUID, base: &sends.BaseURL{URL: "https://p.example"}, dsn: "http://h",
				sentAt: time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC), subject: "Hello", variant: "B", tracking: warehouse.Off, allowPrivateHost: true,
				read: sends.ReadOptions{Encoding: "windows-1251", RecipientColumn: "Email", KeepColumns: []string{"a", "b"}, SkipDuplicates: true, Test: true},
			},
			"",
		},
		{"a dry run needs no output", []string{"--campaign", "spring", "--file", "in.csv", "--dry-run"}, registerOptions{campaign: "spring", file: "in.csv", style: sends.StyleToken, dryRun: true}, ""},
		{"a name with blanks", append(required[2:], "--campaign", "  Spring \t Sale "), registerOptions{campaign: "Spring Sale", file: "in.csv", output: "out.csv", style: sends.StyleToken}, ""},
		{"nothing", nil, registerOptions{}, "--campaign is missing\n--file is missing\n--output is missing"},
		{"a blank name", append(required[2:], "--campaign", " \u00a0"), registerOptions{}, "--campaign is blank"},
		{"a name with an escape sequence", append(required[2:], "--campaign", "a\x1b[2J"), registerOptions{}, "--campaign has control characters"},
		{"a name with a format character", append(required[2:], "--campaign", "a\u202eb"), registerOptions{}, "--campaign has an invisible character (U+202E)"},
		{"too long a name", append(required[2:], "--campaign", strings.Repeat("a", 201)), registerOptions{}, "--campaign has more than 200 bytes"},
		{
			"all faults at once", append(required, "--subject", "a\nb", "--variant", "\xff", "--encoding", "utf-7", "--time-zone", "Mars/Olympus", "--send-at", "2026-11-21 10:30", "--pixel-base-url", "https://b%C3%BCcher.example", "--tracking", "aggregate", "--url-style", "uuid"),
			registerOptions{},
			"--subject has control characters\n--variant is no UTF-8\n--encoding is not one of " + strings.Join(sheet.Encodings(), ", ") + "\n--time-zone is no zone like Europe/Berlin\n" +
				"--send-at has no zone; write 2026-11-21T09:30:00+01:00, or give the zone of all by --time-zone\n" +
				"--pixel-base-url has a percent sign; write the host as people read it, or as xn--…\n--tracking aggregate needs --url-style token: only a token carries the mode to the edge",
		},
		{"the machine's own zone", append(required, "--time-zone", "Local"), registerOptions{}, "--time-zone is no zone like Europe/Berlin"},
		{"an argument", append(required, "more"), registerOptions{}, `unknown argument "more"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got *registerOptions
			cmd := newRegisterCmd(nil, func(_ context.Context, o *registerOptions) error { got = o; return nil })
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(append([]string{}, c.args...)) // nil means those of the test binary
			err := cmd.Execute()
			if c.fault != "" {
				if app.Report(io.Discard, err) != app.ExitUsage || err.Error() != c.fault || got != nil {
					t.Errorf("error %v, want the usage error %q", err, c.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got.now, got.read.Zone, got.consent = nil, nil, nil
			if diff := cmp.Diff(c.want, *got, cmp.AllowUnexported(registerOptions{})); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDestinationLeavesNothingOfAFailedRun(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "urls.csv")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	to, err := openDestination(path, "-", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	b := &sends.Batch{Recipients: &sends.Recipients{Header: []string{"recipient"}}}
	if err := to.early(b); err != nil {
		t.Fatal(err)
	}
	to.close() // without finish
	files, err := os.ReadDir(dir)
	text, readErr := os.ReadFile(path)
	if len(files) != 1 || string(text) != "before" || errors.Join(err, readErr) != nil {
		t.Errorf("%d files, the output is %q: %v %v", len(files), text, err, readErr)
	}
}

func TestDestinationAppearsWholeAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "urls.csv")
	to, err := openDestination(path, "-", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer to.close()
	b := &sends.Batch{Recipients: &sends.Recipients{Header: []string{"recipient"}}}
	if err := to.early(b); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) > 0 {
		t.Errorf("%v are there before the messages are registered: %v", files, err)
	}
	if err := to.finish(b); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	info, statErr := os.Stat(path)
	if err := errors.Join(err, statErr); err != nil || string(text) != "recipient,message_id,pixel_url\n" || info.Mode() != 0o600 {
		t.Errorf("output %q, %v", text, err)
	}
}
