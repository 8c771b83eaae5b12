package networks

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/app"
	"glint/cli/output"
	"glint/ingest/networks"
)

func newListCmd(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the lists, with their size and date",
		Long:    "Lists what is in $GLINT_HOME/networks. It changes nothing.",
		Example: "  glint networks list",
		Args:    app.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runList(a) },
	}
}

func runList(a *app.App) error {
	lists, err := networks.ReadLists(string(a.Home))
	if err != nil {
		return err
	}
	t := output.NewTable("LIST", "PREFIXES", "TAKEN AT", "FILE").AlignRight(1)
	if r := lists.Relay; r != nil {
		t.Row("apple_relay", strconv.Itoa(r.Prefixes()), r.TakenAt.Format(time.RFC3339), networks.RelayFile(string(a.Home)))
	}
	return t.Write(a.Out)
}
