// Package explain is `glint explain`: every event of a message, and why it counts
// or not.
package explain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/edge/token"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// Options are the parsed arguments and flags: a campaign and a recipient, or one of
// the others.
type Options struct {
	App                 *app.App
	Campaign, Recipient string
	Token               string
	Message             string
	Event               string
	Format              string
	DSN                 string
}

// NewCmd returns the command, which calls run with the parsed options; a nil run
// stands for the real one.
func NewCmd(a *app.App, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = Run
	}
	o := &Options{App: a}
	cmd := &cobra.Command{
		Use:   "explain [CAMPAIGN RECIPIENT]",
		Short: "Explain the events of a message, and why each counts or not",
		Long: "Prints every event of a recipient's messages in a campaign, in order of time: the registration, the sender's events,\n" +
			"and each request of the pixel with the rule that classified it, whether it counts as an open by a person, and why. A\n" +
			"message can also be named by its token, its id, or the id of one of its events. It changes nothing, and needs the\n" +
			"warehouse's own user. The output is personal data.",
		Example: "  glint explain spring ada@example.com\n  glint explain spring ada@example.com --format json",
	}
	cmd.Flags().StringVar(&o.Token, "token", "", "token of a pixel URL, or the URL")
	cmd.Flags().StringVar(&o.Message, "message", "", "id of a message")
	cmd.Flags().StringVar(&o.Event, "event", "", "id of an event: 32 hex digits, or the number in opens.event_id")
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	app.WarehouseFlag(cmd, &o.DSN)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		given := 0
		for _, text := range []string{o.Token, o.Message, o.Event} {
			if text != "" {
				given++
			}
		}
		if len(args) == 2 && args[0] != "" && args[1] != "" {
			o.Campaign, o.Recipient = args[0], args[1]
			given++
		}
		if given != 1 || len(args) != 0 && len(args) != 2 {
			return app.UsageOf(cmd, errors.New("want a campaign and a recipient, or one of --token, --message and --event"))
		}
		o.Format = format.String()
		return run(cmd.Context(), o)
	}
	return cmd
}

