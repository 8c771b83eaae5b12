package edge

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"glint/cli/edge/challenge"
	"glint/cli/internal/app"
)

var archiveFlags = []string{"--archive-bucket", "opens", "--archive-domain", "s3.example.com"}

// opensFields is what an endpoint of ingest must be; each was read in the pages
// of Fastly that endpoints.go follows.
func opensFields(w *world) map[string]string {
	return map[string]string{
		"name": "opens", "url": w.ingest.URL + "/v1/logs", "method": "POST", "content_type": "application/x-ndjson",
		"json_format": "2", "message_type": "blank", "placement": "none", "compression_codec": "zstd", "period": "5",
		"request_max_bytes": "16777216", "request_max_entries": "10000",
		"header_name": "Authorization", "header_value": "Bearer " + ingestToken,
	}
}

func archiveFields() map[string]string {
	return map[string]string{
		"name": "opens_archive", "bucket_name": "opens", "domain": "s3.example.com", "path": "opens/", "message_type": "blank",
		"placement": "none", "compression_codec": "zstd", "period": "600", "access_key": "AKIA", "secret_key": secretKey,
	}
}

// backendFields is what the backend must be: ingest by TLS, under its own name.
func backendFields(w *world) map[string]string {
	host := strings.TrimPrefix(w.ingest.URL, "https://")
	name, port, _ := strings.Cut(host, ":")
	return map[string]string{
		"name": "ingest", "address": name, "port": port, "override_host": host, "use_ssl": "1", "ssl_cert_hostname": name, "ssl_sni_hostname": name,
		"connect_timeout": "5000", "first_byte_timeout": "35000", "between_bytes_timeout": "10000",
	}
}

// prepared is what an account must be afterwards.
func prepared(w *world) *account {
	one := &version{Number: 1, Locked: true, Endpoints: map[string]map[string]string{}}
	two := &version{
		Number: 2, Links: []string{"config-glint as glint", "secret-glint as glint"},
		Endpoints: map[string]map[string]string{"https/opens": opensFields(w), "s3/opens_archive": archiveFields(), "backend/ingest": backendFields(w)},
	}
	return &account{
		Stores: map[string][]string{"config": {"glint"}, "secret": {"glint"}}, Items: map[string]string{"ip_precision": "truncated"},
		Versions: []*version{one, two},
	}
}

func (w *world) compare(t *testing.T, want *account) {
	t.Helper()
	w.account.locked(func(a *account) {
		if diff := cmp.Diff(want, a, cmpopts.IgnoreUnexported(account{})); diff != "" {
			t.Errorf("the account (-want +got):\n%s", diff)
		}
	})
	if got := w.recorded("secrets"); got != w.keys {
		t.Errorf("secrets sent: %d bytes, want the key ring's %d", len(got), len(w.keys))
	}
}

func archiveWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, true)
	w.env["GLINT_ARCHIVE_ACCESS_KEY"], w.env["GLINT_ARCHIVE_SECRET_KEY"] = "AKIA", secretKey
	t.Setenv("GLINT_ARCHIVE_ACCESS_KEY", "AKIA")
	return w
}

func TestPastedCommandsPrepareTheService(t *testing.T) {
	w := archiveWorld(t)
	w.mustSetup(t, archiveFlags...)
	out := w.paste(t, w.stdout.String())
	if strings.Contains(out, "ERROR") {
		t.Errorf("the Fastly CLI complains:\n%s", out)
	}
	w.compare(t, prepared(w))
	for _, secret := range w.keySecrets(t) {
		if strings.Contains(w.recorded("arguments"), secret) {
			t.Error("a pixel key is in a list of arguments")
		}
	}
}

