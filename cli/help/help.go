package help

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
)

// NewCmd returns `glint help`.
func NewCmd() *cobra.Command {
	return &cobra.Command{
		Use:               "help [COMMAND|TOPIC]",
		Short:             "Explain a command or a topic",
		Long:              "Prints the description and usage of a command, as --help does, or a page on a topic. It changes nothing.",
		ValidArgsFunction: complete,
		Example:           "  glint help send register\n  glint help estimates\n  glint help exit-codes",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 || about.Hidden {
				return app.UsageTry(fmt.Errorf("there is no help on %q", strings.Join(args, " ")), cmd.Root().Name()+" --help")
			}
			about.InitDefaultHelpFlag() // so that the page lists the flag
			return about.Help()
		},
	}
}

// complete returns the commands and topics that begin with begun, for shell completion.
func complete(cmd *cobra.Command, args []string, begun string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
	about, _, err := cmd.Root().Find(args)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, c := range about.Commands() {
		if strings.HasPrefix(c.Name(), begun) && !c.Hidden {
			names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