// Run finds the messages and explains them.
func Run(ctx context.Context, o *Options) error {
	w, err := o.App.OpenWarehouse(ctx, o.DSN, app.OwnDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	refs, bad, err := find(ctx, w, o)
	if err != nil {
		return err
	}
	var all []explained
	for _, e := range bad {
		all = append(all, explained{events: []Event{explainBadToken(e)}})
	}
	for _, ref := range refs {
		facts, err := w.MessageFacts(ctx, ref)
		if err != nil {
			return err
		}
		if !facts.IsStored && len(facts.Events) == 0 {
			return errors.New("there is no message of that id, and no event of it")
		}
		hide := o.Recipient != "" && facts.Tracking == warehouse.Pseudonymous
		all = append(all, explainMessage(facts, hide))
	}
	letters, err := deadLetters(o, refs)
	if err != nil {
		return err
	}
	if len(letters) > 0 {
		all = append(all, explained{events: letters})
	}
	if o.Format == "json" {
		return writeJSON(o.App.Out, all)
	}
	return writeText(o.App.Out, all)
}

// find returns the requested messages, and the requests with a bad token.
func find(ctx context.Context, w *warehouse.Warehouse, o *Options) ([]warehouse.MessageRef, []warehouse.MessageEvent, error) {
	switch {
	case o.Token != "":
		return findToken(ctx, w, o)
	case o.Message != "":
		id, err := uuid.Parse(o.Message)
		if err != nil {
			return nil, nil, app.Usage(errors.New("--message must be a UUID"))
		}
		ref, err := w.MessageNamed(ctx, id)
		return []warehouse.MessageRef{ref}, nil, err
	case o.Event != "":
		return findEvent(ctx, w, o.Event)
	}
	id, err := w.CampaignID(ctx, o.Campaign)
	if errors.Is(err, warehouse.ErrNoCampaign) {
		return nil, nil, o.App.NoCampaign(ctx, w, o.Campaign)
	}
	if err != nil {
		return nil, nil, err
	}
	recipient, err := sends.Normalize(o.Recipient)
	if err != nil {
		return nil, nil, app.Usage(err)
	}
	refs, err := w.MessagesOf(ctx, id, recipient)
	if err == nil && len(refs) == 0 {
		err = noRecipient(ctx, w, id, o.Campaign, recipient)
	}
	return refs, nil, err
}

func noRecipient(ctx context.Context, w *warehouse.Warehouse, campaign uint64, name, recipient string) error {
	err := fmt.Errorf("the campaign %s has no recipient %s", strconv.Quote(output.Safe(name)), strconv.Quote(output.Safe(recipient)))
	near, lookUpErr := w.NearRecipients(ctx, campaign, recipient)
	if lookUpErr != nil || len(near) == 0 {
		return app.Try(err, "glint recipients "+strconv.Quote(output.Safe(name)))
	}
	for i := range near {
		near[i] = strconv.Quote(output.Safe(near[i]))
	}
	return app.Try(err, "glint explain "+strconv.Quote(output.Safe(name))+" "+strings.Join(near, " or "))
}

// findToken decodes a token with the keys of the home.
func findToken(ctx context.Context, w *warehouse.Warehouse, o *Options) ([]warehouse.MessageRef, []warehouse.MessageEvent, error) {
	ring, err := o.App.Home.Keys()
	if err != nil {
		return nil, nil, err
	}
	match, fault := ring.Find(o.Token)
	if fault == nil {
		ref := warehouse.MessageRef{CampaignID: uint64(match.Campaign), MessageID: uuid.UUID(match.Message)}
		return []warehouse.MessageRef{ref}, nil, nil
	}
	bad, err := w.BadTokenEvents(ctx, tokenText(o.Token), 0)
	if err != nil {
		return nil, nil, err
	}
	if len(bad) == 0 {
		return nil, nil, app.Try(fmt.Errorf("no key of this home opens the token (%s), and no request with it is kept", faultName(fault)), "glint keys list")
	}
	return nil, bad, nil
}

// faultName returns the fault of a token in a few words.
func faultName(err error) string {
	for fault, text := range map[error]string{
		token.ErrSignature: "its signature is wrong", token.ErrUnknownKey: "its key is unknown", token.ErrRevokedKey: "its key is revoked",
		token.ErrVersion: "its version is unknown",
	} {
		if errors.Is(err, fault) {
			return text
		}
	}
	return "it does not have the form of a token"
}

func findEvent(ctx context.Context, w *warehouse.Warehouse, text string) ([]warehouse.MessageRef, []warehouse.MessageEvent, error) {
	event, err := eventKey(text)
	if err != nil {
		return nil, nil, app.Usage(err)
	}
	ref, found, err := w.MessageOfEvent(ctx, event)
	if err != nil {
		return nil, nil, err
	}
	if found {
		if ref.CampaignID == 0 { // its message may have been registered since
			ref, err = w.MessageNamed(ctx, ref.MessageID)
		}
		return []warehouse.MessageRef{ref}, nil, err
	}
	bad, err := w.BadTokenEvents(ctx, "", event)
	if err == nil && len(bad) == 0 {
		err = errors.New("there is no event of that id")
	}
	return nil, bad, err
}

// eventKey parses the id of an event, in the form of log lines or of the table opens.
func eventKey(text string) (uint64, error) {
	digits := strings.ReplaceAll(text, "-", "")
	if len(digits) == 32 {
		if n, err := strconv.ParseUint(digits[16:], 16, 64); err == nil {
			return n, nil
		}
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil && n > 0 {
		return n, nil
	}
	return 0, errors.New("--event must be 32 hex digits, or a number as in opens.event_id")
}

// sorted returns the events in order of time.
func sorted(events []Event) []Event {
	slices.SortStableFunc(events, func(a, b Event) int { return a.at.Compare(b.at) })
	return events
}
