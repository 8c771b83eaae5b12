package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/home"
	"glint/cli/internal/toolchain"
	"glint/ingest/warehouse/embedded"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	embedded.RunChildIfAsked()
	testscript.Main(m, map[string]func(){"glint": func() { os.Exit(run()) }})
}

// patience bounds every wait; it is no expectation of speed.
const patience = time.Minute

// scripts is the number of scripts, so that none is lost unseen.
const scripts = 33

func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) != scripts {
		t.Fatalf("%d scripts, want %d: %v", len(files), scripts, err)
	}
	engine, err := toolchain.Locate("engine")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Deadline:      time.Now().Add(18 * time.Minute), // before that of make test
		Setup: func(e *testscript.Env) error {
			e.Setenv("GLINT_HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("GLINT_ENGINE", engine)
			for _, part := range []string{"PIXEL", "INGEST", "WAREHOUSE", "WEB"} {
				e.Setenv("GLINT_"+part+"_LISTEN", "127.0.0.1:0")
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exitcode": exitCode, "listen": listen, "running": running, "sh": shell, "many": many, "write": write, "everyjson": everyJSON,
		},
	})
}

// exitCode N COMMAND ... runs a command, which must end with that exit code.
func exitCode(s *testscript.TestScript, _ bool, args []string) {
	command, rest := args[1], args[2:]
	if command == "sh" {
		rest = append([]string{"-c"}, rest...)
	}
	err := s.Exec(command, rest...)
	got := 0
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		got = e.ExitCode()
	} else {
		s.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		s.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// listen VAR takes a port until the script ends, and puts its address into VAR.
func listen(s *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.Check(err)
	s.Defer(func() { _ = l.Close() })
	s.Setenv(args[0], l.Addr().String())
}

// running waits until all of a glint is up in $GLINT_HOME, and puts its addresses into
// PIXEL and INGEST.
func running(s *testscript.TestScript, _ bool, _ []string) {
	h := home.Home(s.Getenv("GLINT_HOME"))
	deadline := time.Now().Add(patience)
	for {
		state, err := h.ReadState()
		if err == nil && !state.Starting {
			s.Setenv("PIXEL", state.Pixel)
			s.Setenv("INGEST", state.Ingest)
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("no glint runs after %v: %v", patience, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// shell runs a line as sh does, for examples with pipes.
func shell(s *testscript.TestScript, neg bool, args []string) {
	err := s.Exec("sh", "-c", args[0])
	if (err == nil) == neg {
		s.Fatalf("sh -c %q: %v", args[0], err)
	}
}

// everyJSON CAMPAIGN RECIPIENT MESSAGE runs each command that prints JSON, whose
// standard output must be JSON.
func everyJSON(s *testscript.TestScript, _ bool, args []string) {
	words := map[string]string{
		"CAMPAIGN": args[0], "[CAMPAIGN": args[0], "RECIPIENT|MESSAGE_ID": args[1], "RECIPIENT]": args[1], "RECIPIENT": args[1], "FILE|-": "mail.html",
		"FILE": "mail.html", "FILE...": "mail.html", "ADDRESS": args[1], "ADDRESS...": args[1],
	}
	tried := 0
	pages(func(path []string, cmd *cobra.Command) {
		f := cmd.Flags().Lookup("format")
		name := strings.Join(path, " ")
		if f == nil || !strings.Contains(f.Usage, "output") || !strings.Contains(f.Usage, "json") || name == "doctor" || name == "log deadletters show" {
			return // doctor takes its time; a dead letter is shown by a number
		}
		run := append([]string{}, path...)
		if cmd.Flags().Lookup("dry-run") != nil {
			run = append(run, "--dry-run")
		}
		if cmd.Flags().Lookup("by") != nil {
			run = append(run, "--by", "client")
		}
		if cmd.Flags().Lookup("command") != nil {
			run = append(run, "--command", "SELECT 1 AS one")
		}
		for _, word := range strings.Fields(cmd.Use)[1:] {
			if value, ok := words[word]; ok {
				run = append(run, value)
			}
		}
		err := s.Exec("glint", append(run, "-o", "json")...)
		code := 0
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			code = e.ExitCode()
		}
		tried++
		if err := parses(s.ReadFile("stdout")); code != app.ExitDone && code != app.ExitProblem || err != nil {
			s.Fatalf("glint %v: exit code %d, %v", run, code, err)
		}
	})
	if tried < 15 {
		s.Fatalf("only %d commands print JSON", tried)
	}
}

// many N FILE LINE writes a CSV header and a line N times, with its number in
// place of %d.
func many(s *testscript.TestScript, _ bool, args []string) {
	var n int
	_, err := fmt.Sscan(args[0], &n)
	s.Check(err)
	b := []byte("recipient\n")
	for i := range n {
		b = append(b, strings.ReplaceAll(args[2], "%d", strconv.Itoa(i))+"\n"...)
	}
	s.Check(os.WriteFile(s.MkAbs(args[1]), b, 0o600))
}

// write FILE TEXT writes text with the escapes of a Go string: \r, \x1b.
func write(s *testscript.TestScript, _ bool, args []string) {
	text, err := unquote(args[1])
	s.Check(err)
	s.Check(os.WriteFile(s.MkAbs(args[0]), []byte(text), 0o600))
}

// pages calls f for every command that help lists, with its path.
func pages(f func(path []string, cmd *cobra.Command)) {
	a := &app.App{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Getenv: func(string) string { return "" }}
	var walk func(path []string, cmd *cobra.Command)
	walk = func(path []string, cmd *cobra.Command) {
		f(path, cmd)
		for _, c := range cmd.Commands() {
			if !c.Hidden && c.Name() != "completion" {
				walk(append(path[:len(path):len(path)], c.Name()), c)
			}
		}
	}
	walk(nil, newRootCmd(a))
}

func TestHelpOfEveryCommand(t *testing.T) {
	var all bytes.Buffer
	pages(func(path []string, _ *cobra.Command) {
		a := &app.App{Out: &all, Err: &all, Getenv: func(string) string { return "" }}
		root := newRootCmd(a)
		root.SetArgs(append(path, "--help"))
		fmt.Fprintf(&all, "==== glint %s\n", strings.Join(append(path, "--help"), " "))
		if err := root.Execute(); err != nil {
			t.Errorf("%v: %v", path, err)
		}
		all.WriteString("\n")
	})
	const golden = "testdata/help.golden"
	if *update {
		if err := os.WriteFile(golden, all.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), all.String()); diff != "" {
		t.Errorf("help differs from %s (-want +got; rewrite it by go test -update):\n%s", golden, diff)
	}
}

func TestEveryCommandExplainsItself(t *testing.T) {
	pages(func(path []string, cmd *cobra.Command) {
		name := strings.Join(path, " ")
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") || len(cmd.Short) > 90 {
			t.Errorf("%q: the short description %q is missing, too long or ends with a dot", name, cmd.Short)
		}
		if cmd.HasSubCommands() { // its subcommands explain themselves
			return
		}
		if cmd.Long == "" {
			t.Errorf("%q has no long description", name)
		}
		if cmd.Example == "" && cmd.Runnable() {
			t.Errorf("%q has no example", name)
		}
	})
}

// notRun are the examples that no script can run, with the reason.
var notRun = map[string]string{
	"glint networks update": "asks Apple",
	"glint send test https://pixel.example.com/o/TOKEN.gif --as gmail":                                                  "asks a deployed pixel",
	"glint doctor https://pixel.example.com --ingest-url https://ingest.example.com --service-id SU1Z0isxPaozGVKXdv0eY": "asks a deployed service",
	"glint doctor http://127.0.0.1:8701 --ingest-url http://127.0.0.1:8702":                                             "takes fixed ports",
	"glint edge setup --service-id SU1Z0isxPaozGVKXdv0eY --ingest-url https://ingest.example.com --apply":               "changes a Fastly service",
	"glint edge setup --service-id SU1Z0isxPaozGVKXdv0eY --only web --site docs=https://docs.example.com --apply":       "changes a Fastly service",
	"glint backup s3://backups/glint/monday --endpoint https://s3.example.com":                                          "needs a bucket",
	"glint edge sync":          "changes a Fastly account",
	"glint edge sync --follow": "changes a Fastly account",
}

// TestEveryExampleRuns holds each example against the lines that the scripts run.
func TestEveryExampleRuns(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	ran := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimPrefix(strings.TrimSpace(line), "! ")
			if quoted, ok := strings.CutPrefix(line, "sh '"); ok {
				line = strings.ReplaceAll(strings.TrimSuffix(quoted, "'"), "''", "'")
			}
			line, _, _ = strings.Cut(line, " &") // of a background process
			ran[line] = true
		}
	}
	examples := 0
	pages(func(path []string, cmd *cobra.Command) {
		for line := range strings.Lines(cmd.Example) {
			examples++
			if line = strings.TrimSpace(line); !ran[line] && notRun[line] == "" {
				t.Errorf("glint %s: no script runs the example %q", strings.Join(path, " "), line)
			}
		}
	})
	if examples < 20 {
		t.Errorf("only %d examples were found", examples)
	}
}

// TestInterruptEndsACommandThatWaitsForInput is about a terminal without
// input.
func TestInterruptEndsACommandThatWaitsForInput(t *testing.T) {
	cmd := exec.Command("glint", "classify")
	cmd.Env = append(os.Environ(), "GLINT_HOME="+t.TempDir())
	stdin, err := cmd.StdinPipe() // stays open
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(stdin, "{}\n") // its answer says that the command has begun
	if _, err := stdout.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the code is read below
	if code := cmd.ProcessState.ExitCode(); code != app.ExitInterrupted || stderr.String() != "glint: interrupted\n" {
		t.Errorf("exit code %d, stderr %q; want %d and that it was interrupted", code, stderr.String(), app.ExitInterrupted)
	}
}

// unquote gives a text the meaning of its escapes.
func unquote(s string) (string, error) {
	return strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
}
