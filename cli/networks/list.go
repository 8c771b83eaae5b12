package networks

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/networks"
)

type listOptions struct {
	app          *app.App
	networksFile string
	asnFile      string
}

func newListCmd(a *app.App, run func(*listOptions) error) *cobra.Command {
	o := &listOptions{app: a}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the network lists, with their size and date",
		Long: `Lists the files in $GLINT_HOME/networks, and the operator's file and the database if they are given, with their dates.
On stderr it names the clients that cannot be recognized because a list is missing. It changes nothing.`,
		Example: "  glint networks list\n  glint networks list --networks networks.csv",
		Args:    app.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return run(o) },
	}
	cmd.Flags().StringVar(&o.networksFile, "networks", "", "the operator's file, as for glint up")
	cmd.Flags().StringVar(&o.asnFile, "asn-db", "", "the database, as for glint up")
	return cmd
}

func runList(o *listOptions) error {
	home := string(o.app.Home)
	var fault error
	sources, err := networks.OpenSources(networks.Files{Operator: o.networksFile, Home: home, ASNs: o.asnFile}, nil,
		func(_ string, err error) { fault = err })
	if err = errors.Join(err, fault); err != nil {
		return err
	}
	book := sources.Book()
	dates := book.Dates()
	t := output.NewTable("LIST", "PREFIXES", "DATE", "FILE").AlignRight(1)
	row := func(source string, prefixes, file string) {
		t.Row(source, prefixes, dates[source].Format(time.RFC3339), file)
	}
	if book.Operator != nil {
		row(networks.SourceOperator, strconv.Itoa(len(book.Operator.Rows())), o.networksFile)
	}
	if book.Relay != nil {
		row(networks.SourceRelay, strconv.Itoa(book.Relay.Prefixes()), networks.RelayFile(home))
	}
	if book.ASNs != nil {
		row(networks.SourceASNs, asnSize(book.ASNs), cmp.Or(o.asnFile, networks.ASNFile(home)))
	}
	for _, what := range book.Untold() {
		fmt.Fprintln(o.app.Err, "note:", what)
	}
	return t.Write(o.app.Out)
}

// asnSize returns the number of ranges in a list of AS numbers; a database does not have the number.
func asnSize(d *networks.ASNs) string {
	if n := d.Ranges(); n > 0 {
		return strconv.Itoa(n)
	}
	return "–"
}
