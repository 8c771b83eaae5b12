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
	from      string // file of Apple's list; "": fetch it
	asnFrom   string // file of the list of AS numbers
	dryRun    bool
	address   string            // of Apple's list
	asns      []string          // of the list of AS numbers
	transport http.RoundTripper // nil: the usual one
	now       func() time.Time
}

func newUpdateCmd(a *app.App, run func(context.Context, *updateOptions) error) *cobra.Command {
	o := &updateOptions{app: a, now: time.Now}
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Fetch the lists of Apple's relay and of AS numbers",
		Long: `Fetches Apple's list of its relay's addresses and a list of AS numbers (RouteViews and DB-IP, CC BY 4.0) over https,
or reads them from files, checks them, and stores them with their date in $GLINT_HOME/networks. A faulty list, or one with
less than half of the present list's entries, is refused. With --from or --asn-from, only the named lists are read. A
running glint applies them from the next open on; earlier opens keep their class.`,
		Example: "  glint networks update\n  glint networks update --from egress-ip-ranges.csv\n  glint networks update --asn-from asn.csv",
		Args:    app.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "read Apple's list from this file: prefix,country,region,city")
	f.StringVar(&o.asnFrom, "asn-from", "", "read the list of AS numbers from this file: first,last,as_number,name or prefix,as_number,name")
	f.StringVar(&o.address, "relay-url", networks.RelayURL, "URL of Apple's list")
	f.StringSliceVar(&o.asns, "asn-url", networks.ASNURLs(), "URLs of the parts of the list of AS numbers; empty: fetch none")
	f.BoolVar(&o.dryRun, "dry-run", false, "check the lists and change nothing")
	return cmd
}

func runUpdate(ctx context.Context, o *updateOptions) error {
	if !o.dryRun {
		if err := o.app.Home.Make(); err != nil {
			return err
		}
	}
	files := o.from != "" || o.asnFrom != ""
	var faults []error
	if o.from != "" || !files {
		faults = append(faults, o.relay(ctx))
	}
	if o.asnFrom != "" || !files && len(o.asns) > 0 {
		faults = append(faults, o.asNumbers(ctx))
	}
	return firstWithAdvice(faults)
}

// firstWithAdvice returns a single fault unchanged, so that its advice is printed.
func firstWithAdvice(faults []error) error {
	var real []error
	for _, err := range faults {
		if err != nil {
			real = append(real, err)
		}
	}
	if len(real) == 1 {
		return real[0]
	}
	return errors.Join(real...)
}

func (o *updateOptions) relay(ctx context.Context) error {
	list, at, minimum, err := o.read(ctx, o.from, "--from", networks.MinRelayPrefixes, func() ([]byte, error) {
		return networks.Fetch(ctx, o.transport, o.address)
	})
	if err != nil {
		return err
	}
	if o.dryRun {
		relay, err := networks.CheckRelay(list)
		return o.checked(relay.Prefixes(), "prefix", "prefixes", err)
	}
	relay, err := networks.SaveRelay(string(o.app.Home), list, at, minimum)
	if err != nil {
		return faultyList(err, networks.RelayURL)
	}
	return o.kept(relay.Prefixes(), "prefix", "prefixes", relay.TakenAt, networks.RelayFile(string(o.app.Home)))
}

func (o *updateOptions) asNumbers(ctx context.Context) error {
	list, at, minimum, err := o.read(ctx, o.asnFrom, "--asn-from", networks.MinASNRanges, func() ([]byte, error) {
		return networks.FetchASNs(ctx, o.transport, o.asns)
	})
	if err != nil {
		return err
	}
	if o.dryRun {
		asns, err := networks.CheckASNs(list)
		return o.checked(asns.Ranges(), "range", "ranges", err)
	}
	asns, err := networks.SaveASNs(string(o.app.Home), list, at, minimum)
	if err != nil {
		return faultyList(err, "github.com/sapics/ip-location-db")
	}
	return o.kept(asns.Ranges(), "range", "ranges", asns.BuiltAt, networks.ASNFile(string(o.app.Home)))
}

func (o *updateOptions) checked(n int, one, many string, err error) error {
	if err == nil {
		fmt.Fprintf(o.app.Err, "%s could be kept; nothing was changed (--dry-run)\n", output.Plural(n, one, many))
	}
	return err
}

func (o *updateOptions) kept(n int, one, many string, at time.Time, file string) error {
	fmt.Fprintf(o.app.Err, "kept %s of %s\n", output.Plural(n, one, many), output.Time(&at))
	_, err := fmt.Fprintln(o.app.Out, file)
	return err
}

// faultyList adds the URL of a good list to err if err is about a faulty list.
func faultyList(err error, where string) error {
	if errors.Is(err, networks.ErrFile) || errors.Is(err, networks.ErrImplausible) {
		return app.Try(err, "the list as it is at "+where)
	}
	return err
}

// read returns a list from a file or its URL, the time of the list, and the minimum number of
// entries that it must have.
func (o *updateOptions) read(ctx context.Context, file, flag string, minimum int, fetch func() ([]byte, error)) ([]byte, time.Time, int, error) {
	if file != "" {
		list, at, err := networks.ReadListFile(file)
		return list, at, 0, err
	}
	what := map[string]string{"--from": o.address, "--asn-from": "the list of AS numbers"}[flag]
	fmt.Fprintln(o.app.Err, "fetching", what)
	list, err := fetch()
	if err != nil && ctx.Err() == nil {
		err = app.Try(err, "fetch the list by other means, then: glint networks update "+flag+" FILE")
	}
	return list, o.now(), minimum, err
}
