package report

import (
	"context"
	"io"
	"time"

	"glint/cli/internal/app"
	"glint/cli/internal/output"
	"glint/ingest/warehouse"
)

// trendPoint is the JSON form of a campaign of a trend: a contract, described in
// cli/JSON.md.
type trendPoint struct {
	Campaign            string    `json:"campaign"`
	CampaignID          uint64    `json:"campaign_id,string"`
	StartsAt            time.Time `json:"starts_at"`
	Delivered           uint64    `json:"delivered"`
	Measured            uint64    `json:"measured"`
	ReliableUniqueOpens uint64    `json:"reliable_unique_opens"`
	Clicked             uint64    `json:"clicked"`
	Rate                *float64  `json:"rate"`
	Low                 *float64  `json:"low"`
	High                *float64  `json:"high"`
}

func trend(ctx context.Context, o *Options) error {
	w, err := o.App.OpenWarehouse(ctx, o.DSN, app.ReadViews)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	now := time.Now()
	points, err := w.Trend(ctx, now.Add(-o.Since), now.Add(time.Hour)) // the clock of the machine that registered may be ahead
	if err != nil {
		return err
	}
	if o.Format == "json" {
		list := []trendPoint{}
		for _, p := range points {
			list = append(list, trendPoint{
				p.Campaign, p.CampaignID, p.StartsAt, p.Delivered, p.Measured, p.ReliableUniqueOpens, p.Clicked, p.Rate, p.Low, p.High,
			})
		}
		e := output.NewJSON(o.App.Out)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	return writeTrend(o.App.Out, points)
}

func writeTrend(w io.Writer, points []warehouse.TrendPoint) error {
	t := output.NewTable("BEGAN", "CAMPAIGN", "DELIVERED", "MEASURED", "OPENED", "RATE", "RANGE", "CLICKED").AlignRight(2, 3, 4, 5, 7)
	for _, p := range points {
		reach := output.Percent(nil)
		if p.Low != nil && p.High != nil {
			reach = output.Percent(p.Low) + " … " + output.Percent(p.High)
		}
		t.Row(p.StartsAt.UTC().Format(time.DateOnly), p.Campaign, output.Count(p.Delivered), output.Count(p.Measured),
			output.Count(p.ReliableUniqueOpens), output.Percent(p.Rate), reach, output.Count(p.Clicked))
	}
	return t.Write(w)
}

// cohort is the JSON form of a cohort of recency: a contract, described in
// cli/JSON.md.
type cohort struct {
	Cohort     string   `json:"cohort"`
	WithinDays *uint64  `json:"within_days"`
	Recipients uint64   `json:"recipients"`
	Share      *float64 `json:"share"`
}

func recency(ctx context.Context, o *Options) error {
	w, err := o.App.OpenWarehouse(ctx, o.DSN, app.ReadViews)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	found, err := w.Recency(ctx)
	if err != nil {
		return err
	}
	all := uint64(0)
	for _, c := range found {
		all += c.Recipients
	}
	list := []cohort{}
	for _, c := range found {
		form := cohort{Cohort: c.Name, Recipients: c.Recipients}
		if c.WithinDays > 0 {
			form.WithinDays = &c.WithinDays
		}
		if all > 0 {
			share := float64(c.Recipients) / float64(all)
			form.Share = &share
		}
		list = append(list, form)
	}
	if o.Format == "json" {
		e := output.NewJSON(o.App.Out)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	t := output.NewTable("LAST OPEN", "RECIPIENTS", "SHARE").AlignRight(1, 2)
	for _, c := range list {
		t.Row(c.Cohort, output.Count(c.Recipients), output.Percent(c.Share))
	}
	return t.Write(o.App.Out)
}
