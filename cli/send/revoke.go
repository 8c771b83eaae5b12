package send

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
)

type revokeOptions struct {
	selection

	registration uint64
	dryRun       bool
	dsn          string
}

func newRevokeCmd(a *app.App, run func(context.Context, *revokeOptions) error) *cobra.Command {
	o := &revokeOptions{selection: selection{app: a}}
	cmd := &cobra.Command{
		Use:   "revoke",
		Short: "Revoke the registration of messages that were never sent",
		Long: `Removes registered messages from every rate, also in reports about the past: the messages of a whole registration, as glint
send list shows it, or messages named by recipient, by message id, or by a table with a column recipient or message_id.
Their rows and opens are kept; the opens count like opens of unregistered messages. Registering the messages again undoes
it. To reduce the tracking of a sent message, see glint send mark; to delete a person's data, see glint person.`,
		Example: "  glint send revoke --campaign spring --recipient qa@example.com\n" +
			"  glint send revoke --campaign spring --file never-sent.csv --dry-run",
		Args: app.NoArgs,
	}
	o.flags(cmd)
	cmd.Flags().Uint64Var(&o.registration, "registration", 0, "id of a registration: select all of its messages")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "print the number of messages, and change nothing")
	app.WarehouseFlag(cmd, &o.dsn)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var faults []error
		if o.campaign == "" {
			faults = append(faults, errors.New("--campaign is missing"))
		}
		if o.empty() == (o.registration == 0) {
			faults = append(faults, errors.New("want either --registration, or --recipient, --message or --file"))
		}
		if err := errors.Join(faults...); err != nil {
			return app.UsageOf(cmd, err)
		}
		return run(cmd.Context(), o)
	}
	return cmd
}

func runRevoke(ctx context.Context, o *revokeOptions) error {
	if err := o.readFile(ctx); err != nil {
		return err
	}
	w, campaign, err := o.open(ctx, o.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	var messages []uuid.UUID
	missing := 0
	if o.registration == 0 {
		if messages, missing, err = o.find(ctx, w, campaign.ID); err != nil {
			return err
		}
	}
	registered, counted, err := w.RevokeSends(ctx, campaign.ID, messages, o.registration, o.dryRun)
	if err != nil {
		return err
	}
	if o.registration == 0 {
		missing += len(messages) - int(registered)
	} else if registered == 0 {
		return app.Try(fmt.Errorf("the campaign %s has no message of registration %d", output.Quote(campaign.Name), o.registration),
			"glint send list --campaign "+output.Quote(campaign.Name))
	}
	verb := "revoked"
	if o.dryRun {
		verb = "would revoke"
	}
	fmt.Fprintf(o.app.Err, "%s %s of campaign %q; %s not counted before\n", verb, output.Plural(int(counted), "message", "messages"),
		campaign.Name, output.Plural(int(registered-counted), "was", "were"))
	if missing > 0 {
		return fmt.Errorf("%s not registered in the campaign", output.Plural(missing, "message is", "messages are"))
	}
	return nil
}
