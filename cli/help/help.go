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
		Use:     "help [COMMAND]",
		Short:   "Explain a command",
		Long:    "Prints what a command does and how it is called, as --help does. It changes nothing.",
		Example: "  glint help send register\n  glint help exit-codes",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return app.UsageTry(fmt.Errorf("there is no help on %q", strings.Join(args, " ")), cmd.Root().Name()+" --help")
			}
			about.InitDefaultHelpFlag() // so that the page shows it
			return about.Help()
		},
	}
}
