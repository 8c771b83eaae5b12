package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/home"
	"glint/ingest"
	"glint/ingest/warehouse"
	"glint/ingest/warehouse/embedded"
)

func TestReport(t *testing.T) {
	plain := errors.New("no luck")
	for _, c := range []struct {
		name string
		err  error
		code int
		want string
	}{
		{"nothing", nil, ExitDone, ""},
		{"an error", plain, ExitFailed, "glint: no luck\n"},
		{"with what to try", Try(plain, "again"), ExitFailed, "glint: no luck\nTry: again\n"},
		{"wrapped", fmt.Errorf("start: %w", Try(plain, "again")), ExitFailed, "glint: start: no luck\nTry: again\n"},
		{"usage", Usage(plain), ExitUsage, "glint: no luck\n"},
		{"usage with what to try", UsageTry(plain, "glint --help"), ExitUsage, "glint: no luck\nTry: glint --help\n"},
		{"a check's finding", Problem(plain, "glint migrate up"), ExitProblem, "glint: no luck\nTry: glint migrate up\n"},
		{"interrupted", fmt.Errorf("read: %w", context.Canceled), ExitInterrupted, "glint: interrupted\n"},
		{"several faults", Usage(errors.Join(plain, errors.New("no wind"))), ExitUsage, "glint: no luck\nglint: no wind\n"},
		{"a list below its error", errors.New("2 rows:\n  line 1\n  line 2"), ExitFailed, "glint: 2 rows:\n  line 1\n  line 2\n"},
		{"hostile", errors.New("bad \x1b[2J\rname"), ExitFailed, "glint: bad \ufffd[2J\ufffdname\n"},
		{"loose permissions", &home.LooseError{Path: "/h", Mode: 0o755, Want: 0o700}, ExitFailed, "glint: /h may be read by others (mode 0755)\nTry: chmod 700 /h\n"},
		{"the engine's advice", &embedded.Error{Err: embedded.ErrDataDirInUse, Detail: "d", Hint: "stop it"}, ExitFailed, "glint: " + embedded.ErrDataDirInUse.Error() + ": d\nTry: stop it\n"},
		{
			"a port in use", fmt.Errorf("%w: --pixel-listen :1", ingest.ErrAddressInUse), ExitFailed,
			"glint: " + ingest.ErrAddressInUse.Error() + ": --pixel-listen :1\nTry: stop the program that uses it, or choose another address (port 0 takes a free one)\n",
		},
		{"no schema", warehouse.ErrNoSchema, ExitFailed, "glint: " + warehouse.ErrNoSchema.Error() + "\nTry: glint migrate up\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			if code := Report(&b, c.err); code != c.code || b.String() != c.want {
				t.Errorf("%d %q, want %d %q", code, b.String(), c.code, c.want)
			}
		})
	}
}

func TestFlagsFromEnvironment(t *testing.T) {
	for _, c := range []struct {
		name, argument, variable string
		want                     int
		fault                    string
	}{
		{"default", "", "", 7, ""},
		{"environment before default", "", "8", 8, ""},
		{"command line before environment", "--max-lines=9", "8", 9, ""},
		{"a bad one is named", "", "many", 0, "$GLINT_MAX_LINES: "},
		{"a bad one that is not asked does not matter", "--max-lines=9", "many", 9, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &App{Getenv: func(name string) string {
				return map[string]string{"GLINT_MAX_LINES": c.variable, "GLINT_HELP": "1"}[name]
			}}
			cmd := &cobra.Command{Use: "glint"}
			cmd.InitDefaultHelpFlag()
			n := cmd.Flags().Int("max-lines", 7, "")
			if c.argument != "" {
				if err := cmd.ParseFlags([]string{c.argument}); err != nil {
					t.Fatal(err)
				}
			}
			err := a.FlagsFromEnvironment(cmd)
			if c.fault != "" {
				e, ok := errors.AsType[*ExitError](err)
				if !ok || e.Code != ExitUsage || !strings.HasPrefix(err.Error(), c.fault) {
					t.Errorf("%v, want a usage error %s", err, c.fault)
				}
				return
			}
			if err != nil || *n != c.want {
				t.Errorf("%d, %v; want %d", *n, err, c.want)
			}
		})
	}
}

func TestChoice(t *testing.T) {
	c := ChoiceFlag(&cobra.Command{}, "format", "output format", "table", "json")
	if c.String() != "table" {
		t.Errorf("the default is %s", c)
	}
	if err := c.Set("xml"); err == nil || err.Error() != `"xml" is not one of table, json` || c.String() != "table" {
		t.Errorf("xml: %v, value %s", err, c)
	}
	if err := c.Set("json"); err != nil || c.String() != "json" {
		t.Errorf("json: %v, value %s", err, c)
	}
}

func TestInterruptibleReads(t *testing.T) {
	got, err := io.ReadAll(Interruptible(context.Background(), strings.NewReader("all of it")))
	if err != nil || string(got) != "all of it" {
		t.Errorf("%q, %v", got, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	silent, w := io.Pipe() // never written to
	defer func() { _ = w.Close() }()
	ended := make(chan error)
	go func() {
		_, err := Interruptible(ctx, silent).Read(make([]byte, 1))
		ended <- err
	}()
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want that it was canceled", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the read goes on")
	}
}

func TestOneOf(t *testing.T) {
	for want, names := range map[string][]string{"": nil, "a": {"a"}, "a or b": {"a", "b"}, "a, b or c": {"a", "b", "c"}} {
		if got := oneOf(names); got != want {
			t.Errorf("oneOf(%q) = %q, want %q", names, got, want)
		}
	}
}

func TestFaultsOfFilesNameNoSystemCall(t *testing.T) {
	_, err := os.Stat("nobody.csv")
	var b strings.Builder
	if code := Report(&b, fmt.Errorf("read list: %w", err)); code != ExitFailed || b.String() != "glint: read list: nobody.csv: no such file or directory\n" {
		t.Errorf("exit %d, %q", code, b.String())
	}
}
