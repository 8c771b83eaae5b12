package send

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/sends"
	"glint/ingest/warehouse"
)

// Message is the answer of glint send show. It is a contract, described in
// cli/JSON.md.
type Message struct {
	Campaign       string            `json:"campaign"`
	CampaignID     uint64            `json:"campaign_id,string"`
	MessageID      string            `json:"message_id"`
	Recipient      string            `json:"recipient"`
	Counted        bool              `json:"counted"`
	RegistrationID *string           `json:"registration_id"`
	RegisteredAt   time.Time         `json:"registered_at"`
	SentAt         *time.Time        `json:"sent_at"`
	DeliveredAt    *time.Time        `json:"delivered_at"`
	State          string            `json:"state"`
	Tracking       string            `json:"tracking"`
	Test           bool              `json:"test"`
	URLStyle       string            `json:"url_style"`
	Stratum        string            `json:"stratum"`
	Attributes     map[string]string `json:"attributes"`
	PixelURL       string            `json:"pixel_url"`
}

func newShowCmd(a *app.App) *cobra.Command {
	var dsn, base string
	cmd := &cobra.Command{
		Use:   "show CAMPAIGN RECIPIENT|MESSAGE_ID",
		Short: "Show a registered message with its pixel URL",
		Long: "Shows the stored data of a message, and whether it counts. The pixel URL is recomputed from the keys of this home; it is\n" +
			"empty without a signing key, for a message without a pixel, and for one that an import registered. For a pseudonymous\n" +
			"message, a message id shows no recipient, and a recipient no message id. It changes nothing. glint explain shows the\n" +
			"message's events.",
		Example: "  glint send show spring ada@example.com\n  glint send show spring ada@example.com --format json",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return app.UsageOf(cmd, errors.New("want two arguments, the campaign and a recipient or message id"))
			}
			return nil
		},
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	cmd.Flags().StringVar(&base, "pixel-base-url", "", "URL of the pixel (default: the running glint's)")
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if base != "" {
			if _, err := sends.CheckBaseURL(base); err != nil {
				return app.UsageOf(cmd, fmt.Errorf("--pixel-base-url %w", err))
			}
		}
		m, err := show(cmd.Context(), a, dsn, base, args[0], args[1])
		if err != nil {
			return err
		}
		if format.String() == "json" {
			return output.WriteJSON(a.Out, m)
		}
		return m.table().Print(a.Out)
	}
	return cmd
}

func show(ctx context.Context, a *app.App, dsn, base, name, who string) (*Message, error) {
	s := selection{app: a, campaign: name}
	if _, err := uuid.Parse(who); err == nil {
		s.messages = []string{who}
	} else {
		s.recipients = []string{who}
	}
	w, campaign, err := s.open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Close() }()
	missing := app.Try(errors.New("no such message is registered in campaign "+output.Quote(campaign.Name)), "glint recipients "+output.Quote(campaign.Name))
	ids, _, err := s.find(ctx, w, campaign.ID)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, missing
	}
	sent, complete, found, err := w.RegisteredMessage(ctx, campaign.ID, ids[0])
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, missing
	}
	m := messageOf(&campaign, &sent, complete)
	switch {
	case sent.Tracking != warehouse.Pseudonymous:
		m.PixelURL = pixelURL(a, base, campaign, &sent)
	case len(s.messages) > 0:
		m.Recipient, m.Attributes = "", map[string]string{}
	default:
		m.MessageID = ""
	}
	return m, nil
}

func messageOf(c *warehouse.Campaign, s *warehouse.Send, complete bool) *Message {
	m := &Message{
		Campaign: c.Name, CampaignID: c.ID, MessageID: s.MessageID.String(), Recipient: s.Recipient, Counted: complete && s.Test != warehouse.TestYes,
		RegisteredAt: s.RegisteredAt, State: s.State, Tracking: s.Tracking.String(), Test: s.Test == warehouse.TestYes,
		URLStyle: s.URLStyle, Stratum: s.Stratum, Attributes: s.Attributes,
	}
	if s.Registration != 0 {
		id := strconv.FormatUint(s.Registration, 10)
		m.RegistrationID = &id
	}
	if !s.SentAt.IsZero() {
		m.SentAt = &s.SentAt
	}
	if !s.DeliveredAt.IsZero() {
		m.DeliveredAt = &s.DeliveredAt
	}
	return m
}

// pixelURL recomputes the URL of a message; "" if that is impossible.
func pixelURL(a *app.App, base string, c warehouse.Campaign, s *warehouse.Send) string {
	if base == "" {
		if running, err := a.Running(); err == nil {
			base = running.Pixel
		}
	}
	ring, err := a.Home.Keys()
	if base == "" || err != nil || s.Tracking == warehouse.Aggregate {
		return "" // the URL of a stratum depends on a column of the registered file
	}
	address, err := sends.CheckBaseURL(base)
	if err != nil {
		return ""
	}
	b := &sends.Batch{
		Recipients: &sends.Recipients{Header: []string{"recipient"}, Rows: []sends.Row{{Cells: []string{s.Recipient}, Recipient: s.Recipient, Tracking: s.Tracking}}},
		Campaign:   c, BaseURL: address.URL, Style: sends.StyleToken, Ring: ring,
	}
	if s.URLStyle == warehouse.StyleUUID {
		b.Style = sends.StyleUUID
	}
	if b.Derive() != nil || b.MessageID(0) != s.MessageID {
		return ""
	}
	return b.URL(0)
}

func (m *Message) table() *output.Table {
	t := output.NewTable("FIELD", "VALUE")
	counted := "yes"
	if !m.Counted {
		counted = "no: its registration is not complete, or was revoked"
		if m.Test {
			counted = "no: it is a test"
		}
	}
	registration := "posted"
	if m.RegistrationID != nil {
		registration = *m.RegistrationID
	}
	for _, row := range [][2]string{
		{"campaign", m.Campaign},
		{"message", m.MessageID},
		{"recipient", m.Recipient},
		{"counted", counted},
		{"registration", registration},
		{"registered", output.Time(&m.RegisteredAt)},
		{"sent", output.Time(m.SentAt)},
		{"delivered", output.Time(m.DeliveredAt)},
		{"state", m.State},
		{"tracking", m.Tracking},
		{"URL style", m.URLStyle},
		{"stratum", m.Stratum},
		{"pixel URL", m.PixelURL},
	} {
		if row[1] != "" {
			t.Row(row[0], row[1])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Attributes)) {
		t.Row("attribute "+name, m.Attributes[name])
	}
	return t
}
