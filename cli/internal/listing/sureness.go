package listing

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/ingest/warehouse"
)

// Sureness adds the flags --certain, --likely and --cannot-tell, one for each of lists,
// which exclude each other. It returns a function that returns the requested list: the
// first one if no flag is given.
func Sureness(cmd *cobra.Command, lists ...warehouse.List) func() (warehouse.List, error) {
	asked := make([]bool, len(lists))
	for i, list := range lists {
		_, sureness, _ := strings.Cut(string(list), "_")
		name := strings.ReplaceAll(sureness, "_", "-")
		usage := map[string]string{
			"certain": "list only certain recipients", "likely": "list likely recipients", "cannot-tell": "list undecidable recipients",
		}[name]
		if i == 0 {
			usage += " (default)"
		}
		cmd.Flags().BoolVar(&asked[i], name, false, usage)
	}
	return func() (warehouse.List, error) {
		var found []warehouse.List
		for i, list := range lists {
			if asked[i] {
				found = append(found, list)
			}
		}
		switch len(found) {
		case 0:
			return lists[0], nil
		case 1:
			return found[0], nil
		}
		return "", app.UsageOf(cmd, errors.New("want one of --certain, --likely and --cannot-tell"))
	}
}

// Complete adds the common parts of the lists of recipients to cmd: their flags, and the
// call of run. The flags of Sureness choose among lists; without lists, o.List stays.
func Complete(cmd *cobra.Command, o *Options, run func(context.Context, *Options) error, lists ...warehouse.List) *cobra.Command {
	cmd.Args = app.OneArg("campaign's name or id")
	var choose func() (warehouse.List, error)
	if len(lists) > 0 {
		choose = Sureness(cmd, lists...)
	}
	format := app.ChoiceFlag(cmd, "format", "output format", Formats...)
	app.WarehouseFlag(cmd, &o.DSN)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if choose != nil {
			if o.List, err = choose(); err != nil {
				return err
			}
		}
		o.Campaign, o.Format = args[0], format.String()
		return run(cmd.Context(), o)
	}
	return cmd
}
