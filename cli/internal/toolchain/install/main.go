// Command install prints the path of each named tool, one per line, and installs
// missing ones; without arguments it lists the installed tools. See package
// toolchain for where tools come from.
//
// stdout carries the paths, stderr the progress. Exit codes: 0 done, 1 failed,
// 2 unknown tool, 130 interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"glint/cli/internal/toolchain"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || slices.ContainsFunc(args, isHelp) {
		return overview(stdout)
	}
	// A mistyped last name must not come out after minutes of work.
	for _, name := range args {
		if _, err := toolchain.Locate(name); errors.Is(err, toolchain.ErrUnknownTool) {
			return report(ctx, stderr, err)
		}
	}
	for _, name := range args {
		path, err := toolchain.Install(ctx, name, stderr)
		if err != nil {
			return report(ctx, stderr, err)
		}
		if _, err := fmt.Fprintln(stdout, path); err != nil {
			return report(ctx, stderr, err)
		}
	}
	return 0
}

func isHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

func report(ctx context.Context, stderr io.Writer, err error) int {
	_, _ = fmt.Fprintln(stderr, err)
	if detail, ok := errors.AsType[*toolchain.Error](err); ok && detail.Hint != "" {
		_, _ = fmt.Fprintln(stderr, "Try: "+detail.Hint)
	}
	switch {
	case ctx.Err() != nil:
		return 130
	case errors.Is(err, toolchain.ErrUnknownTool):
		return 2
	}
	return 1
}

func overview(stdout io.Writer) int {
	_, _ = fmt.Fprintf(stdout, "%s\n%s\n\n",
		"Prints the path of each tool named, and installs what is missing.",
		"Usage: go run ./cli/internal/toolchain/install TOOL...")
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "TOOL\tVERSION\tPATH")
	for _, tool := range toolchain.Tools() {
		path, err := toolchain.Locate(tool.Name)
		switch {
		case errors.Is(err, toolchain.ErrNotInstalled):
			path = "not installed"
		case err != nil:
			path = strings.ReplaceAll(err.Error(), "\n", " ")
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", tool.Name, tool.Version, path)
	}
	_ = table.Flush()
	return 0
}
