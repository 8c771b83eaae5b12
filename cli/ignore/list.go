package ignore

import (
	"io"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/ignore"
)

func newListCmd(a *app.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List what is ignored",
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
		if format.String() == "json" {
			return writeJSON(a.Out, list.Entries())
		}
		t := output.NewTable("KIND", "VALUE")
		for _, e := range list.Entries() {
			t.Row(string(e.Kind), e.Value)
		}
		return t.Write(a.Out)
	}
	return cmd
}

// entry is the JSON form: a contract, described in cli/JSON.md.
type entry struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

func writeJSON(w io.Writer, entries []ignore.Entry) error {
	list := []entry{}
	for _, e := range entries {
		list = append(list, entry{string(e.Kind), e.Value})
	}
	enc := output.NewJSON(w)
	enc.SetIndent("", "  ")
	return enc.Encode(list)
}
