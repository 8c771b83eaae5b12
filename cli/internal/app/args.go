package app

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// UsageOf returns an error about the command line of cmd, with its usage line.
func UsageOf(cmd *cobra.Command, err error) error {
	return &ExitError{Code: ExitUsage, Err: err, Try: cmd.CommandPath() + " --help"}
}

// NoArgs refuses arguments.
func NoArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return UsageOf(cmd, fmt.Errorf("unknown argument %q", args[0]))
	}
	return nil
}

// OneArg requires exactly one argument, which messages call name.
func OneArg(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return UsageOf(cmd, fmt.Errorf("want one argument, the %s", name))
		}
		return nil
	}
}

// AtMostOneArg allows one argument, which messages call name.
func AtMostOneArg(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return UsageOf(cmd, fmt.Errorf("want at most one argument, the %s", name))
		}
		return nil
	}
}

// Group is a command that only has subcommands.
func Group(cmd *cobra.Command, sub ...*cobra.Command) *cobra.Command {
	var names []string
	for _, s := range sub {
		names = append(names, s.Name())
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return UsageOf(cmd, fmt.Errorf("unknown command %q; want %s", args[0], oneOf(names)))
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return UsageOf(cmd, errors.New("want "+oneOf(names)))
	}
	cmd.AddCommand(sub...)
	return cmd
}

// oneOf joins names as "a, b or c".
func oneOf(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
