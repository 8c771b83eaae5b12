package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"glint/cli/internal/output"
)

// commandTimeout bounds one command of the Fastly CLI.
const commandTimeout = time.Minute

// cli runs the Fastly CLI. It passes the environment without glint's variables:
// they hold secrets that the CLI does not need.
type cli struct {
	path string
	say  io.Writer // receives each command that changes something
}

// change runs a command that changes something, and prints it first.
func (c *cli) change(ctx context.Context, args ...string) ([]byte, error) {
	fmt.Fprintln(c.say, "fastly", quoteAll(args))
	return c.run(ctx, nil, args...)
}

// send is change for a command that reads a secret on stdin, so that no process list shows it.
func (c *cli) send(ctx context.Context, secret string, args ...string) error {
	fmt.Fprintln(c.say, "fastly", quoteAll(args))
	_, err := c.run(ctx, strings.NewReader(secret), args...)
	return err
}

// list runs a command that lists objects as JSON, and decodes them into a slice.
func (c *cli) list(ctx context.Context, into any, args ...string) error {
	out, err := c.run(ctx, nil, append(args, "--json")...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("read the answer of fastly %s: %w", args[0], err)
	}
	return nil
}

func (c *cli) run(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Env = withoutOurs(os.Environ())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("fastly %s: %w", strings.Join(verbs(args), " "), explained(err, stderr.String()))
	}
	return stdout.Bytes(), nil
}

// explained returns err with the CLI's own message in place of its exit code.
func explained(err error, stderr string) error {
	for line := range strings.Lines(stderr) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "ERROR: "); ok {
			return errors.New(output.Safe(text))
		}
	}
	return err
}

// verbs returns the words before the first flag.
func verbs(args []string) []string {
	for i, a := range args {
		if strings.HasPrefix(a, "-") {
			return args[:i]
		}
	}
	return args
}

func withoutOurs(environment []string) (kept []string) {
	for _, v := range environment {
		if !strings.HasPrefix(v, "GLINT_") {
			kept = append(kept, v)
		}
	}
	return kept
}

func quoteAll(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = quote(a)
	}
	return strings.Join(quoted, " ")
}
