package send

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/enginetest"
	"glint/ingest/warehouse/enginetest/client"
)

// commandVariable makes the test binary run `glint send register` in that home.
const commandVariable = "GLINT_TEST_REGISTER_HOME"

func runCommandIfAsked() {
	dir := os.Getenv(commandVariable)
	if dir == "" {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	a := &app.App{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: func(string) string { return "" }, Home: home.Home(dir)}
	cmd := newRegisterCmd(a, runRegister)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(os.Args[1:])
	os.Exit(app.Report(os.Stderr, cmd.ExecuteContext(ctx)))
}

// world is a running warehouse with a home that names it.
type world struct {
	app       *app.App
	warehouse *warehouse.Warehouse
	folder    string
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	a := runningApp(tb, io.Discard, io.Discard)
	// The commands are processes of their own, and the state is this one's.
	w := client.Connect(tb, enginetest.Open(tb), enginetest.WarehouseUser)
	return &world{app: a, warehouse: w, folder: tb.TempDir()}
}

func (w *world) command(tb testing.TB, campaign, file string) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	tb.Helper()
	stderr = new(bytes.Buffer)
	cmd = exec.Command(os.Args[0], "--campaign", campaign, "--file", file, "--output", w.urls(), "--pixel-base-url", "https://pixel.example.com")
	cmd.Env = append(os.Environ(), commandVariable+"="+string(w.app.Home))
	cmd.Stderr = stderr
	return cmd, stderr
}

func (w *world) urls() string { return filepath.Join(w.folder, "urls.csv") }

// sends is the number of messages in the campaign's rates.
func (w *world) sends(tb testing.TB, campaign string) int {
	tb.Helper()
	r, err := w.warehouse.ReportOf(tb.Context(), campaign)
	if errors.Is(err, warehouse.ErrNoCampaign) {
		return 0
	}
	if err != nil {
		tb.Fatal(err)
	}
	n, err := strconv.Atoi(fmt.Sprint(r.Sends))
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// found is the number of the campaign's messages that the tables by message and by recipient
// have, or -1 if they differ.
func (w *world) found(tb testing.TB, campaign string) int {
	tb.Helper()
	id, err := w.warehouse.CampaignID(tb.Context(), campaign)
	if err != nil {
		tb.Fatal(err)
	}
	e := enginetest.Open(tb)
	count := func(table string) string {
		return strings.TrimSpace(e.Text(tb, enginetest.WarehouseUser, fmt.Sprintf("SELECT uniqExact(message_id) FROM %s WHERE campaign_id = %d", table, id), nil))
	}
	byID, byRecipient := count("message_campaigns"), count("recipient_messages")
	if byID != byRecipient {
		return -1
	}
	n, err := strconv.Atoi(byID)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// cut is a moment at which a registration is stopped.
type cut struct {
	signal syscall.Signal
	stored int // rows; 0: the campaign is there
}

// cuts returns the number of rows of the file and the moments. With n in GLINT_TEST_REGISTRATION_CUTS the file
// has a million rows, and each signal comes n times, at moments that are spread evenly.
func cuts(t *testing.T) (rows int, all []cut) {
	t.Helper()
	text := os.Getenv("GLINT_TEST_REGISTRATION_CUTS")
	if text == "" {
		rows = 210_000 // three inserts
		return rows, []cut{{syscall.SIGINT, 1}, {syscall.SIGKILL, 0}, {syscall.SIGKILL, 1}, {syscall.SIGKILL, rows / 2}, {syscall.SIGKILL, rows}}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("GLINT_TEST_REGISTRATION_CUTS is %q, not a number", text)
	}
	rows = 1_000_000
	for i := range n {
		stored := rows / n * i
		all = append(all, cut{syscall.SIGINT, stored}, cut{syscall.SIGKILL, stored})
	}
	return rows, all
}

// TestAKilledRegistrationIsWholeOrNothing stops the command by Ctrl-C and by
// SIGKILL once so many of its rows are stored, and gives it again.
func TestAKilledRegistrationIsWholeOrNothing(t *testing.T) {
	rows, moments := cuts(t)
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "recipients.csv")
	writeRecipients(t, file, rows)
	cut := 0
	for _, c := range moments {
		campaign := fmt.Sprint("cut ", c.signal, " ", c.stored)
		if err := os.RemoveAll(w.urls()); err != nil {
			t.Fatal(err)
		}
		cmd, stderr := w.command(t, campaign, file)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.await(t, campaign, c.stored)
		_ = cmd.Process.Signal(c.signal) // it may be done
		_ = cmd.Wait()                   // the code is looked at below
		code := cmd.ProcessState.ExitCode()
		if c.signal == syscall.SIGINT && code != app.ExitInterrupted && code != app.ExitDone {
			t.Errorf("%s: exit code %d: %s", campaign, code, stderr)
		}
		if code != app.ExitDone {
			cut++
		}
		n := w.sends(t, campaign)
		if n != 0 && n != rows || code == app.ExitDone && n != rows {
			t.Errorf("%s: %d of %d messages are in the rates, exit code %d", campaign, n, rows, code)
		}
		if files, err := os.ReadDir(w.folder); err != nil || code != app.ExitDone && n == 0 && len(files) > 0 {
			t.Errorf("%s: %v are left, %v", campaign, files, err)
		}
		t.Logf("%s: exit code %d, %d in the rates: %s", campaign, code, n, strings.TrimSpace(stderr.String()))
		again, stderr := w.command(t, campaign, file)
		if err := again.Run(); err != nil {
			t.Fatalf("%s again: %v: %s", campaign, err, stderr)
		}
		if n := w.sends(t, campaign); n != rows {
			t.Errorf("%s again: %d of %d messages are in the rates: %s", campaign, n, rows, stderr)
		}
		if n := w.found(t, campaign); n != rows {
			t.Errorf("%s again: %d of %d messages are found by their id and by their recipient", campaign, n, rows)
		}
	}
	if cut < 2 {
		t.Errorf("only %d commands were cut off", cut)
	}
}

// await waits until so many rows of the campaign are stored, or it is there.
func (w *world) await(tb testing.TB, campaign string, stored int) {
	tb.Helper()
	e := enginetest.Open(tb)
	query := fmt.Sprintf("SELECT countIf(name = '%s') FROM campaigns", campaign)
	if stored > 0 {
		query = fmt.Sprintf("SELECT count() >= %d FROM sends WHERE campaign_id IN (SELECT campaign_id FROM campaigns WHERE name = '%s')", stored, campaign)
	}
	for deadline := time.Now().Add(2 * time.Minute); e.Text(tb, enginetest.WarehouseUser, query, nil) != "1\n"; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("%s: %d rows are not stored after two minutes", campaign, stored)
		}
	}
}

