package edge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"glint/cli/edge/challenge"
	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/toolchain"
)

const (
	serviceID   = "SU1Z0isxPaozGVKXdv0eY"
	ingestToken = "ingest-token-7f3a"
	fastlyToken = "fastly-token-91bc"
	secretKey   = "archive-secret-55d0"
)

// world is an account at Fastly, glint's home, and the Fastly CLI on PATH.
type world struct {
	account *account
	home    home.Home
	keys    string            // the file of the key ring
	env     map[string]string // what glint's command sees
	ingest  *httptest.Server
	lines   string // ingest's answer to the challenge
	dir     string
	stderr  bytes.Buffer
	stdout  bytes.Buffer
}

// newWorld puts a recorder before the real Fastly CLI. It writes the arguments
// and the environment down, and lets the CLI do the work; only the last step of
// sending a secret is left out, since the CLI encrypts with a key that must be
// Fastly's own.
func newWorld(t *testing.T, locked bool) *world {
	t.Helper()
	fastly, err := toolchain.Locate("fastly")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{account: newAccount(locked), dir: t.TempDir(), lines: challenge.Line(serviceID) + "\n"}
	w.home = home.Home(filepath.Join(w.dir, "it's home"))
	if err := w.home.Make(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.home.FirstKey(); err != nil {
		t.Fatal(err)
	}
	keys, err := os.ReadFile(w.home.PixelKeysFile())
	if err != nil {
		t.Fatal(err)
	}
	w.keys = string(keys)
	w.ingest = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != challenge.Path {
			http.NotFound(rw, r)
			return
		}
		fmt.Fprint(rw, w.lines)
	}))
	w.ingest.Config.ErrorLog = log.New(io.Discard, "", 0) // curl does not trust it
	w.ingest.StartTLS()
	closeAtEnd(t, w.ingest)
	api := w.account.serve(t)
	w.env = map[string]string{"FASTLY_API_TOKEN": fastlyToken, "FASTLY_API_ENDPOINT": api, "GLINT_INGEST_TOKEN": ingestToken}
	text := fmt.Sprintf(recorder, w.path("arguments"), w.path("environment"), w.path("config"), fastly, w.path("secrets"))
	bin := w.path("bin")
	if err := errors.Join(os.Mkdir(bin, 0o700), os.WriteFile(filepath.Join(bin, "fastly"), []byte(text), 0o700)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("FASTLY_API_ENDPOINT", api)
	t.Setenv("FASTLY_ACCOUNT_ENDPOINT", api)
	t.Setenv("FASTLY_API_TOKEN", fastlyToken)
	t.Setenv("GLINT_INGEST_TOKEN", ingestToken)
	t.Setenv("GLINT_ARCHIVE_SECRET_KEY", secretKey)
	return w
}

const recorder = `#!/bin/sh
{ printf '%%s\n' "$@"; echo; } >>'%[1]s'
[ "$1" = version ] || env >>'%[2]s'
HOME='%[3]s'; XDG_CONFIG_HOME=$HOME; export HOME XDG_CONFIG_HOME
if [ "$1 $2" != "secret-store-entry create" ]; then
  exec '%[4]s' "$@"
fi
case "$*" in *--stdin*) given=$(cat) ;; *) given= ;; esac
problem=$(printf %%s "$given" | '%[4]s' "$@" 2>&1) && exit 9
case $problem in *"does not match expected verification key"*) ;; *) echo "$problem" >&2; exit 1 ;; esac
for a in "$@"; do case $a in
--file=*) cat "${a#--file=}" >>'%[5]s' ;;
--name=*) [ -z "$given" ] || printf '%%s=%%s\n' "${a#--name=}" "$given" >>'%[5]s.web' ;;
esac; done
`

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// recorded returns a file of the recorder's, "" if the CLI was not run.
func (w *world) recorded(name string) string {
	b, err := os.ReadFile(w.path(name))
	if err != nil {
		return ""
	}
	return string(b)
}

// keySecrets are the long words of the key ring's file.
func (w *world) keySecrets(t *testing.T) (secrets []string) {
	t.Helper()
	for line := range strings.Lines(w.keys) {
		for _, word := range strings.Fields(line) {
			if !strings.HasPrefix(line, "#") && len(word) >= 32 {
				secrets = append(secrets, word)
			}
		}
	}
	if len(secrets) == 0 {
		t.Fatal("no secret in the key ring's file")
	}
	return secrets
}

// setup runs `glint edge setup` with more flags.
func (w *world) setup(t *testing.T, flags ...string) error {
	t.Helper()
	w.stdout.Reset()
	w.stderr.Reset()
	a := &app.App{Out: &w.stdout, Err: &w.stderr, Home: w.home, Getenv: func(name string) string { return w.env[name] }}
	cmd := newSetupCmd(a, func(ctx context.Context, o *options) error {
		o.transport = w.ingest.Client().Transport
		return runSetup(ctx, o)
	})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append([]string{"--service-id", serviceID, "--ingest-url", w.ingest.URL + "/"}, flags...))
	return cmd.ExecuteContext(t.Context())
}

func (w *world) mustSetup(t *testing.T, flags ...string) {
	t.Helper()
	if err := w.setup(t, flags...); err != nil {
		t.Fatalf("glint edge setup %s: %v\n%s", strings.Join(flags, " "), err, &w.stderr)
	}
}

// paste runs text as a shell would that it is pasted into.
func (w *world) paste(t *testing.T, text string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", text)
	out, err := cmd.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return string(out)
}
