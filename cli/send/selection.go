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
	"glint/ingest/sends"
	"glint/ingest/sheet"
	"glint/ingest/warehouse"
)

// selection names registered messages of a campaign.
type selection struct {
	app        *app.App
	campaign   string
	recipients []string
	messages   []string
	file       string
}

func (s *selection) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.campaign, "campaign", "", "campaign of the messages (required)")
	f.StringArrayVar(&s.recipients, "recipient", nil, "recipient of a message; repeatable")
	f.StringArrayVar(&s.messages, "message", nil, "id of a message; repeatable")
	f.StringVar(&s.file, "file", "", "table with a column recipient or message_id; - is stdin")
}

func (s *selection) empty() bool { return len(s.recipients)+len(s.messages) == 0 && s.file == "" }

// open returns the warehouse and the campaign.
func (s *selection) open(ctx context.Context, dsn string) (*warehouse.Warehouse, warehouse.Campaign, error) {
	w, err := s.app.OpenWarehouse(ctx, dsn, app.OwnDatabase)
	if err != nil {
		return nil, warehouse.Campaign{}, err
	}
	campaign, err := w.CampaignNamed(ctx, s.campaign)
	if errors.Is(err, warehouse.ErrNoCampaign) {
		err = s.app.NoCampaign(ctx, w, s.campaign)
	}
	if err != nil {
		_ = w.Close()
		return nil, campaign, err
	}
	return w, campaign, nil
}

// find returns the messages without duplicates, and the number of recipients without a message.
func (s *selection) find(ctx context.Context, w *warehouse.Warehouse, campaign uint64) (messages []uuid.UUID, missing int, err error) {
	ids := map[uuid.UUID]bool{}
	for _, text := range s.messages {
		id, err := uuid.Parse(strings.TrimSpace(text))
		if err != nil {
			return nil, 0, errors.New("a message id is not a UUID: nothing was changed")
		}
		ids[id] = true
	}
	hasher, err := w.RecipientHasher(ctx)
	if err != nil {
		return nil, 0, err
	}
	keys := map[warehouse.RecipientKey]bool{}
	for i, recipient := range s.recipients {
		normal, err := sends.Normalize(recipient)
		if err != nil {
			return nil, 0, fmt.Errorf("recipient %d of %d: %w: nothing was changed", i+1, len(s.recipients), err)
		}
		keys[hasher.Key(normal)] = true
	}
	var wanted []warehouse.RecipientKey
	for key := range keys {
		wanted = append(wanted, key)
	}
	found, err := w.MessagesTo(ctx, campaign, wanted)
	if err != nil {
		return nil, 0, err
	}
	for _, id := range found {
		ids[id] = true
	}
	for id := range ids {
		messages = append(messages, id)
	}
	return messages, len(wanted) - len(found), nil
}

// readFile reads recipients and message ids from the table.
func (s *selection) readFile(ctx context.Context) error {
	if s.file == "" {
		return nil
	}
	in := app.Interruptible(ctx, s.app.In)
	if s.file != "-" {
		f, err := os.Open(s.file)
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
			s.messages = append(s.messages, row.Cells[message])
		case byRecipient:
			s.recipients = append(s.recipients, row.Cells[recipient])
		}
	}
}
