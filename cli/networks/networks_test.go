package networks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/ingest/networks"
)

const list = "172.224.226.0/27,GB,GB-EN,London\n2a02:26f7:c9c8:4000::/64,DE,,\n"

type world struct {
	app      *app.App
	out, err *bytes.Buffer
}

func newWorld(t *testing.T) *world {
	w := &world{out: &bytes.Buffer{}, err: &bytes.Buffer{}}
	w.app = &app.App{Home: home.Home(filepath.Join(t.TempDir(), "home")), Out: w.out, Err: w.err}
	return w
}

func (w *world) run(t *testing.T, args ...string) error {
	t.Helper()
	cmd := NewCmd(w.app)
	cmd.SetArgs(append([]string{}, args...)) // nil means those of the test binary
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return cmd.ExecuteContext(t.Context())
}

func listFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUpdateFromAFileThenList(t *testing.T) {
	w := newWorld(t)
	if err := w.run(t, "update", "--from", listFile(t, list)); err != nil {
		t.Fatal(err)
	}
	file := networks.RelayFile(string(w.app.Home))
	if w.out.String() != file+"\n" || !strings.Contains(w.err.String(), "kept 2 prefixes of 2026-03-04 05:06:07 UTC") {
		t.Errorf("out %q, err %q", w.out, w.err)
	}
	w.out.Reset()
	if err := w.run(t, "list"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(w.out.String()); !strings.Contains(strings.Join(got, " "), "apple_relay 2 2026-03-04T05:06:07Z "+file) {
		t.Errorf("got %s", w.out)
	}
}

func TestListOfNothingIsAHeader(t *testing.T) {
	w := newWorld(t)
	if err := w.run(t, "list"); err != nil || strings.Count(w.out.String(), "\n") != 1 {
		t.Errorf("%q, %v", w.out, err)
	}
	if got := strings.Count(w.err.String(), "note: without "); got != 3 {
		t.Errorf("%d notes of what is missing:\n%s", got, w.err)
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	w := newWorld(t)
	if err := w.run(t, "update", "--dry-run", "--from", listFile(t, list)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(string(w.app.Home)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := w.run(t, "update", "--dry-run", "--from", listFile(t, "<html>")); !errors.Is(err, networks.ErrFile) {
		t.Errorf("%v", err)
	}
}

func TestUpdateRefusesWhatIsNoList(t *testing.T) {
	w := newWorld(t)
	for _, args := range [][]string{{"--from", listFile(t, "<html>")}, {"--from", "/nowhere.csv"}, {"argument"}} {
		if err := w.run(t, append([]string{"update"}, args...)...); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
	if _, err := os.Stat(networks.RelayFile(string(w.app.Home))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestUpdateFetches(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := range 25_000 {
			if r.URL.Path == "/asn" {
				_, _ = fmt.Fprintf(w, "11.%d.%d.0,11.%d.%d.255,%d,Name\n", i>>8, i&255, i>>8, i&255, i+1)
			} else {
				_, _ = fmt.Fprintf(w, "172.%d.%d.0/27,GB,GB-EN,London\n", i>>8, i&255)
			}
		}
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	t.Cleanup(s.Close)
	w := newWorld(t)
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	o := &updateOptions{app: w.app, address: s.URL, asns: []string{s.URL + "/asn"}, transport: s.Client().Transport, now: func() time.Time { return at }}
	if err := runUpdate(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	lists, err := networks.ReadLists(string(w.app.Home))
	if err != nil || !lists.Relay.TakenAt.Equal(at) || lists.ASNs.Ranges() != 25_000 || !lists.ASNs.BuiltAt.Equal(at) {
		t.Errorf("%+v, %v", lists.Relay, err)
	}

	o.transport = nil // no authority vouches for the server's certificate now
	err = runUpdate(t.Context(), o)
	if err == nil {
		t.Error("taken from a server that nobody vouches for")
	}
	o.asns = nil
	e, ok := errors.AsType[*app.ExitError](runUpdate(t.Context(), o))
	if !ok || !strings.Contains(e.Try, "--from") {
		t.Errorf("%v", e)
	}
	if lists, err := networks.ReadLists(string(w.app.Home)); err != nil || lists.ASNs.Ranges() != 25_000 {
		t.Errorf("the lists that were there: %+v, %v", lists, err)
	}
}

func TestUpdateParsesItsFlags(t *testing.T) {
	var got *updateOptions
	cmd := newUpdateCmd(&app.App{}, func(_ context.Context, o *updateOptions) error { got = o; return nil })
	cmd.SetArgs([]string{"--from", "x.csv"})
	if err := cmd.Execute(); err != nil || got.from != "x.csv" || got.address != networks.RelayURL || len(got.asns) != 2 || got.dryRun {
		t.Errorf("%+v, %v", got, err)
	}
}
