// Package help is `glint help`, with its pages on topics.
package help

import (
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
)

// NewExitCodesCmd returns the page `glint help exit-codes`.
func NewExitCodesCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean",
		Args:  app.NoArgs,
		Long: `glint ends with one of these codes:

    0  done, also if there was nothing to show
    1  failed; stderr has the reason and what to try
    2  the command line or the configuration is wrong
    3  a check found a problem, for example pending migrations
  130  interrupted`,
	}
}
