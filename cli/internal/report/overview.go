package report

import (
	"context"
	"fmt"
	"time"

	"glint/ingest/warehouse"
)

// DoctorCampaign is the campaign of the test opens of `glint doctor`; DemoCampaign
// is that of `glint up --demo`. Lists omit both unless all campaigns are requested.
const (
	DoctorCampaign = "glint-doctor"
	DemoCampaign   = "demo"
)

// Listed returns the campaigns of all that a list shows, in their order: without
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

// NotInTables are the columns of Line that a table omits.
var NotInTables = []string{"campaign_id", "subject", "variant", "archived", "delivered", "measured"}

// Overview returns a line for each campaign.
func Overview(ctx context.Context, w *warehouse.Warehouse, campaigns []warehouse.Campaign) (lines []Line, err error) {
	for i := range campaigns {
		l, err := lineOf(ctx, w, campaigns[i].ID)
		if err != nil {
			return nil, err
		}
		lines = append(lines, NewLine(&campaigns[i], &l))
	}
	return lines, nil
}

// NewLine returns the line of a campaign with these counts.
func NewLine(c *warehouse.Campaign, l *warehouse.CampaignLine) Line {
	return Line{
		c.Name, c.ID, c.CreatedAt, c.Subject, c.Variant, c.Archived, l.Sends, l.Delivered, l.Measured, l.ReliableUniqueOpens, l.Rate, l.Low, l.High,
	}
}

// lineOf returns the counts of a campaign from its report.
func lineOf(ctx context.Context, w *warehouse.Warehouse, id uint64) (line warehouse.CampaignLine, err error) {
	r, err := w.ReportOfID(ctx, id, false)
	if err != nil {
		return line, fmt.Errorf("report on campaign %d: %w", id, err)
	}
	overall := r.Estimate("overall")
	return warehouse.CampaignLine{
		Campaign: r.Campaign, Sends: r.Sends, Delivered: r.Delivered, Measured: r.Measured, ReliableUniqueOpens: r.ReliableUniqueOpens,
		Rate: overall.Rate, Low: overall.Low, High: overall.High,
	}, nil
}
