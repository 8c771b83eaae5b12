package listing

import (
	"context"
	"errors"
	"strconv"

	"github.com/google/uuid"

	"glint/cli/internal/app"
	"glint/ingest/warehouse"
)

// Options configure a list of messages.
type Options struct {
	App      *app.App
	Campaign string
	List     warehouse.List
	Format   string
	DSN      string
}

// Field is a column of a list of messages, after the recipient and the kept
// columns.
type Field struct {
	Column
	Cell func(*warehouse.ListedMessage) string
}

// The fields that lists are made of.
var (
	MessageID   = Field{Column{"message_id", Text}, messageID}
	State       = Field{Column{"state", Text}, (*warehouse.ListedMessage).State}
	Tracking    = Field{Column{"tracking", Text}, func(m *warehouse.ListedMessage) string { return m.Tracking.String() }}
	SentAt      = Field{Column{"sent_at", Time}, func(m *warehouse.ListedMessage) string { return At(m.SentAt) }}
	Opens       = Field{Column{"opens", Number}, func(m *warehouse.ListedMessage) string { return strconv.FormatUint(uint64(m.Opens), 10) }}
	FirstOpenAt = Field{Column{"first_open_at", Time}, func(m *warehouse.ListedMessage) string { return At(m.FirstOpenAt) }}
	LastOpenAt  = Field{Column{"last_open_at", Time}, func(m *warehouse.ListedMessage) string { return At(m.LastOpenAt) }}

	FirstReliableOpenAt = Field{Column{"first_reliable_open_at", Time}, func(m *warehouse.ListedMessage) string { return At(m.FirstReliableOpenAt) }}
	LastReliableOpenAt  = Field{Column{"last_reliable_open_at", Time}, func(m *warehouse.ListedMessage) string { return At(m.LastReliableOpenAt) }}
)

func messageID(m *warehouse.ListedMessage) string {
	if m.MessageID == uuid.Nil {
		return ""
	}
	return m.MessageID.String()
}

// Print prints a list of messages: the recipient, the columns kept at
// registration, then the fields. A kept column whose name is taken is prefixed
// with kept_.
//
// The opens of a pseudonymous message must not be shown with its recipient: a
// list by opens shows such a message without its recipient, and the list of all
// shows its recipient without message and opens.
func Print(ctx context.Context, o *Options, fields ...Field) error {
	w, err := o.App.OpenWarehouse(ctx, o.DSN, app.OwnDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	id, err := w.CampaignID(ctx, o.Campaign)
	if errors.Is(err, warehouse.ErrNoCampaign) {
		return o.App.NoCampaign(ctx, w, o.Campaign)
	}
	if err != nil {
		return err
	}
	var out Writer
	var cells []string
	begin := func(kept []string) error {
		out = New(o.App.Out, o.Format, columns(kept, fields))
		return nil
	}
	err = w.Messages(ctx, id, o.List, begin, func(m *warehouse.ListedMessage) error {
		Part(m, o.List)
		cells = append(append(cells[:0], m.Recipient), m.Kept...)
		for i := range fields {
			cells = append(cells, fields[i].Cell(m))
		}
		return out.Row(cells)
	})
	if err != nil {
		return err
	}
	return out.End()
}

// Part separates the recipient of a pseudonymous message from its opens.
func Part(m *warehouse.ListedMessage, list warehouse.List) {
	if m.Tracking != warehouse.Pseudonymous {
		return
	}
	if list != warehouse.AllMessages {
		m.Recipient = ""
		clear(m.Kept)
		return
	}
	*m = warehouse.ListedMessage{
		Recipient: m.Recipient, Kept: m.Kept, Tracking: m.Tracking, SentAt: m.SentAt, Test: m.Test, Bounced: m.Bounced,
	}
}

func columns(kept []string, fields []Field) []Column {
	all := []Column{{"recipient", Text}}
	taken := map[string]bool{"recipient": true}
	for _, f := range fields {
		taken[f.Name] = true
	}
	for _, name := range kept {
		for taken[name] {
			name = "kept_" + name
		}
		taken[name] = true
		all = append(all, Column{name, Text})
	}
	for _, f := range fields {
		all = append(all, f.Column)
	}
	return all
}
