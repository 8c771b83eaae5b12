package report

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

// DoctorCampaign is the campaign of the test opens of `glint doctor`; DemoCampaign
// is the made-up one. Lists leave both out unless they are asked for.
const (
	DoctorCampaign = "glint-doctor"
	DemoCampaign   = "demo"
)

// Listed returns the campaigns that a list shows, of all in their order: not the
// archived ones, the demo's and the doctor's.
func Listed(all []warehouse.Campaign) (listed []warehouse.Campaign) {
	for _, c := range all {
		if !c.Archived && c.Name != DoctorCampaign && c.Name != DemoCampaign {
			listed = append(listed, c)
		}
	}
	return listed
}

// Overview returns a line for each campaign: its counts and the estimate to quote.
func Overview(ctx context.Context, w *warehouse.Warehouse, campaigns []warehouse.Campaign, zone *time.Location) (*output.Rows, error) {
	rows := output.NewRows(zone, "campaign", "created_at", "sends", "reliable_unique_opens", "open_rate", "low", "high", "campaign_id")
	for _, c := range campaigns {
		id := strconv.FormatUint(c.ID, 10)
		r, err := w.ReportOfID(ctx, c.ID)
		if err != nil {
			return nil, fmt.Errorf("report on campaign %s: %w", id, err)
		}
		overall := r.Estimate("overall")
		rows.Add(c.Name, c.CreatedAt, r.Sends, r.ReliableUniqueOpens, overall.Rate, overall.Low, overall.High, id)
	}
	return rows, nil
}
