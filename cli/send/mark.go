package send

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

type markOptions struct {
	selection

	test     warehouse.Test
	tracking warehouse.Tracking
	dryRun   bool
	dsn      string
}

func newMarkCmd(a *app.App, run func(context.Context, *markOptions) error) *cobra.Command {
	o := &markOptions{selection: selection{app: a}}
	cmd := &cobra.Command{
		Use:   "mark",
		Short: "Mark registered messages as tests, or reduce their tracking",
		Long: `Changes registered messages of a campaign, named by recipient, by message id, or by a table with a column recipient or
message_id. --test marks them as tests: they and their opens are kept but count nowhere; --test=false undoes that.
--tracking lowers their tracking mode; it can never be raised again. The lower mode also applies to mail that was already
sent: to its stored opens and to its later ones. Everything else of the messages stays. Each change applies at once, also to
reports about the past.`,
		Example: "  glint send mark --campaign spring --recipient qa@example.com --test\n" +
			"  glint send mark --campaign spring --file objections.csv --tracking off",
		Args: app.NoArgs,
	}
	o.flags(cmd)
	f := cmd.Flags()
	test := f.Bool("test", false, "mark the messages as tests; --test=false makes them count")
	tracking := app.ChoiceFlag(cmd, "tracking", "highest tracking mode of the messages", strings.Split(warehouse.TrackingModes, ", ")...)
	f.BoolVar(&o.dryRun, "dry-run", false, "print the number of messages, and change nothing")
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.tracking, _ = warehouse.ParseTracking(tracking.String()) // the flag accepts no other names
		if cmd.Flags().Changed("test") {
			o.test = warehouse.TestNo
			if *test {
				o.test = warehouse.TestYes
			}
		}
		if err := o.check(); err != nil {
			return app.UsageOf(cmd, err)
		}
		return run(cmd.Context(), o)
	}
	return cmd
}

func (o *markOptions) check() error {
	var faults []error
	if o.campaign == "" {
		faults = append(faults, errors.New("--campaign is missing"))
	}
	if o.empty() {
		faults = append(faults, errors.New("no message is named: want --recipient, --message or --file"))
	}
	if o.test == warehouse.TestUnsaid && o.tracking == warehouse.Identified {
		faults = append(faults, errors.New("there is nothing to change: want --test or --tracking"))
	}
	return errors.Join(faults...)
}

func runMark(ctx context.Context, o *markOptions) error {
	if err := o.readFile(ctx); err != nil {
		return err
	}
	w, campaign, err := o.open(ctx, o.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	settings, err := o.app.Home.ConsentSettings()
	if err != nil {
		return err
	}
	m := warehouse.Marking{CampaignID: campaign.ID, Test: o.test, Tracking: o.tracking, Withdrawn: settings.Fate()}
	missing := 0
	if m.Messages, missing, err = o.find(ctx, w, campaign.ID); err != nil {
		return err
	}
	registered, changed, err := w.MarkSends(ctx, m, o.dryRun)
	if err != nil {
		return err
	}
	missing += len(m.Messages) - int(registered)
	verb := "changed"
	if o.dryRun {
		verb = "would change"
	}
	fmt.Fprintf(o.app.Err, "%s %s of campaign %q; %s so already\n", verb, output.Plural(int(changed), "message", "messages"),
		campaign.Name, output.Plural(int(registered-changed), "was", "were"))
	if missing > 0 {
		return fmt.Errorf("%s not registered in the campaign", output.Plural(missing, "message is", "messages are"))
	}
	return nil
}
