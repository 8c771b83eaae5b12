package ignore

import (
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
)

func newListCmd(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the ignored networks and user agents",
		Long:    "Lists the entries of $GLINT_HOME/ignore.txt. It changes nothing.",
		Example: "  glint ignore list\n  glint ignore list --format json",
		Args:    app.NoArgs,
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	cmd.RunE = func(*cobra.Command, []string) error {
		list, err := a.Home.ReadIgnored()
		if err != nil {
			return err
		}
		return output.WriteRows(a.Out, format.String(), list.Entries())
	}
	return cmd
}
