package edge

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"glint/cli/internal/app"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestPrintedCommands(t *testing.T) {
	for name, flags := range map[string][]string{
		"plain": {},
		"archive": {
			"--archive-bucket", "it's mine", "--archive-domain", "eu-central.object.fastlystorage.app", "--version", "7",
			"--ip-precision", "none", "--period", "10s", "--privacy-signals", "aggregate",
		},
		"web":          {"--only", "web", "--remove"},
		"archive_role": {"--archive-bucket", "opens", "--archive-iam-role", "arn:aws:iam::123456789012:role/opens"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs strings.Builder
			a := &app.App{Out: &out, Err: &errs, Home: "/var/lib/glint", Getenv: func(string) string { return "secret" }}
			cmd := newSetupCmd(a, runSetup)
			cmd.SetArgs(append([]string{"--service-id", serviceID, "--ingest-url", "https://ingest.example.com"}, flags...))
			if err := cmd.Execute(); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", name+".sh"), out.String())
			if errs.Len() > 0 {
				t.Errorf("stderr: %s", errs.String())
			}
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
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
		t.Errorf("not as %s (-want +got; -update rewrites it):\n%s", path, diff)
	}
}

func TestFaultyCommandLinesAreRefused(t *testing.T) {
	good := map[string]string{"--service-id": serviceID, "--ingest-url": "https://ingest.example.com"}
	for _, c := range []struct{ name, flag, value, want string }{
		{"no service", "--service-id", "", "--service-id is missing"},
		{"a service's name", "--service-id", "my-service", "--service-id is no id"},
		{"a service id with a path", "--service-id", "SU1Z0isxPaozGVKX/../x", "--service-id is no id"},
		{"no ingest", "--ingest-url", "", "--ingest-url is missing"},
		{"plain http", "--ingest-url", "http://ingest.example.com", "must begin with https://"},
		{"a path", "--ingest-url", "https://ingest.example.com/v1/logs", "without a path"},
		{"a password", "--ingest-url", "https://a:b@ingest.example.com", "without a path"},
		{"no host", "--ingest-url", "https://", "without a path"},
		{"the active version", "--version", "active", "--version"},
		{"version zero", "--version", "0", "--version"},
		{"both modes", "--apply", "true", "exclude each other"},
		{"half seconds", "--period", "1500ms", "--period"},
		{"no period", "--period", "0s", "--period"},
		{"huge posts", "--request-max-bytes", "104857601", "--request-max-bytes"},
		{"no lines", "--request-max-entries", "0", "--request-max-entries"},
		{"a hostile bucket", "--archive-bucket", "b\x1b[2J", "control characters"},
		{"a role without a bucket", "--archive-iam-role", "arn:aws:iam::1:role/x", "needs --archive-bucket"},
		{"a site without an origin", "--site", "docs", "want NAME=ORIGIN"},
		{"too many sites", "--site", "docs=" + strings.Repeat("https://a.example,", 500) + "https://a.example", "takes 8000"},
		{"a hostile site", "--site", "a;b=https://a.example", "no name or origin may have a semicolon"},
		{"removal of everything", "--remove", "true", "--only web"},
		{"new secrets of everything", "--new-secrets", "true", "--only web --apply"},
		{"no visitors of no site", "--no-visitors", "true", "--no-visitors goes with"},
		{"an unknown precision", "--ip-precision", "half", "not one of"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := newSetupCmd(&app.App{}, func(context.Context, *options) error {
				t.Error("it ran")
				return nil
			})
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			args := []string{"--dry-run", c.flag + "=" + c.value}
			for f, v := range good {
				if f != c.flag {
					args = append(args, f+"="+v)
				}
			}
			cmd.SetArgs(append([]string{}, args...)) // nil means those of the test binary
			err := cmd.Execute()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			// A flag's own error becomes a usage error in the root command.
			if e, ok := errors.AsType[*app.ExitError](err); ok && e.Code != app.ExitUsage {
				t.Errorf("exit code %d, want %d", e.Code, app.ExitUsage)
			}
		})
	}
}
