package report

import (
	"context"
	"fmt"
	"time"

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

// Line is a campaign in a list: its counts and the estimate to quote. It is a
// contract, described in cli/JSON.md.
type Line struct {
	Campaign            string    `json:"campaign"`
	CampaignID          uint64    `json:"campaign_id,string"`
	CreatedAt           time.Time `json:"created_at" layout:"2006-01-02"`
	Subject             string    `json:"subject"`
	Variant             string    `json:"variant"`
	Archived            bool      `json:"archived"`
	Sends               uint64    `json:"sends"`
	Delivered           uint64    `json:"delivered"`
	Measured            uint64    `json:"measured"`
	ReliableUniqueOpens uint64    `json:"reliable_unique_opens" table:"RELIABLE"`
	OpenRate            *float64  `json:"open_rate" layout:"percent"`
	Low                 *float64  `json:"low" layout:"percent"`
	High                *float64  `json:"high" layout:"percent"`
}

// NotInTables are the columns of Line that a table leaves out.
var NotInTables = []string{"campaign_id", "subject", "variant", "archived", "delivered", "measured"}

// Overview returns a line for each campaign.
func Overview(ctx context.Context, w *warehouse.Warehouse, campaigns []warehouse.Campaign) (lines []Line, err error) {
	for _, c := range campaigns {
		r, err := w.ReportOfID(ctx, c.ID, false)
		if err != nil {
			return nil, fmt.Errorf("report on campaign %d: %w", c.ID, err)
		}
		overall := r.Estimate("overall")
		lines = append(lines, Line{
			c.Name, c.ID, c.CreatedAt, c.Subject, c.Variant, c.Archived, r.Sends, r.Delivered, r.Measured, r.ReliableUniqueOpens,
			overall.Rate, overall.Low, overall.High,
		})
	}
	return lines, nil
}
