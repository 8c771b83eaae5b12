package send

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

// Registration is a line of glint send list. It is a contract, described in
// cli/JSON.md.
type Registration struct {
	Campaign       string     `json:"campaign"`
	CampaignID     uint64     `json:"campaign_id,string"`
	RegistrationID string     `json:"registration_id" table:"REGISTRATION"`
	State          string     `json:"state"`
	StartedAt      time.Time  `json:"started_at"`
	CompletedAt    *time.Time `json:"completed_at"`
	FileRows       *uint64    `json:"file_rows"`
	Messages       uint64     `json:"messages"`
}

// stateNames maps the states of a registration to words.
var stateNames = map[string]string{"started": "interrupted or running", "complete": "complete", "superseded": "superseded or revoked"}

func newListCmd(a *app.App) *cobra.Command {
	var dsn, campaign string
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the registrations of messages, the latest first",
		Long: "Lists the registrations with their times: one line for each file, and one line for all messages that were posted or\n" +
			"imported individually. The messages of a registration count once it is complete. It changes nothing.",
		Example: "  glint send list\n  glint send list --campaign spring --format json",
		Args:    app.NoArgs,
	}
	format := app.ChoiceFlag(cmd, "format", "output format", "table", "json", "csv")
	cmd.Flags().StringVar(&campaign, "campaign", "", "only registrations of this campaign")
	cmd.Flags().IntVar(&limit, "limit", 100, "maximum number of registrations")
	app.WarehouseFlag(cmd, &dsn)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if limit < 1 {
			return app.UsageOf(cmd, errors.New("--limit is below 1"))
		}
		return list(cmd.Context(), a, dsn, campaign, limit, format.String())
	}
	return cmd
}

func list(ctx context.Context, a *app.App, dsn, campaign string, limit int, format string) error {
	w, err := a.OpenWarehouse(ctx, dsn, app.OwnDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	var id uint64
	if campaign != "" {
		c, err := w.CampaignNamed(ctx, campaign)
		if errors.Is(err, warehouse.ErrNoCampaign) {
			return a.NoCampaign(ctx, w, campaign)
		}
		if err != nil {
			return err
		}
		id = c.ID
	}
	all, err := w.Registrations(ctx, id, limit)
	if err != nil {
		return err
	}
	rows := make([]Registration, len(all))
	for i, r := range all {
		rows[i] = Registration{Campaign: r.Campaign, CampaignID: r.CampaignID, RegistrationID: "posted", State: stateNames[r.State], StartedAt: r.StartedAt, Messages: r.Messages}
		if format != "table" {
			rows[i].State = r.State
		}
		if r.ID != 0 {
			rows[i].RegistrationID, rows[i].FileRows = strconv.FormatUint(r.ID, 10), &r.FileRows
		}
		if !r.CompletedAt.IsZero() {
			rows[i].CompletedAt = &r.CompletedAt
		}
	}
	return output.WriteRows(a.Out, format, rows, "campaign_id")
}
