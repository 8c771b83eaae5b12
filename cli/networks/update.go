package networks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/networks"
)

type updateOptions struct {
	app       *app.App
	from      string
	dryRun    bool
	address   string            // of Apple's list
	transport http.RoundTripper // nil: the usual one
	now       func() time.Time
}

func newUpdateCmd(a *app.App, run func(context.Context, *updateOptions) error) *cobra.Command {
	o := &updateOptions{app: a, address: networks.RelayURL, now: time.Now}
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Fetch Apple's list of its relay's addresses",
		Long: `Fetches Apple's list over https, or reads it from a file, checks it, and puts it with its date into
$GLINT_HOME/networks/apple-relay.csv. A faulty list changes nothing. A running glint takes it with
the next open; opens before stay as they were judged.`,
		Example: "  glint networks update\n  glint networks update --from egress-ip-ranges.csv",
		Args:    app.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.from, "from", "", "read the list from this file")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "check the list and change nothing")
	return cmd
}

func runUpdate(ctx context.Context, o *updateOptions) error {
	list, at, err := o.read(ctx)
	if err != nil {
		return err
	}
	if o.dryRun {
		relay, err := networks.CheckRelay(list)
		if err != nil {
			return faultyList(err)
		}
		fmt.Fprintf(o.app.Err, "%s could be kept; nothing was changed (--dry-run)\n", output.Plural(relay.Prefixes(), "prefix", "prefixes"))
		return nil
	}
	if err := o.app.Home.Make(); err != nil {
		return err
	}
	relay, err := networks.SaveRelay(string(o.app.Home), list, at)
	if err != nil {
		return faultyList(err)
	}
	fmt.Fprintf(o.app.Err, "kept %s of %s\n", output.Plural(relay.Prefixes(), "prefix", "prefixes"), output.Time(&relay.TakenAt))
	_, err = fmt.Fprintln(o.app.Out, networks.RelayFile(string(o.app.Home)))
	return err
}

// faultyList says where a good list is, if that is what is wrong.
func faultyList(err error) error {
	if errors.Is(err, networks.ErrFile) {
		return app.Try(err, "the list as it is at "+networks.RelayURL)
	}
	return err
}

func (o *updateOptions) read(ctx context.Context) (list []byte, at time.Time, err error) {
	if o.from != "" {
		return networks.ReadListFile(o.from)
	}
	fmt.Fprintln(o.app.Err, "fetching", o.address)
	list, err = networks.Fetch(ctx, o.transport, o.address)
	if err != nil && !errors.Is(err, context.Canceled) {
		err = app.Try(err, "fetch the list by other means, then: glint networks update --from FILE")
	}
	return list, o.now(), err
}
