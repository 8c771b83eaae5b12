package privacy

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	rows "glint/cli/retention"
	"glint/ingest/retention"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// full are the facts of an installation that has everything.
func full() *facts {
	return &facts{
		Date: "2026-11-29", Version: "v1", Required: true, PolicySet: true, Withdrawn: "are not kept", Kept: rows.Rows(retention.Default()),
		Keys: map[string]int{"signing": 1, "verifying": 2, "revoked": 1}, Languages: []string{"en", "de"}, Edges: []string{"https://pixel.example.com"},
		Running: true,
		Settings: &home.Settings{
			IPPrecision: "truncated", PrivacySignals: "aggregate", LogRetain: "15m0s", Sites: []string{"docs"}, Visitors: true, PreferencesAgree: "link",
			FastlyServices: []string{"SU1Z0isxPaozGVKXdv0eY"}, Standalone: true, PixelTLS: true, IngestTLS: true, ClientCertificates: true, WarehouseHost: "warehouse.example.com",
			MirrorHosts: []string{"mirror.example.com"}, WebhookHost: "hooks.example.com", WebhookRecipient: true,
		},
		Archive: &home.Archive{Place: "s3://opens/lines", Endpoint: "https://s3.example.com"},
	}
}

func TestTheRecordIsAsReviewed(t *testing.T) {
	got, err := full().render("record")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "record.md")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Each fact that a paper states changes it.
func TestPapersFollowTheSettings(t *testing.T) {
	whole := map[string]string{}
	for _, name := range []string{"record", "notice", "assessment"} {
		text, err := full().render(name)
		if err != nil {
			t.Fatal(err)
		}
		whole[name] = text
	}
	all := []string{"record", "notice", "assessment"}
	for _, c := range []struct {
		name   string
		change func(*facts)
		in     []string // the papers that it changes
	}{
		{"the policy", func(f *facts) { f.Required = false }, all},
		{"what stays of the withdrawn", func(f *facts) { f.Withdrawn = "are counted" }, all},
		{"retention of facts", func(f *facts) { f.Kept[2].Kept = "30d" }, all},
		{"retention of recipients", func(f *facts) { f.Kept[0].Kept = "forever" }, all},
		{"retention of the archive", func(f *facts) { f.Kept[4].Kept = "1d" }, all[:1]},
		{"keys", func(f *facts) { f.Keys = nil }, all[:1]},
		{"the precision", func(f *facts) { f.Settings.IPPrecision = "none" }, all},
		{"the signals", func(f *facts) { f.Settings.PrivacySignals = "off" }, all},
		{"the sites", func(f *facts) { f.Settings.Sites = nil }, all[:1]},
		{"the pixel", func(f *facts) { f.Settings.Standalone = false }, all},
		{"the warehouse", func(f *facts) { f.Settings.WarehouseHost = "" }, all[:2]},
		{"the mirrors", func(f *facts) { f.Settings.MirrorHosts = nil }, all[:2]},
		{"the webhook", func(f *facts) { f.Settings.WebhookHost = "" }, all[:2]},
		{"recipients for the webhook", func(f *facts) { f.Settings.WebhookRecipient = false }, all[:2]},
		{"the archive", func(f *facts) { f.Archive = nil }, all[:2]},
		{"TLS", func(f *facts) { f.Settings.IngestTLS = false }, all[:1]},
		{"the edges", func(f *facts) { f.Edges, f.Settings.FastlyServices = nil, nil }, all},
		{"how to agree", func(f *facts) { f.Settings.PreferencesAgree = "off" }, all[:1]},
		{"how long the log is kept", func(f *facts) { f.Settings.LogRetain = "1h" }, all[:1]},
		{"no glint", func(f *facts) { f.Running, f.Settings, f.Archive = false, nil, nil }, all},
	} {
		f := full()
		f.Settings, f.Keys = new(*f.Settings), maps.Clone(f.Keys)
		c.change(f)
		for _, name := range all {
			text, err := f.render(name)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			changes := text != whole[name]
			if want := strings.Contains(strings.Join(c.in, " "), name); changes != want {
				t.Errorf("%s changes the %s: %v, want %v", c.name, name, changes, want)
			}
			if unknown := strings.Contains(text, "could not determine"); unknown != (f.Settings == nil || f.HasEdge()) {
				t.Errorf("%s: the %s says what is unknown: %v", c.name, name, unknown)
			}
		}
	}
}

// Every mark stands in the list at the end, and no text promises what sources
// disagree on.
func TestPapersListWhatTheyLeaveOpen(t *testing.T) {
	for _, name := range []string{"record", "notice", "assessment"} {
		for _, f := range []*facts{full(), {Date: "2026-11-29", Kept: rows.Rows(retention.Default())}} {
			text, err := f.render(name)
			if err != nil {
				t.Fatal(err)
			}
			body, list, _ := strings.Cut(text, "## What you have to fill in")
			marks := strings.Count(body, "[… ")
			if marks < 5 || strings.Contains(list, "[… ") {
				t.Errorf("%s: %d marks", name, marks)
			}
			for rest := body; ; {
				_, after, ok := strings.Cut(rest, "[… ")
				if !ok {
					break
				}
				mark, behind, _ := strings.Cut(after, "]")
				if !strings.Contains(list, ". "+mark+"\n") {
					t.Errorf("%s: %q is not in the list", name, mark)
				}
				rest = behind
			}
			for _, must := range []string{"sources disagree whether anonymous aggregate rates are exempt", "2026-11-28", "not legal advice", "glint's own choices, which"} {
				if !strings.Contains(text, must) {
					t.Errorf("%s lacks %q", name, must)
				}
			}
			if strings.Contains(text, "<no value>") || strings.Contains(text, "\n\n\n") {
				t.Errorf("%s has a hole:\n%s", name, text)
			}
		}
	}
}

func TestNamesStayWithinTheirTable(t *testing.T) {
	if got := code("a`b|c\nd"); strings.ContainsAny(got[1:len(got)-1], "`|\n") {
		t.Error(got)
	}
}

func TestPeriodsArePlainWords(t *testing.T) {
	for kept, want := range map[string]string{"13mo": "for 13 months", "1d": "for 1 day", "90m": "for 90 minutes", "2y": "for 2 years", "forever": "without a limit"} {
		if got := plain(rows.Row{Kept: kept}); got != want {
			t.Errorf("%s: %s, want %s", kept, got, want)
		}
	}
}

func TestAHomeThatCannotBeReadGivesNoPaper(t *testing.T) {
	h := home.Home(t.TempDir())
	if err := os.WriteFile(h.RetentionFile(), []byte(`{"facts":"soon"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := gather(h, "v1", time.Now()); err == nil {
		t.Error("a faulty setting is taken for the default")
	}
}

func TestNoInterestIsAssessedForMarketing(t *testing.T) {
	var out bytes.Buffer
	cmd := newAssessmentCmd(&app.App{Out: &out, Home: home.Home(t.TempDir())})
	cmd.SetArgs([]string{"--mail", "marketing"})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	if err := cmd.Execute(); err == nil || out.Len() > 0 || app.Hint(err) == "" {
		t.Errorf("%v, hint %q: %s", err, app.Hint(err), out.String())
	}
}
