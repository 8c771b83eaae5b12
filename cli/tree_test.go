package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
)

// secretOfTests stands wherever glint reads a secret in these tests: nothing may
// print it.
const secretOfTests = "s3cret-of-the-tests-0123456789abcdef"

// ran is a run of the program within this process.
type ran struct {
	code           int
	stdout, stderr string
}

// runHere runs glint with those arguments in a home of its own, where no glint runs.
// A warehouse that does not answer is in the environment, with a secret.
func runHere(t *testing.T, args ...string) ran {
	t.Helper()
	var out, faults bytes.Buffer
	env := map[string]string{"GLINT_INGEST_TOKEN": secretOfTests, "FASTLY_API_TOKEN": secretOfTests}
	a := &app.App{In: strings.NewReader(""), Out: &out, Err: &faults, Home: home.Home(filepath.Join(t.TempDir(), "home")), Getenv: func(name string) string { return env[name] }}
	root := newRootCmd(a)
	root.SetArgs(append([]string{}, args...)) // nil means those of the test binary
	code := app.Report(&faults, root.ExecuteContext(t.Context()))
	return ran{code, out.String(), faults.String()}
}

// every calls f for each command of the tree that can be run or has commands.
func every(f func(path []string, cmd *cobra.Command)) (n int) {
	pages(func(path []string, cmd *cobra.Command) {
		if n++; cmd.Runnable() {
			f(slices.Clone(path), cmd)
		}
	})
	return n
}

// sound reports a trace, a secret, or a mistake without advice.
func sound(t *testing.T, name string, got ran) {
	t.Helper()
	for _, text := range []string{got.stdout, got.stderr} {
		for _, never := range []string{"goroutine ", "panic:", "runtime error", ".go:", secretOfTests, "%!"} {
			if strings.Contains(text, never) {
				t.Errorf("%s prints %q: %s", name, never, text)
			}
		}
	}
	if got.code == app.ExitUsage && !strings.Contains(got.stderr, "\nTry: ") {
		t.Errorf("%s: a usage error says nothing to try: %s", name, got.stderr)
	}
	if got.code != app.ExitDone && !strings.HasPrefix(got.stderr, "glint: ") && !strings.Contains(got.stderr, "\nglint: ") {
		t.Errorf("%s: exit code %d without a reason: %q", name, got.code, got.stderr)
	}
}

func TestEveryCommandRefusesWhatItDoesNotKnow(t *testing.T) {
	n := every(func(path []string, cmd *cobra.Command) {
		name := strings.Join(append([]string{"glint"}, path...), " ")
		for _, c := range []struct {
			about string
			args  []string
		}{
			{"an unknown flag", []string{"--no-such-flag"}},
			{"an unknown short flag", []string{"-Z"}},
			{"too many arguments", []string{"a", "b", "c", "d", "e"}},
		} {
			if c.about == "too many arguments" && takesMany(cmd) {
				continue
			}
			got := runHere(t, append(slices.Clone(path), c.args...)...)
			if got.code != app.ExitUsage || got.stdout != "" {
				t.Errorf("%s with %s: exit code %d, stdout %q, stderr %q", name, c.about, got.code, got.stdout, got.stderr)
			}
			sound(t, name+" with "+c.about, got)
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == "bool" || f.Name == "help" {
				return
			}
			got := runHere(t, append(slices.Clone(path), "--"+f.Name)...)
			if got.code != app.ExitUsage {
				t.Errorf("%s --%s without a value: exit code %d, %q", name, f.Name, got.code, got.stderr)
			}
			sound(t, name+" --"+f.Name, got)
			if kind := f.Value.Type(); kind == "string" || strings.HasPrefix(kind, "string") {
				return
			}
			if got := runHere(t, append(slices.Clone(path), "--"+f.Name, "\x1b[31mno such value")...); got.code != app.ExitUsage || strings.Contains(got.stderr, "\x1b") {
				t.Errorf("%s --%s with a value that it cannot have: exit code %d, %q", name, f.Name, got.code, got.stderr)
			}
		})
	})
	if n < 60 {
		t.Errorf("only %d commands were found", n)
	}
}

// takesMany reports whether a command takes any number of arguments, or is the help.
func takesMany(cmd *cobra.Command) bool {
	return strings.Contains(cmd.Use, "...") || strings.Contains(cmd.Use, "…")
}

