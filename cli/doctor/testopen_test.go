package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/report"
	"glint/cli/up"
	"glint/edge/token"
)

// startUp runs `glint up` on free ports until the test ends, and returns its
// home.
func startUp(t *testing.T) (home.Home, home.State) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "home")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	out, ready := io.Pipe()
	var errs bytes.Buffer // read when up has ended
	a := &app.App{Out: ready, Err: &errs, Getenv: os.Getenv, Home: home.Home(dir), Version: "test"}
	cmd := up.NewCmd(a)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs([]string{"--pixel-listen", "127.0.0.1:0", "--ingest-listen", "127.0.0.1:0", "--warehouse-listen", "127.0.0.1:0"})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := cmd.ExecuteContext(ctx)
		_ = ready.CloseWithError(io.EOF) // the test reads no longer
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil || t.Failed() {
			t.Errorf("glint up: %v\n%s", err, &errs)
		}
	})
	line := make([]byte, 4096)
	if n, err := out.Read(line); err != nil || !strings.HasPrefix(string(line[:n]), "ready ") {
		t.Fatalf("glint up says %q, %v", line[:n], err)
	}
	state, err := a.Running()
	if err != nil {
		t.Fatal(err)
	}
	return a.Home, state
}

func TestOpenIsSeenArriving(t *testing.T) {
	h, state := startUp(t)
	t.Run("of a healthy installation", func(t *testing.T) {
		p := newPatient(t)
		p.o.app.Home = h
		code := p.run(t, state.Pixel, "--ingest", state.Ingest, "--format", "json") // the short name of --ingest-url
		var got struct {
			Delay  *float64 `json:"open_delay_seconds"`
			Checks []struct{ Status, Check, Finding string }
		}
		if err := json.Unmarshal(p.stdout.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		for _, c := range got.Checks {
			if c.Status == "fail" || c.Status == "warn" && !strings.HasSuffix(c.Check, "TLS") && c.Check != policyCheck { // none is set
				t.Errorf("%s %s: %s", c.Status, c.Check, c.Finding)
			}
		}
		if code != app.ExitDone || len(got.Checks) != 19 || got.Delay == nil || *got.Delay <= 0 {
			t.Errorf("exit code %d, %d checks, delay %v", code, len(got.Checks), got.Delay)
		}
		if s, err := h.ConsentSettings(); err != nil || s.Edges[state.Pixel].IsZero() {
			t.Errorf("the home does not know that the pixel knows modes: %+v, %v", s, err)
		}
	})
	t.Run("again, as another message", func(t *testing.T) {
		p := newPatient(t)
		p.o.app.Home = h
		if code := p.run(t, state.Pixel); code != app.ExitDone {
			t.Errorf("exit code %d:\n%s", code, &p.stdout)
		}
		var out bytes.Buffer
		o := &report.Options{App: &app.App{Out: &out, Err: io.Discard, Home: h}, Campaign: "glint-doctor", Format: "json"}
		if err := report.Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Sends int `json:"sends"`
			Opens int `json:"opens_total"`
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.Sends != 2 || got.Opens != 2 {
			t.Errorf("the campaign has %+v (%v), want 2 sends and 2 opens", got, err)
		}
	})
	t.Run("or not, if the pixel loses it", func(t *testing.T) {
		p := newPatient(t)
		p.o.app.Home = h
		lossy := p.pixel(t, nil)
		code := p.run(t, lossy, "--timeout", (500 * time.Millisecond).String())
		p.compare(t, map[string]string{"FAIL test open": "not in the warehouse after 0.5 s"}, code)
	})
}

func TestOpenThatCannotBeMadeIsAFailure(t *testing.T) {
	t.Run("for want of keys", func(t *testing.T) {
		p := newPatient(t)
		p.compare(t, map[string]string{"FAIL test open": "no pixel keys"}, p.run(t, p.pixel(t, nil)))
		if _, err := os.Stat(p.o.app.Home.PixelKeysFile()); err == nil {
			t.Error("keys were made that no edge knows")
		}
	})
	t.Run("for want of a warehouse", func(t *testing.T) {
		p := newPatient(t)
		p.o.app.Home = home.Home(filepath.Join(t.TempDir(), "home"))
		if err := p.o.app.Home.Make(); err != nil {
			t.Fatal(err)
		}
		if _, err := p.o.app.Home.FirstKey(); err != nil {
			t.Fatal(err)
		}
		p.compare(t, map[string]string{"FAIL test open": "glint is not running (glint up); --no-test-open"}, p.run(t, p.pixel(t, nil)))
	})
	t.Run("for want of the running glint, which has not taken a new key", func(t *testing.T) {
		p := newPatient(t)
		h := home.Home(filepath.Join(t.TempDir(), "home"))
		p.o.app.Home = h
		if err := h.Make(); err != nil {
			t.Fatal(err)
		}
		if _, err := h.UpdateKeys(func([]token.Key) ([]token.Key, error) { return []token.Key{home.NewKey(1)}, nil }); err != nil {
			t.Fatal(err)
		}
		if err := h.WriteState(home.State{PixelKeys: []int{7}}); err != nil {
			t.Fatal(err)
		}
		p.compare(t, map[string]string{"FAIL test open": "does not know key 1 yet (repeat the command"}, p.run(t, p.pixel(t, nil)))
	})
}
