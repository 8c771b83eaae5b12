// Package deploy checks ingest/deploy, the files that an operator needs beyond
// one laptop: a systemd unit, an image, a compose file, a dashboard and alert
// rules. Each metric, label, flag, variable and path that they name exists in
// glint itself.
package deploy

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"glint/cli/doctor"
	"glint/cli/edge"
	"glint/cli/engine"
	"glint/cli/internal/app"
	"glint/cli/keys"
	logcmd "glint/cli/log"
	"glint/cli/networks"
	"glint/cli/report"
	"glint/cli/serve"
	"glint/cli/up"
	"glint/ingest/warehouse/embedded"
)

func TestMain(m *testing.M) {
	embedded.RunChildIfAsked()
	if err := os.Chdir(filepath.Join("..", "..", "..", "ingest", "deploy")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// top is the top of the tree, seen from ingest/deploy, where the image is built.
var top = filepath.Join("..", "..")

func read(t *testing.T, elem ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// command returns the command that the first words name.
func command(t *testing.T, words []string) *cobra.Command {
	t.Helper()
	a := &app.App{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Getenv: func(string) string { return "" }}
	root := &cobra.Command{Use: "glint"}
	root.AddCommand(serve.NewCmd(a), up.NewCmd(a), engine.NewCmd(a), edge.NewCmd(a), doctor.NewCmd(a),
		keys.NewCmd(a), logcmd.NewCmd(a), networks.NewCmd(a), report.NewCmd(a, nil))
	cmd, _, err := root.Find(words)
	if err != nil || cmd == root {
		t.Fatalf("glint %s is no command that an operator runs: %v", strings.Join(words, " "), err)
	}
	return cmd
}

// checkCommand parses the words behind "glint" as glint itself does.
func checkCommand(t *testing.T, words ...string) {
	t.Helper()
	cmd := command(t, words)
	if cmd.HasSubCommands() {
		t.Errorf("glint %s: %s needs one more word", strings.Join(words, " "), cmd.CommandPath())
	}
	flags := words[strings.Count(cmd.CommandPath(), " "):]
	if err := cmd.ParseFlags(flags); err != nil {
		t.Errorf("glint %s: %v", strings.Join(words, " "), err)
	}
}

// notFlags are the variables of glint that no flag has.
var notFlags = map[string]bool{"GLINT_HOME": true, "GLINT_CACHE": true, "GLINT_ENGINE": true, "GLINT_INGEST_TOKEN": true}

// checkVariable wants name to be a variable that serve or up reads.
func checkVariable(t *testing.T, name string) {
	t.Helper()
	if notFlags[name] {
		return
	}
	asked := map[string]bool{}
	a := &app.App{Getenv: func(name string) string { asked[name] = true; return "" }}
	for _, verb := range []string{"serve", "up"} {
		if err := a.FlagsFromEnvironment(command(t, []string{verb})); err != nil {
			t.Fatal(err)
		}
	}
	if !asked[name] {
		t.Errorf("glint reads no variable %s", name)
	}
}

// TestReadmeNamesWhatThereIs looks at the code blocks of README.md.
func TestReadmeNamesWhatThereIs(t *testing.T) {
	command := regexp.MustCompile(`(?:^|\s)glint ([a-z]+ [^#\n]*)`)
	file := regexp.MustCompile(`ingest/deploy/[\w.-]+`)
	commands, files := 0, 0
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(read(t, "README.md"), -1) {
		for line := range strings.Lines(block[1]) {
			if strings.HasPrefix(line, "useradd ") || strings.HasPrefix(line, "system") {
				continue // glint is the name of a user or a unit there
			}
			if m := command.FindStringSubmatch(line); m != nil {
				words := strings.TrimPrefix(m[1], "glint ") // after the name of a service
				checkCommand(t, strings.Fields(words)...)
				commands++
			}
			for _, name := range file.FindAllString(line, -1) {
				read(t, top, name)
				files++
			}
		}
	}
	if commands < 8 || files < 3 {
		t.Errorf("%d commands and %d files were checked", commands, files)
	}
}

var variable = regexp.MustCompile(`\bGLINT_[A-Z_]+\b`)

func TestVariablesOfTheUnitAreGlints(t *testing.T) {
	for _, file := range []string{"glint.service", "glint-up.conf", "glint.env.example", "Dockerfile"} {
		names := variable.FindAllString(read(t, file), -1)
		if len(names) == 0 {
			t.Errorf("%s names no variable", file)
		}
		for _, name := range names {
			checkVariable(t, name)
		}
	}
}

// directives returns the unit's values by name, in their order; an empty value
// takes back what stood before.
func directives(t *testing.T, files ...string) map[string][]string {
	t.Helper()
	values := map[string][]string{}
	for _, file := range files {
		for line := range strings.Lines(read(t, file)) {
			name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
			switch {
			case !ok || strings.HasPrefix(name, "#"):
			case value == "":
				values[name] = nil
			default:
				values[name] = append(values[name], value)
			}
		}
	}
	return values
}

func TestUnitRunsACommandOfGlint(t *testing.T) {
	for _, c := range []struct {
		verb  string
		files []string
	}{
		{"serve", []string{"glint.service"}},
		{"up", []string{"glint.service", "glint-up.conf"}},
	} {
		t.Run(c.verb, func(t *testing.T) {
			starts := directives(t, c.files...)["ExecStart"]
			if len(starts) != 1 {
				t.Fatalf("ExecStart is %q, want one", starts)
			}
			words := strings.Fields(starts[0])
			if filepath.Base(words[0]) != "glint" || words[1] != c.verb {
				t.Fatalf("ExecStart is %q, want glint %s", starts[0], c.verb)
			}
			checkCommand(t, words[1:]...)
		})
	}
}

func TestUnitKeepsToWhatItPromises(t *testing.T) {
	for name, want := range map[string]string{
		"User": "glint", "StateDirectory": "glint", "StateDirectoryMode": "0700", "UMask": "0077",
		"NoNewPrivileges": "yes", "ProtectSystem": "strict", "KillMode": "mixed", "Restart": "on-failure",
		"RestartPreventExitStatus": "2", "EnvironmentFile": "/etc/glint/glint.env", "MemoryDenyWriteExecute": "yes",
	} {
		if got := directives(t, "glint.service")[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	// The engine's compiled expressions need memory that is written, then run.
	if got := directives(t, "glint-up.conf")["MemoryDenyWriteExecute"]; len(got) != 1 || got[0] != "no" {
		t.Errorf("MemoryDenyWriteExecute of glint up is %q, want no", got)
	}
}
