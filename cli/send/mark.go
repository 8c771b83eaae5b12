package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/sends"
	"glint/ingest/sheet"
	"glint/ingest/warehouse"
)

type markOptions struct {
	app        *app.App
	campaign   string
	recipients []string
	messages   []string
	file       string
	test       warehouse.Test
	tracking   warehouse.Tracking
	dryRun     bool
	dsn        string
}

func newMarkCmd(a *app.App, run func(context.Context, *markOptions) error) *cobra.Command {
	o := &markOptions{app: a}
	cmd := &cobra.Command{
		Use:   "mark",
		Short: "Make registered messages tests, or measure less of them",
		Long: `Changes registered messages of a campaign, named by recipient, by message id, or by a table with a column recipient or
message_id. --test makes them tests: they and their opens are kept and count nowhere; --test=false takes that back.
--tracking narrows how much of them is measured; it never becomes more again. Everything else of the messages stays.
Each change counts at once, also in reports of the past.`,
		Example: "  glint send mark --campaign spring --recipient qa@example.com --test\n" +
			"  glint send mark --campaign spring --file objections.csv --tracking off",
		Args: app.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&o.campaign, "campaign", "", "campaign of the messages (required)")
	f.StringArrayVar(&o.recipients, "recipient", nil, "recipient of a message; repeatable")
	f.StringArrayVar(&o.messages, "message", nil, "id of a message; repeatable")
	f.StringVar(&o.file, "file", "", "table with a column recipient or message_id; - is stdin")
	test := f.Bool("test", false, "make the messages tests; --test=false makes them count")
	tracking := app.ChoiceFlag(cmd, "tracking", "what may be known of the messages at most", strings.Split(warehouse.TrackingModes, ", ")...)
	f.BoolVar(&o.dryRun, "dry-run", false, "count the messages, change nothing")
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.tracking, _ = warehouse.ParseTracking(tracking.String()) // the flag admits no other names
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
	if len(o.recipients)+len(o.messages) == 0 && o.file == "" {
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
	w, err := o.app.OpenWarehouse(ctx, o.dsn, app.OwnDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	campaign, err := w.CampaignNamed(ctx, o.campaign)
	if errors.Is(err, warehouse.ErrNoCampaign) {
		return o.app.NoCampaign(ctx, w, o.campaign)
	}
	if err != nil {
		return err
	}
	m := warehouse.Marking{CampaignID: campaign.ID, Test: o.test, Tracking: o.tracking}
	missing, err := o.find(ctx, w, &m)
	if err != nil {
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

// find fills in the messages, each once, and returns how many recipients have none.
func (o *markOptions) find(ctx context.Context, w *warehouse.Warehouse, m *warehouse.Marking) (missing int, err error) {
	ids := map[uuid.UUID]bool{}
	for _, text := range o.messages {
		id, err := uuid.Parse(strings.TrimSpace(text))
		if err != nil {
			return 0, errors.New("a message id is not a UUID: nothing was changed")
		}
		ids[id] = true
	}
	hasher, err := w.RecipientHasher(ctx)
	if err != nil {
		return 0, err
	}
	keys := map[warehouse.RecipientKey]bool{}
	for i, recipient := range o.recipients {
		normal, err := sends.Normalize(recipient)
		if err != nil {
			return 0, fmt.Errorf("recipient %d of %d: %w: nothing was changed", i+1, len(o.recipients), err)
		}
		keys[hasher.Key(normal)] = true
	}
	var wanted []warehouse.RecipientKey
	for key := range keys {
		wanted = append(wanted, key)
	}
	found, err := w.MessagesTo(ctx, m.CampaignID, wanted)
	if err != nil {
		return 0, err
	}
	for _, id := range found {
		ids[id] = true
	}
	for id := range ids {
		m.Messages = append(m.Messages, id)
	}
	return len(wanted) - len(found), nil
}

// readFile reads recipients and message ids from the table.
func (o *markOptions) readFile(ctx context.Context) error {
	if o.file == "" {
		return nil
	}
	in := app.Interruptible(ctx, o.app.In)
	if o.file != "-" {
		f, err := os.Open(o.file)
		if err != nil {
			return fmt.Errorf("open messages: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	table, err := sheet.Open(in, sheet.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = table.Close() }()
	columns := map[string]int{}
	for i, name := range table.Header {
		columns[strings.ToLower(strings.TrimSpace(name))] = i
	}
	message, byMessage := columns["message_id"]
	recipient, byRecipient := columns["recipient"]
	if !byMessage && !byRecipient {
		return errors.New("the table has neither a column recipient nor message_id: nothing was changed")
	}
	for {
		row, err := table.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%w: nothing was changed", err)
		case byMessage && strings.TrimSpace(row.Cells[message]) != "":
			o.messages = append(o.messages, row.Cells[message])
		case byRecipient:
			o.recipients = append(o.recipients, row.Cells[recipient])
		}
	}
}
