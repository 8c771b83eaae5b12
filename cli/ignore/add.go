package ignore

import (
	"fmt"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/ignore"
)

func newAddCmd(a *app.App, run func(*cobra.Command, *options) error) *cobra.Command {
	o := &options{app: a}
	cmd := &cobra.Command{
		Use:   "add [NETWORK ...]",
		Short: "Ignore opens from a network or with a user agent",
		Long: `Adds entries to $GLINT_HOME/ignore.txt. A NETWORK is an address or a CIDR prefix. The edge keeps the /24 of an IPv4
address and the /48 of an IPv6 address, unless --ip-precision says otherwise, so a narrower network is refused: it would
never match. If the pixel keeps full addresses, --full-addresses allows it. If the pixel keeps none, no network matches.

A user agent is compared exactly. An entry that would ignore the opens of many other people, such as a network wider than
/16 (IPv6: /32) or "Mozilla", is refused without --force. Earlier opens keep their class.`,
		Example: "  glint ignore add 203.0.113.0/24 2001:db8:1::/48\n  glint ignore add --user-agent-contains AcmePreview",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.networks = args
			return run(cmd, o)
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.force, "force", false, "allow entries that would ignore the opens of many other people")
	cmd.Flags().BoolVar(&o.fullAddresses, "full-addresses", false, "allow narrow networks, for a pixel that keeps full addresses")
	return cmd
}

func runAdd(cmd *cobra.Command, o *options) error {
	entries, err := o.entries()
	if err != nil {
		return app.UsageOf(cmd, err)
	}
	for _, e := range entries {
		if err := o.refuse(cmd, e); err != nil {
			return err
		}
	}
	return o.apply(func(list *ignore.List) (after []ignore.Entry, note string, err error) {
		after = list.Entries()
		known := 0
		for _, e := range entries {
			if list.Has(e) {
				known++
				continue
			}
			after = append(after, e)
		}
		note = output.Plural(len(entries)-known, "entry", "entries") + o.done(" added")
		if known > 0 {
			note += fmt.Sprintf(", %d had been there", known)
		}
		return after, note, nil
	})
}

// refuse returns an error if the entry should not be added.
func (o *options) refuse(cmd *cobra.Command, e ignore.Entry) error {
	if kept, narrower := e.Kept(); narrower && !o.fullAddresses {
		return app.UsageTry(fmt.Errorf("%s would never match: the edge keeps %s of an address (--full-addresses if yours keeps the whole)", e.Value, kept),
			cmd.CommandPath()+" "+kept.String())
	}
	if why := e.Broad(); why != "" && !o.force {
		return app.UsageTry(fmt.Errorf("too broad: %s", why), "a narrower one, or --force")
	}
	return nil
}
