package edge

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"glint/cli/internal/home"
)

// webSent returns the last value that was sent of each of the web pixel's secrets.
func (w *world) webSent() map[string]string {
	sent := map[string]string{}
	for line := range strings.Lines(w.recorded("secrets.web")) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		sent[name] = value
	}
	return sent
}

func (w *world) webSecrets(t *testing.T) home.WebSecrets {
	t.Helper()
	s, err := w.home.WebSecrets()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sites returns the config store's item.
func (w *world) sites() (value string, ok bool) {
	w.account.locked(func(a *account) { value, ok = a.Items["sites"] })
	return value, ok
}

var siteFlags = []string{"--site", "docs=https://docs.example.com", "--site", "shop=https://shop.example.com,http://localhost:3000"}

func TestTheWebPixelsSitesAndSecretsReachTheStores(t *testing.T) {
	for _, way := range []string{"applied", "applied alone", "pasted", "pasted alone"} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t, false)
			flags := siteFlags
			if strings.HasSuffix(way, "alone") {
				flags = append(flags, "--only", "web")
			}
			if strings.HasPrefix(way, "applied") {
				w.mustSetup(t, append(flags, "--apply")...)
			} else {
				w.webSecrets(t) // makes them
				w.mustSetup(t, flags...)
				if out := w.paste(t, w.stdout.String()); strings.Contains(out, "ERROR") {
					t.Errorf("the Fastly CLI complains:\n%s", out)
				}
			}
			s, sent := w.webSecrets(t), w.webSent()
			if len(sent) != 2 || sent["events_token"] != s.EventsToken || sent["visitor_secret"] != s.VisitorSecret {
				t.Errorf("sent %d secrets, not those of web.env", len(sent))
			}
			if got, _ := w.sites(); got != "docs=https://docs.example.com;shop=https://shop.example.com,http://localhost:3000" {
				t.Errorf("sites %q", got)
			}
			if alone := w.recorded("secrets") == ""; alone != strings.HasSuffix(way, "alone") {
				t.Error("pixel keys were sent, or were not")
			}
			for where, text := range map[string]string{
				"arguments": w.recorded("arguments"), "environment": w.recorded("environment"), "stderr": w.stderr.String(), "stdout": w.stdout.String(),
			} {
				if strings.Contains(text, s.EventsToken) || strings.Contains(text, s.VisitorSecret) {
					t.Errorf("a secret is in the %s", where)
				}
			}
			if info, err := os.Stat(w.home.WebFile()); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("web.env: %v, %v", info, err)
			}
		})
	}
}

func TestTheWebPixelIsSetOnceRotatedAndRemoved(t *testing.T) {
	w := newWorld(t, false)
	w.mustSetup(t, append(siteFlags, "--apply")...)
	before := w.webSecrets(t)
	w.activate()
	w.mustSetup(t, append(siteFlags, "--apply")...)
	w.mustSetup(t, "--apply")
	if changes := w.changes(); len(changes) > 0 {
		t.Errorf("a second run, and one without --site, changed %q", changes)
	}
	w.mustSetup(t, "--only", "web", "--apply", "--new-secrets")
	after, sent := w.webSecrets(t), w.webSent()
	if after.EventsToken == before.EventsToken || after.VisitorSecret == before.VisitorSecret {
		t.Error("--new-secrets has kept a secret")
	}
	if sent["events_token"] != after.EventsToken || sent["visitor_secret"] != after.VisitorSecret || !strings.Contains(w.stderr.String(), "start glint again") {
		t.Errorf("the new secrets were not sent, or it is not said:\n%s", &w.stderr)
	}
	w.account.locked(func(a *account) { a.Secrets = []string{"events_token", "pixel_keys", "visitor_secret"} })
	w.mustSetup(t, "--only", "web", "--apply", "--no-visitors")
	w.account.locked(func(a *account) {
		if got := strings.Join(a.Secrets, " "); got != "events_token pixel_keys" {
			t.Errorf("with --no-visitors the store has %s", got)
		}
	})
	for range 2 { // the second time, nothing is there
		w.mustSetup(t, "--only", "web", "--apply", "--remove")
	}
	if got, ok := w.sites(); ok {
		t.Errorf("sites are still %q", got)
	}
	w.account.locked(func(a *account) {
		if got := strings.Join(a.Secrets, " "); got != "pixel_keys" || a.Items["ip_precision"] != "truncated" {
			t.Errorf("after --remove the store has %s, and the settings %v", got, a.Items)
		}
	})
	if changes := w.changes(); !regexp.MustCompile(`^(DELETE \S+/(visitor_secret|events_token|sites) ?){3}$`).MatchString(strings.Join(changes, " ")) {
		t.Errorf("changes %q", changes)
	}
}

func TestPrintedWebCommandsWantTheSecretsFirst(t *testing.T) {
	w := newWorld(t, false)
	if err := w.setup(t, "--only", "web"); err == nil || !strings.Contains(err.Error(), "no secrets of the web pixel") {
		t.Errorf("error %v", err)
	}
}