func TestPastedCommandsTakeTheTokenFromTheCredentials(t *testing.T) {
	w := newWorld(t, false)
	c, err := w.home.Credentials(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GLINT_INGEST_TOKEN", "")
	w.mustSetup(t)
	w.paste(t, w.stdout.String())
	if got := w.account.opens("header_value"); got != "Bearer "+c.IngestToken {
		t.Errorf("header value %q", got)
	}
}

func TestActivationIsPrintedForTheFastlyCLI(t *testing.T) {
	w := newWorld(t, false)
	w.mustSetup(t)
	for line := range strings.Lines(w.stdout.String()) {
		if command, ok := strings.CutPrefix(line, "# fastly service version activate "); ok {
			out := w.paste(t, "fastly service version activate "+command)
			w.account.locked(func(a *account) {
				if !a.latest().Locked {
					t.Errorf("the version was not activated: %s", out)
				}
			})
			return
		}
	}
	t.Error("no command activates the version")
}

func TestApplyPreparesTheService(t *testing.T) {
	w := archiveWorld(t)
	w.mustSetup(t, append(archiveFlags, "--apply")...)
	w.compare(t, prepared(w))
	if w.stdout.Len() > 0 {
		t.Errorf("stdout: %s", &w.stdout)
	}
}

func TestApplyShowsNoSecretToOtherProcesses(t *testing.T) {
	w := archiveWorld(t)
	w.mustSetup(t, append(archiveFlags, "--apply")...)
	seen := map[string]string{
		"arguments": w.recorded("arguments"), "environment": w.recorded("environment"), "stderr": w.stderr.String(),
	}
	if !strings.Contains(seen["arguments"], "secret-store-entry\ncreate\n") || !strings.Contains(seen["environment"], "PATH=") {
		t.Fatal("the recorder has recorded nothing")
	}
	for where, text := range seen {
		for _, secret := range append(w.keySecrets(t), ingestToken, secretKey) {
			if strings.Contains(text, secret) {
				t.Errorf("a secret is in the %s", where)
			}
		}
	}
	if strings.Contains(seen["arguments"]+seen["stderr"], fastlyToken) {
		t.Error("the API token is in the arguments or on stderr")
	}
}

// activate takes the latest version into use, and forgets what was changed.
func (w *world) activate() {
	w.account.locked(func(a *account) {
		a.latest().Locked = true
		a.changes = nil
	})
}

// changes returns the requests that changed something.
func (w *world) changes() (changes []string) {
	w.account.locked(func(a *account) { changes = a.changes })
	return changes
}

// precision returns the config store's item.
func (w *world) precision() (value string) {
	w.account.locked(func(a *account) { value = a.Items["ip_precision"] })
	return value
}

func TestSecondApplyChangesNothing(t *testing.T) {
	w := archiveWorld(t)
	w.mustSetup(t, append(archiveFlags, "--apply")...)
	w.activate()
	w.mustSetup(t, append(archiveFlags, "--apply")...)
	if changes := w.changes(); len(changes) > 0 {
		t.Errorf("changes: %q", changes)
	}
	if !strings.Contains(w.stderr.String(), "version 2 has all of it") {
		t.Errorf("stderr: %s", &w.stderr)
	}
}

func TestApplyMendsWhatDiffers(t *testing.T) {
	w := newWorld(t, false)
	w.mustSetup(t, "--apply")
	w.activate()
	w.env["GLINT_INGEST_TOKEN"] = "another-token"
	w.mustSetup(t, "--apply")
	service := "/service/" + serviceID + "/version/"
	want := []string{"PUT " + service + "1/clone", "PUT " + service + "2/logging/https/opens"}
	if diff := cmp.Diff(want, w.changes()); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if got := w.account.opens("header_value"); got != "Bearer another-token" {
		t.Errorf("header value %q", got)
	}
}

func TestApplyKeepsAStricterPrecision(t *testing.T) {
	w := newWorld(t, false)
	w.account.locked(func(a *account) {
		a.Stores["config"] = []string{"other", "glint"}
		a.Items["ip_precision"] = "none"
	})
	w.mustSetup(t, "--apply")
	if got := w.precision(); got != "none" {
		t.Errorf("ip_precision is %s now", got)
	}
	w.mustSetup(t, "--apply", "--ip-precision", "full")
	if got := w.precision(); got != "full" {
		t.Errorf("ip_precision is %s, though full was asked for", got)
	}
}

func TestApplySetsPrivacySignalsWhenAskedTo(t *testing.T) {
	w := newWorld(t, false)
	w.mustSetup(t, "--apply", "--privacy-signals", "aggregate")
	w.mustSetup(t, "--apply")
	var kept string
	w.account.locked(func(a *account) { kept = a.Items["privacy_signals"] })
	if kept != "aggregate" {
		t.Errorf("privacy_signals is %q", kept)
	}
}

func TestApplyTouchesNothingUntilAllIsThere(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*testing.T, *world)
		flags  []string
		want   string
	}{
		{"no API token", func(_ *testing.T, w *world) { w.env["FASTLY_API_TOKEN"] = "" }, nil, "$FASTLY_API_TOKEN is not set"},
		{"a plain API address", func(_ *testing.T, w *world) { w.env["FASTLY_API_ENDPOINT"] = "http://api.example.com" }, nil, "https://"},
		{"no ingest token", func(_ *testing.T, w *world) { w.env["GLINT_INGEST_TOKEN"] = "" }, nil, "$GLINT_INGEST_TOKEN is not set"},
		{"no keys of the bucket", func(*testing.T, *world) {}, archiveFlags, "$GLINT_ARCHIVE_ACCESS_KEY is not set"},
		{"no pixel keys", func(t *testing.T, w *world) {
			if err := os.Remove(w.home.PixelKeysFile()); err != nil {
				t.Fatal(err)
			}
		}, nil, "no pixel keys"},
		{"pixel keys that others may read", func(t *testing.T, w *world) {
			if err := os.Chmod(w.home.PixelKeysFile(), 0o644); err != nil {
				t.Fatal(err)
			}
		}, nil, "may be read by others"},
		{"a version in use", func(_ *testing.T, w *world) { w.activate() }, []string{"--version", "1"}, "cannot be changed"},
		{"a version that is not there", func(*testing.T, *world) {}, []string{"--version", "9"}, "has no version 9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, false)
			c.change(t, w)
			err := w.setup(t, append(c.flags, "--apply")...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if changes := w.changes(); len(changes) > 0 {
				t.Errorf("changes: %q", changes)
			}
		})
	}
}

