package campaign

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

// Details is the answer of glint campaign show. It is a contract, described in
// cli/JSON.md.
type Details struct {
	Campaign       string     `json:"campaign"`
	CampaignID     uint64     `json:"campaign_id,string"`
	CreatedAt      time.Time  `json:"created_at"`
	Subject        string     `json:"subject"`
	Variant        string     `json:"variant"`
	Tracking       string     `json:"tracking"`
	Archived       bool       `json:"archived"`
	SentKnown      bool       `json:"sent_known"`
	Messages       uint64     `json:"messages"`
	Opens          uint64     `json:"opens"`
	AggregateOpens uint64     `json:"aggregate_opens"`
	Deliveries     uint64     `json:"deliveries"`
	Registrations  int        `json:"registrations"`
	LastRegistered *time.Time `json:"last_registered_at"`
}

// mostRegistrations is the maximum number of registrations that are counted.
const mostRegistrations = 100_000

func newShowCmd(a *app.App) *cobra.Command {
	var dsn string
	cmd := &cobra.Command{
		Use:     "show CAMPAIGN",
		Short:   "Show a campaign's properties and the amount of its data",
		Long:    "Shows the campaign's id, texts and maximum tracking mode, and counts its data: messages, opens with and without a message,\nother events. It changes nothing. glint report prints the rates.",
		Example: "  glint campaign show spring\n  glint campaign show spring --format json",
		Args:    app.OneArg("campaign's name"),
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json")
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		w, c, err := open(cmd.Context(), a, dsn, args[0])
		if err != nil {
			return err
		}
		defer func() { _ = w.Close() }()
		d, err := details(cmd.Context(), w, c)
		if err != nil {
			return err
		}
		if format.String() == "json" {
			return output.WriteJSON(a.Out, d)
		}
		return d.table().Print(a.Out)
	}
	return cmd
}

// open returns the warehouse and the campaign of that name.
func open(ctx context.Context, a *app.App, dsn, name string) (*warehouse.Warehouse, warehouse.Campaign, error) {
	w, err := a.OpenWarehouse(ctx, dsn, app.OwnDatabase)
	if err != nil {
		return nil, warehouse.Campaign{}, err
	}
	c, err := w.CampaignNamed(ctx, name)
	if errors.Is(err, warehouse.ErrNoCampaign) {
		err = a.NoCampaign(ctx, w, name)
	}
	if err != nil {
		_ = w.Close()
		return nil, c, err
	}
	return w, c, nil
}

func details(ctx context.Context, w *warehouse.Warehouse, c warehouse.Campaign) (*Details, error) {
	rows, err := w.CampaignRows(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	registrations, err := w.Registrations(ctx, c.ID, mostRegistrations)
	if err != nil {
		return nil, err
	}
	d := &Details{
		Campaign: c.Name, CampaignID: c.ID, CreatedAt: c.CreatedAt, Subject: c.Subject, Variant: c.Variant, Tracking: c.Tracking.String(),
		Archived: c.Archived, SentKnown: c.SentKnown, Messages: rows.Messages, Opens: rows.Opens, AggregateOpens: rows.AggregateOpens,
		Deliveries: rows.Deliveries, Registrations: len(registrations),
	}
	for i := range registrations {
		at := registrations[i].StartedAt
		if registrations[i].ID == 0 {
			at = registrations[i].CompletedAt
		}
		if d.LastRegistered == nil || at.After(*d.LastRegistered) {
			d.LastRegistered = &at
		}
	}
	return d, nil
}

func (d *Details) table() *output.Table {
	word := map[bool]string{true: "yes", false: "no"}
	t := output.NewTable("FIELD", "VALUE")
	for _, row := range [][2]string{
		{"campaign", d.Campaign},
		{"id", output.Plain(id(d.CampaignID))},
		{"created", output.Time(&d.CreatedAt)},
		{"subject", d.Subject},
		{"variant", d.Variant},
		{"tracking at most", d.Tracking},
		{"archived", word[d.Archived]},
		{"number sent is known", word[d.SentKnown]},
		{"messages", output.Count(d.Messages)},
		{"opens of messages", output.Count(d.Opens)},
		{"opens of none", output.Count(d.AggregateOpens)},
		{"other events", output.Count(d.Deliveries)},
		{"registrations", output.Count(uint64(d.Registrations))},
		{"last registered", output.Time(d.LastRegistered)},
	} {
		if row[1] != "" {
			t.Row(row[0], row[1])
		}
	}
	return t
}
