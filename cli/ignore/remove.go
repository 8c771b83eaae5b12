package ignore

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/ignore"
)

func newRemoveCmd(a *app.App, run func(*cobra.Command, *options) error) *cobra.Command {
	o := &options{app: a}
	cmd := &cobra.Command{
		Use:   "remove [NETWORK ...]",
		Short: "Count opens from a network or with a user agent again",
		Long: `Removes entries from $GLINT_HOME/ignore.txt, named as glint ignore list shows them. If an entry does not exist, nothing
is changed. Opens that were ignored stay ignored.`,
		Example: "  glint ignore remove 203.0.113.0/24",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.networks = args
			return run(cmd, o)
		},
	}
	o.flags(cmd)
	return cmd
}

func runRemove(cmd *cobra.Command, o *options) error {
	entries, err := o.entries()
	if err != nil {
		return app.UsageOf(cmd, err)
	}
	return o.apply(func(list *ignore.List) (after []ignore.Entry, note string, err error) {
		var missing []error
		for _, e := range entries {
			if !list.Has(e) {
				missing = append(missing, fmt.Errorf("there is no entry %s %q", e.Kind, e.Value))
			}
		}
		if err := errors.Join(missing...); err != nil {
			return nil, "", app.Try(err, "glint ignore list")
		}
		before := list.Entries()
		after = slices.DeleteFunc(slices.Clone(before), func(e ignore.Entry) bool { return slices.Contains(entries, e) })
		return after, output.Plural(len(before)-len(after), "entry", "entries") + o.done(" removed"), nil
	})
}