// TestRegisteringAgainChangesOnlyWhatTheFileBrings registers one list in
// different states, with a bounce between.
func TestRegisteringAgainChangesOnlyWhatTheFileBrings(t *testing.T) {
	w := newWorld(t)
	e := enginetest.Open(t)
	text := func(statement string) string { return e.Text(t, enginetest.WarehouseUser, statement, nil) }
	file := filepath.Join(t.TempDir(), "recipients.csv")
	for i, c := range []struct{ csv, want, rows string }{
		{
			"recipient,sent_at\na@example.com,2026-11-21T09:00:00Z\nb@example.com,\nc@example.com,\n", "3 new, 0 known, 0 changed",
			"a@example.com 2026-11-21 09:00:00 registered\nb@example.com 1970-01-01 00:00:00 bounced\nc@example.com 1970-01-01 00:00:00 registered\n",
		},
		{ // what is not said stays
			"recipient\nC@example.com\na@example.com\nb@example.com\nd@example.com\n", "1 new, 3 known, 0 changed",
			"a@example.com 2026-11-21 09:00:00 registered\nb@example.com 1970-01-01 00:00:00 bounced\nc@example.com 1970-01-01 00:00:00 registered\nd@example.com 1970-01-01 00:00:00 registered\n",
		},
		{ // a field of a bounced message
			"recipient;sent_at\nb@example.com;2026-11-22T09:00:00Z\na@example.com;2026-11-21T09:00:00Z\n", "0 new, 1 known, 1 changed",
			"a@example.com 2026-11-21 09:00:00 registered\nb@example.com 2026-11-22 09:00:00 bounced\nc@example.com 1970-01-01 00:00:00 registered\nd@example.com 1970-01-01 00:00:00 registered\n",
		},
		{ // nothing new at all
			"recipient\na@example.com\nb@example.com\nc@example.com\nd@example.com\n", "0 new, 4 known, 0 changed",
			"a@example.com 2026-11-21 09:00:00 registered\nb@example.com 2026-11-22 09:00:00 bounced\nc@example.com 1970-01-01 00:00:00 registered\nd@example.com 1970-01-01 00:00:00 registered\n",
		},
	} {
		if err := os.WriteFile(file, []byte(c.csv), 0o600); err != nil {
			t.Fatal(err)
		}
		before := text("SELECT count() FROM sends")
		cmd, stderr := w.command(t, "again", file)
		if err := cmd.Run(); err != nil || !strings.Contains(stderr.String(), c.want) {
			t.Fatalf("file %d: %v: %s; want %s", i, err, stderr, c.want)
		}
		if i == 0 {
			text("INSERT INTO sends (* EXCEPT (state, registered_at), state, registered_at) SELECT * EXCEPT (state, registered_at), 'bounced', registered_at + 1 FROM sends WHERE recipient = 'b@example.com'")
		}
		got := text("SELECT concat(recipient, ' ', toString(sent_at), ' ', state) FROM sends FINAL JOIN campaigns USING campaign_id WHERE name = 'again' ORDER BY recipient")
		if got != c.rows {
			t.Errorf("file %d: rows\n%swant\n%s", i, got, c.rows)
		}
		if after := text("SELECT count() FROM sends"); i == 3 && after != before {
			t.Errorf("a file that changes nothing wrote rows: %s before, %s after", before, after)
		}
	}
}