func TestEveryCommandEndsWithoutAGlintWithAReason(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	every(func(path []string, cmd *cobra.Command) {
		name := strings.Join(append([]string{"glint"}, path...), " ")
		if cmd.HasSubCommands() || slices.Contains([]string{"up", "serve", "help", "engine"}, strings.Join(path, " ")) {
			return // serve and up work, engine looks for the machine's own
		}
		got := runHere(t, append(slices.Clone(path), argumentsOf(cmd)...)...)
		sound(t, name, got)
		if got.code == app.ExitInterrupted {
			t.Errorf("%s was interrupted", name)
		}
		got = runHere(t, path...) // whatever is missing
		sound(t, name+" without arguments", got)
	})
}

// argumentsOf returns arguments for a command by its usage line, and the flags that it
// says are required.
func argumentsOf(cmd *cobra.Command) (args []string) {
	for _, word := range strings.Fields(cmd.Use)[1:] {
		if !strings.HasPrefix(word, "[") {
			args = append(args, "no-such-"+strings.ToLower(strings.Trim(word, ".…|")))
		}
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if strings.Contains(f.Usage, "(required)") {
			args = append(args, "--"+f.Name, "no-such-"+f.Name)
		}
	})
	return args
}

// TestEveryListIsEmptyJSONWithoutData runs each command with an output format that
// needs no warehouse.
func TestCommandsWithoutAWarehousePrintJSON(t *testing.T) {
	dir := t.TempDir()
	mail := filepath.Join(dir, "mail.html")
	if err := os.WriteFile(mail, []byte(`<p>Hello</p>`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"ignore", "list", "-o", "json"}, {"log", "deadletters", "list", "-o", "json"}, {"lint", mail, "-o", "json"}, {"version"},
	} {
		got := runHere(t, args...)
		sound(t, strings.Join(args, " "), got)
		if args[len(args)-1] != "json" {
			continue
		}
		if err := parses(got.stdout); err != nil && got.code != app.ExitFailed {
			t.Errorf("glint %s: %v: %s", strings.Join(args, " "), err, got.stdout)
		}
	}
}

// parses returns an error unless the text is JSON documents one behind the other.
func parses(text string) error {
	d := json.NewDecoder(strings.NewReader(text))
	for n := 0; ; n++ {
		var v any
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) && n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func TestEveryOutputFormatHasItsShortFlag(t *testing.T) {
	every(func(path []string, cmd *cobra.Command) {
		f := cmd.Flags().Lookup("format")
		if f == nil {
			return
		}
		name := strings.Join(path, " ")
		if f.Shorthand != "o" {
			t.Errorf("%s: --format is -%s", name, f.Shorthand)
		}
		if strings.Contains(f.Usage, "output") && !strings.Contains(f.Usage, "json") {
			t.Errorf("%s prints no JSON", name)
		}
	})
}

func TestQuietLeavesOutNotesButNoError(t *testing.T) {
	table := filepath.Join(t.TempDir(), "r.csv")
	if err := os.WriteFile(table, []byte("Email\nada@example.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"send", "register", "--campaign", "x", "--file", table, "--dry-run"}
	if got := runHere(t, args...); got.code != app.ExitDone || got.stderr == "" {
		t.Errorf("%+v", got)
	}
	if got := runHere(t, append(args, "-q")...); got.code != app.ExitDone || got.stderr != "" {
		t.Errorf("quiet: %+v", got)
	}
	if got := runHere(t, "-q", "report", "x"); got.code != app.ExitFailed || !strings.HasPrefix(got.stderr, "glint: glint is not running") {
		t.Errorf("quiet, with an error: %+v", got)
	}
}

func TestShellsCompleteNames(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"help", "est"}, "estimates"},
		{[]string{"help", "send", "re"}, "register"},
		{[]string{"send", "register", "--duplicates", ""}, "first"},
		{[]string{"camp"}, "campaign"},
		{[]string{"report", "x", "--format", "m"}, "markdown"},
	} {
		got := runHere(t, append([]string{"__complete"}, c.args...)...)
		if !strings.Contains("\n"+got.stdout, "\n"+c.want) {
			t.Errorf("%v: %q, want %s", c.args, got.stdout, c.want)
		}
	}
	named := 0
	every(func(path []string, cmd *cobra.Command) {
		_, arguments, _ := strings.Cut(cmd.Use, " ")
		if strings.Contains(arguments, "CAMPAIGN") {
			if named++; cmd.ValidArgsFunction == nil {
				t.Errorf("%v does not complete campaigns", path)
			}
		}
	})
	if named < 10 {
		t.Errorf("%d commands take a campaign", named)
	}
}
