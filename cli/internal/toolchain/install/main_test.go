package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
)

// isolate leaves no tool but an engine, and gives its path.
func isolate(t *testing.T) (engine string) {
	t.Helper()
	dir := t.TempDir()
	engine = filepath.Join(dir, "libchdb.so")
	if err := os.WriteFile(engine, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	t.Setenv("GLINT_CACHE", dir)
	t.Setenv("GLINT_ENGINE", engine)
	return engine
}

func TestRun(t *testing.T) {
	engine := isolate(t)
	for _, test := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
	}{
		{
			name: "no arguments show what there is",
			stdout: `Prints the path of each tool named, and installs what is missing.
Usage: go run ./cli/internal/toolchain/install TOOL...

TOOL           VERSION  PATH
tinygo         0.41.1   not installed
viceroy        0.22.0   not installed
engine         26.7.3   ` + engine + `
golangci-lint  2.8.0    not installed
fastly         16.1.0   not installed
chromium       153.0.0  not installed
`,
		},
		{name: "paths alone on stdout", args: []string{"engine", "engine"}, stdout: engine + "\n" + engine + "\n"},
		{
			name: "an unknown name stops all", args: []string{"engine", "engin"}, code: 2,
			stderr: "engin: no such tool\nTry: one of tinygo, viceroy, engine, golangci-lint, fastly, chromium\n",
		},
		{
			name: "a missing installer", args: []string{"engine", "fastly"}, code: 1, stdout: engine + "\n",
			stderr: "fastly: npm is needed to fetch it and is not on PATH\n" +
				"Try: install Node.js >= 18, or put fastly >= 16.1.0 on PATH\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(context.Background(), test.args, &stdout, &stderr); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if stdout.String() != test.stdout {
				t.Errorf("stdout:\n%swant:\n%s", stdout.String(), test.stdout)
			}
			if stderr.String() != test.stderr {
				t.Errorf("stderr:\n%swant:\n%s", stderr.String(), test.stderr)
			}
		})
	}
}

func TestInterruptedRunExitsWith130(t *testing.T) {
	isolate(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stdout, stderr bytes.Buffer
	if code := run(ctx, []string{"fastly"}, &stdout, &stderr); code != 130 {
		t.Errorf("exit code %d, want 130; stderr: %s", code, stderr.String())
	}
}