func TestRefusalsOfFastlyAreTold(t *testing.T) {
	for _, c := range []struct{ name, path string }{
		{"of the CLI's request", "/stores/config"},
		{"of our request", "/logging/https"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, false)
			w.account.locked(func(a *account) { a.refuse = c.path })
			err := w.setup(t, "--apply")
			if err == nil || !strings.Contains(err.Error(), "403") {
				t.Fatalf("error %v", err)
			}
			if text := err.Error(); strings.ContainsAny(text, "\x1b\n") || strings.Contains(text, ingestToken) {
				t.Errorf("error %q", text)
			}
		})
	}
}

func TestIngestThatDoesNotAnswerTheChallengeIsAProblem(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		problem     bool
	}{
		{"the service's line", challenge.Line("other") + "\n" + challenge.Line(serviceID) + "\n", false},
		{"any service", "*\n", false},
		{"another service", challenge.Line("other") + "\n", true},
		{"the id itself", serviceID + "\n", true},
		{"an empty page", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, false)
			w.lines = c.lines
			err := w.setup(t, "--apply")
			e, ok := errors.AsType[*app.ExitError](err)
			if c.problem != (ok && e.Code == app.ExitProblem) || !c.problem && err != nil {
				t.Errorf("error %v", err)
			}
			if w.account.opens("name") == "" {
				t.Error("the endpoint was not made")
			}
		})
	}
}

func TestOnlyKeysPreparesTheSecretStoreAlone(t *testing.T) {
	for _, way := range []string{"pasted", "applied"} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t, true)
			flags := []string{"--only", "keys"}
			if way == "applied" {
				flags = append(flags, "--apply")
			}
			w.mustSetup(t, flags...)
			if way == "pasted" {
				if out := w.paste(t, w.stdout.String()); strings.Contains(out, "ERROR") {
					t.Errorf("the Fastly CLI complains:\n%s", out)
				}
			}
			want := prepared(w)
			want.Stores, want.Items = map[string][]string{"secret": {"glint"}}, map[string]string{}
			want.Versions[1].Links, want.Versions[1].Endpoints = []string{"secret-glint as glint"}, map[string]map[string]string{}
			w.compare(t, want)
		})
	}
}
